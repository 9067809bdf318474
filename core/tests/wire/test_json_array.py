"""A streamed JSON array: elements of every kind, broken arrays, every split of the bytes, and the cap."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framings import CUTS, assert_splits_change_nothing, frames_of, peak_bytes
from modelscan.contracts.http import Frame, Framing
from modelscan.wire.json_array import JsonArray

TEXT = st.text(st.sampled_from('a"\\[]{},:€ \n'), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)
PIECES = st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b",", b" ", b"\n", b"1", b"tru", b"\xff"]))


def test_it_is_a_framing() -> None:
    assert isinstance(JsonArray(), Framing)


@given(st.lists(JSON), st.sampled_from([None, 0, 2]), st.booleans())
def test_every_element_written_is_read(values: list[object], indent: int | None, escapes: bool) -> None:
    stream = json.dumps(values, indent=indent, ensure_ascii=escapes).encode() + b"\n"
    frames, error = frames_of(JsonArray(), [stream])
    assert ([json.loads(frame.data) for frame in frames], error) == (values, "")


def test_an_element_is_given_at_its_last_byte() -> None:
    framing = JsonArray()
    assert framing.feed(b'[{"a": "]}') == []
    assert framing.feed(b'\\"') == []
    assert framing.feed(b'"}') == [Frame(b'{"a": "]}\\""}')]
    assert framing.feed(b",\r\n[1, [2]]") == [Frame(b"[1, [2]]")]
    assert framing.feed(b", 12") == []
    assert framing.feed(b"3]") == [Frame(b"123")]
    assert framing.finish() == []


@pytest.mark.parametrize(
    "stream",
    [b'{"error": {}}', b"<html>", b"[,1]", b"[1,]", b"[1 2]", b"[1]]", b"[1],", b"[}", b"[1}", b"[:", b"\0"],
)
def test_what_is_not_an_array_is_an_error(stream: bytes) -> None:
    frames, error = frames_of(JsonArray(), [stream])
    assert error.startswith(("DecodeError", "StreamCutError"))
    assert len(frames) <= 1


def test_what_is_wrong_inside_an_element_is_for_its_reader_to_find() -> None:
    assert frames_of(JsonArray(), [b"[1}, {]]"]) == ([Frame(b"1}"), Frame(b"{]")], "")


@pytest.mark.parametrize("stream", [b"", b"  ", b"[", b"[1", b"[1,", b'[{"a": 1}', b'[{"a": "', b'["\\'])
def test_an_array_without_its_end_was_cut(stream: bytes) -> None:
    assert frames_of(JsonArray(), [stream])[1] == "StreamCutError: the stream ended before its array did"


def test_the_elements_before_an_error_are_given_first() -> None:
    framing = JsonArray()
    assert framing.feed(b"[{}, {} {}]") == [Frame(b"{}"), Frame(b"{}")]
    assert frames_of(framing, [b""]) == ([], "DecodeError: the stream isn't an array of JSON: unexpected b'{'")


def test_an_element_of_exactly_the_cap_passes_and_a_longer_one_does_not() -> None:
    assert frames_of(JsonArray(4), [b"[1234, {  }]"]) == ([Frame(b"1234"), Frame(b"{  }")], "")
    message = "DecodeError: an element of the array is longer than 4 bytes"
    assert frames_of(JsonArray(4), [b"[1, 12345]"]) == ([Frame(b"1")], message)
    assert frames_of(JsonArray(4), [b"[1, {    "]) == ([Frame(b"1")], message)


@given(
    PIECES.map(b"".join) | PIECES.map(lambda pieces: b"[" + b"".join(pieces)) | st.binary(),
    CUTS,
    st.sampled_from([3, 99]),
)
def test_any_split_of_the_bytes_gives_the_same_frames(stream: bytes, cuts: list[int], cap: int) -> None:
    assert_splits_change_nothing(lambda: JsonArray(cap), stream, cuts)


@pytest.mark.parametrize("piece", [b"[", b'["', b" ", b"[1"])
def test_a_stream_without_an_end_can_not_fill_the_memory(piece: bytes) -> None:
    assert peak_bytes(JsonArray(1000), piece) < 300_000
