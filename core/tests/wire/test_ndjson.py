"""Newline-delimited JSON: lines, blank lines, every split of the bytes, and the cap."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framings import CUTS, assert_splits_change_nothing, frames_of, peak_bytes
from modelscan.contracts.http import Frame, Framing
from modelscan.wire.ndjson import NdJson

TEXT = st.text(max_size=5)
JSON = st.none() | st.integers() | TEXT | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3)


def test_it_is_a_framing() -> None:
    assert isinstance(NdJson(), Framing)


@given(st.lists(JSON, max_size=5), st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
def test_every_value_written_is_read(values: list[object], end: bytes) -> None:
    stream = b"".join(json.dumps(value, ensure_ascii=False).encode() + end for value in values)
    frames, error = frames_of(NdJson(), [stream])
    assert ([json.loads(frame.data) for frame in frames], error) == (values, "")


def test_a_line_is_given_as_soon_as_it_ends() -> None:
    framing = NdJson()
    assert framing.feed(b'{"a"') == []
    assert framing.feed(b': 1}\n{"b') == [Frame(b'{"a": 1}')]


def test_the_last_line_needs_no_end_and_blank_lines_are_nothing() -> None:
    assert frames_of(NdJson(), [b"\n \r\n1\n\n\t2 "]) == ([Frame(b"1"), Frame(b"2")], "")


def test_a_line_of_exactly_the_cap_passes_and_a_longer_one_is_an_error_after_the_lines_before_it() -> None:
    assert frames_of(NdJson(3), [b"123\n123"]) == ([Frame(b"123"), Frame(b"123")], "")
    expected = ([Frame(b"1")], "DecodeError: a line of the stream is longer than 3 bytes")
    assert frames_of(NdJson(3), [b"1\n1234\n5\n"]) == expected
    assert frames_of(NdJson(3), [b"1\n1234"]) == expected


@given(
    st.lists(st.sampled_from([b"\n", b"\r", b" ", b"12", b"x", b"\xff"])).map(b"".join), CUTS, st.sampled_from([3, 99])
)
def test_any_split_of_the_bytes_gives_the_same_frames(stream: bytes, cuts: list[int], cap: int) -> None:
    assert_splits_change_nothing(lambda: NdJson(cap), stream, cuts)


@pytest.mark.parametrize("piece", [b"x", b" ", b"\n", b"1\n"])
def test_a_stream_without_an_end_can_not_fill_the_memory(piece: bytes) -> None:
    assert peak_bytes(NdJson(1000), piece) < 300_000
