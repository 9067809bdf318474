"""Multipart replies: parts, their headers, false boundaries, every split of the bytes, and the cap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framings import CUTS, assert_splits_change_nothing, frames_of, peak_bytes
from modelscan.contracts.http import Frame, Framing
from modelscan.errors import DecodeError
from modelscan.wire.multipart import MultipartMixed, boundary_of

PART = b"--b\r\nContent-Type: application/json\r\nX-Id: 1\r\n\r\n{}\r\n"
PIECES = [b"--b", b"--", b"-", b"\r\n", b"\r", b"\n", b" ", b"b", b"A: 1", b"x", PART, b"\r\n--b--", b"\r\n\r\n"]
STREAMS = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


def parts(stream: bytes) -> list[Frame]:
    """The parts of a whole stream that ends as it should."""
    frames, error = frames_of(MultipartMixed("b"), [stream])
    assert error == ""
    return frames


def test_it_is_a_framing() -> None:
    assert isinstance(MultipartMixed("b"), Framing)


def test_a_part_has_headers_and_bytes() -> None:
    headers = (("content-type", "application/json"), ("x-id", "1"))
    assert parts(PART + PART + b"--b--\r\n") == [Frame(b"{}", headers=headers)] * 2


def test_what_stands_before_the_first_part_and_after_the_last_is_dropped() -> None:
    assert parts(b"preamble --b\r\n\r\n" + PART + b"--b--epilogue\r\n" + PART)[0].data == b"{}"
    assert len(parts(b"preamble\r\n" + PART + b"--b--epilogue\r\n" + PART)) == 1


def test_a_part_may_lack_headers_or_a_body_or_both() -> None:
    assert parts(b"--b\r\n\r\nx\r\n--b\r\nA: 1\r\n\r\n\r\n--b\r\nA: 2\r\n\r\n--b\r\n\r\n\r\n--b--") == [
        Frame(b"x"),
        Frame(b"", headers=(("a", "1"),)),
        Frame(b"", headers=(("a", "2"),)),
        Frame(b""),
    ]


def test_a_header_may_go_on_in_the_next_line() -> None:
    assert parts(b"--b\r\nA: 1;\r\n\t2\r\nB: 3;\r\n 4\r\n\r\n\r\n--b--")[0].headers == (("a", "1; 2"), ("b", "3; 4"))


@pytest.mark.parametrize(
    "body", [b"--b", b"x--b\r\n", b"\n--b\n", b"\r\n--bc\r\n", b"\r\n--b x", b"\r\n-- b", b"\r", b"\r\n"]
)
def test_bytes_that_only_look_like_a_boundary_belong_to_the_body(body: bytes) -> None:
    assert parts(b"--b\r\n\r\n." + body + b"\r\n--b--") == [Frame(b"." + body)]


def test_white_space_after_a_boundary_is_allowed_within_reason() -> None:
    assert parts(b"--b \t\r\n\r\nx\r\n--b  \r\n\r\ny\r\n--b--") == [Frame(b"x"), Frame(b"y")]
    assert parts(b"--b\r\n\r\nx\r\n--b" + b" " * 65 + b"\r\n--b--") == [Frame(b"x\r\n--b" + b" " * 65)]


def test_a_part_is_given_when_the_boundary_after_it_is_certain() -> None:
    framing = MultipartMixed("b")
    assert framing.feed(PART + b"--b") == []
    assert [frame.data for frame in framing.feed(b"\r\n")] == [b"{}"]


@pytest.mark.parametrize("stream", [b"", b"--b", PART, PART + b"--b", PART + b"--b\r\nA: 1\r\n"])
def test_a_body_without_its_last_boundary_was_cut(stream: bytes) -> None:
    assert frames_of(MultipartMixed("b"), [stream])[1] == "StreamCutError: the stream ended before its last part did"


def test_a_header_without_a_colon_is_an_error_after_the_parts_before_it() -> None:
    frames, error = frames_of(MultipartMixed("b"), [PART + b"--b\r\nnonsense\r\n\r\n\r\n--b--"])
    assert [frame.data for frame in frames] == [b"{}"]
    assert error == "DecodeError: a part of the reply has a header without a colon: 'nonsense'"


def test_parts_of_exactly_the_cap_pass_and_longer_ones_do_not() -> None:
    assert frames_of(MultipartMixed("b", 4), [b"--b\r\n\r\n1234\r\n--b--"]) == ([Frame(b"1234")], "")
    too_long: tuple[list[Frame], str] = ([], "DecodeError: a part of the reply is longer than 4 bytes")
    assert frames_of(MultipartMixed("b", 4), [b"--b\r\n\r\n12345\r\n--b--"]) == too_long
    assert frames_of(MultipartMixed("b", 4), [b"--b\r\nA: 12345"]) == too_long


@given(
    st.lists(st.tuples(st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), st.just("v")), st.binary())), CUTS
)
def test_every_part_written_is_read(written: list[tuple[dict[str, str], bytes]], cuts: list[int]) -> None:
    stream = b""
    for headers, body in written:
        lines = "".join(f"{name.title()}: {value}\r\n" for name, value in headers.items())
        stream += b"--a b\r\n" + lines.encode() + b"\r\n" + body + b"\r\n"
    framing = MultipartMixed(boundary_of('multipart/mixed; boundary="a b"'))
    expected = [Frame(body, headers=tuple(headers.items())) for headers, body in written]
    assert frames_of(framing, [stream + b"--a b--\r\n"]) == (expected, "")


@given(STREAMS | STREAMS.map(lambda rest: PART + rest) | st.binary(), CUTS, st.sampled_from([3, 60, 999]))
def test_any_split_of_the_bytes_gives_the_same_frames(stream: bytes, cuts: list[int], cap: int) -> None:
    assert_splits_change_nothing(lambda: MultipartMixed("b", cap), stream, cuts)


@pytest.mark.parametrize("piece", [b"x", b"\r\n--", b"\r\n--b ", PART[:-4]])
def test_a_stream_without_an_end_can_not_fill_the_memory(piece: bytes) -> None:
    assert peak_bytes(MultipartMixed("b", 1000), piece) < 300_000


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/mixed; boundary=abc", "abc"),
        ('multipart/mixed;charset=x; BOUNDARY = "a b;c"; x=y', "a b;c"),
        ("multipart/mixed; boundary=abc;x=y", "abc"),
    ],
)
def test_the_boundary_is_found_in_the_content_type(content_type: str, boundary: str) -> None:
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize("content_type", ["", "multipart/mixed", "multipart/mixed; boundary=", "x/y; noboundary=a"])
def test_a_content_type_without_a_boundary_is_an_error(content_type: str) -> None:
    with pytest.raises(DecodeError, match="names no boundary"):
        boundary_of(content_type)
