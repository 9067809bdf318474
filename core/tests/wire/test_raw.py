"""Raw bytes: every piece is a frame."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from framings import CUTS, frames_of, split
from modelscan.contracts.http import Framing
from modelscan.wire.raw import Raw


def test_it_is_a_framing() -> None:
    assert isinstance(Raw(), Framing)


@given(st.binary(), CUTS)
def test_the_frames_are_the_pieces_and_joined_they_are_the_body(stream: bytes, cuts: list[int]) -> None:
    pieces = split(stream, cuts)
    frames, error = frames_of(Raw(), pieces)
    assert [frame.data for frame in frames] == [piece for piece in pieces if piece]
    assert not error
