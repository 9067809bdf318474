"""The laws that every framing keeps, for the tests of each."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import pairwise

from hypothesis import strategies as st

from modelscan.contracts.http import Frame, Framing
from modelscan.errors import ReplyError

CUTS = st.lists(st.integers(0, 300), max_size=20)
"""Places at which to split a stream; those past its end are harmless."""


def frames_of(framing: Framing, pieces: Iterable[bytes]) -> tuple[list[Frame], str]:
    """What a framing gives for these pieces, and the error that ended it (its class and text), if one did."""
    frames: list[Frame] = []
    try:
        for piece in pieces:
            frames += framing.feed(piece)
        frames += framing.finish()
    except ReplyError as error:
        return frames, f"{type(error).__name__}: {error.message}"
    return frames, ""


def split(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    """The stream in pieces, some of which may be empty."""
    return [stream[start:end] for start, end in pairwise([0, *sorted(cuts), len(stream)])]


def assert_splits_change_nothing(make: Callable[[], Framing], stream: bytes, cuts: Iterable[int]) -> None:
    """The stream as a whole, in these pieces and byte by byte gives the same frames and the same end."""
    whole = frames_of(make(), [stream])
    assert frames_of(make(), split(stream, cuts)) == whole
    assert frames_of(make(), [stream[at : at + 1] for at in range(len(stream))]) == whole


def peak_bytes(framing: Framing, pattern: bytes) -> int:
    """How much memory a framing holds at most, its frames aside, while it is fed a megabyte in pieces of 2 kB."""
    piece = pattern * (2000 // len(pattern))
    tracemalloc.start()
    try:
        with suppress(ReplyError):
            for _ in range(500):
                framing.feed(piece)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
