"""Deepgram live, as a proof of the contracts: a websocket that is kept alive, and drained at its end."""
