"""Gemini's files, as a proof of the contracts: a resumable upload, a wait, and then the answer."""
