"""Counts tokens as OpenAI's models do, with tiktoken and without a network.

    pip install modelscan-tokenizer-tiktoken

The first count of a vocabulary loads it, which takes some tenths of a second: `count("", model)` on a thread does it
ahead of the calls.
"""

from __future__ import annotations

from modelscan.hookspecs import hookimpl
from modelscan_tokenizer_tiktoken.tokenizer import Tiktoken

__all__ = ["Tiktoken", "modelscan_tokenizer"]


@hookimpl
def modelscan_tokenizer() -> Tiktoken:
    """The tokenizer named `tiktoken`."""
    return Tiktoken()
