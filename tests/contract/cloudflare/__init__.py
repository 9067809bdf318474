"""Cloudflare Workers AI, as a proof of the contracts: an account in the address, an envelope around everything."""
