"""Sends ModelScan's requests with aiohttp."""
