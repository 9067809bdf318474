"""The binary event stream of AWS.

The messages are written here from the documented layout (Smithy's event stream specification, the Amazon Transcribe
developer guide), by a writer that shares nothing with the reader.
"""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_stream_writer import header, message, text
from framings import CUTS, assert_splits_change_nothing, frames_of, peak_bytes
from modelscan.contracts.http import Frame, Framing
from modelscan.wire.event_stream import EventStream

EVENT = message(text(":message-type", "event") + text(":event-type", "contentBlockDelta"), b'{"delta":{"text":"Hi"}}')
MESSAGES = st.lists(
    st.builds(
        message,
        st.lists(st.builds(text, st.sampled_from(["a", ":event-type"]), st.text(max_size=5))).map(b"".join),
        st.binary(),
    ),
    max_size=5,
)


def test_it_is_a_framing() -> None:
    assert isinstance(EventStream(), Framing)


def test_the_smallest_message_is_sixteen_bytes() -> None:
    assert message().hex() == "000000100000000005c248eb7d98c8ff"
    assert frames_of(EventStream(), [message()]) == ([Frame(b"")], "")


def test_a_message_has_headers_a_payload_and_an_event_type() -> None:
    headers = ((":message-type", "event"), (":event-type", "contentBlockDelta"))
    expected = Frame(b'{"delta":{"text":"Hi"}}', event="contentBlockDelta", headers=headers)
    assert frames_of(EventStream(), [EVENT * 2]) == ([expected, expected], "")


@pytest.mark.parametrize(
    ("headers", "event"),
    [
        (text(":message-type", "exception") + text(":exception-type", "throttlingException"), "throttlingException"),
        (text(":message-type", "error") + text(":error-code", "InternalError"), "InternalError"),
        (text(":event-type", "chunk"), "chunk"),
        (text(":message-type", "event"), ""),
        (text(":message-type", "other") + text(":event-type", "chunk"), ""),
    ],
)
def test_the_event_of_a_frame_says_what_the_message_is(headers: bytes, event: str) -> None:
    assert frames_of(EventStream(), [message(headers, b"{}")])[0][0].event == event


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (0, b"", "true"),
        (1, b"", "false"),
        (2, b"\xff", "-1"),
        (3, b"\x01\x00", "256"),
        (4, b"\xff\xff\xff\xfe", "-2"),
        (5, b"\x7f" + b"\xff" * 7, "9223372036854775807"),
        (6, b"\x00\x03\x00\x01\xff", "AAH/"),
        (7, b"\x00\x03\xe2\x82\xac", "€"),
        (8, struct.pack(">q", 1_700_000_000_123), "2023-11-14T22:13:20.123+00:00"),
        (8, struct.pack(">q", -1), "1969-12-31T23:59:59.999+00:00"),
        (9, bytes(range(16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    ],
)
def test_a_header_of_every_type_is_read_as_text(kind: int, value: bytes, expected: str) -> None:
    stream = message(header("h", kind, value) + text("next", "x"))
    assert frames_of(EventStream(), [stream])[0][0].headers == (("h", expected), ("next", "x"))


@pytest.mark.parametrize(
    "headers",
    [
        header("h", 10, b""),
        header("h", 4, b"\0\0"),
        header("h", 7, b"\x00\x05abc"),
        header("h", 7, b"\x00\x01\xff"),
        header("h", 6, b"\x00"),
        header("h", 8, struct.pack(">q", 2**62)),
        header("h", 9, b"short"),
        b"\x05ab",
        b"\x01h",
        b"\x01",
    ],
)
def test_a_broken_header_is_an_error(headers: bytes) -> None:
    assert frames_of(EventStream(), [message(headers, b"{}")])[1].startswith("DecodeError: a message's headers")


@pytest.mark.parametrize(
    ("at", "error"),
    [(0, "prelude"), (7, "prelude"), (11, "prelude"), (20, "a message doesn't"), (-1, "a message doesn't")],
)
def test_a_byte_that_changed_on_the_way_is_an_error_after_the_messages_before_it(at: int, error: str) -> None:
    broken = bytearray(EVENT)
    broken[at] ^= 1
    frames, text_of_error = frames_of(EventStream(), [EVENT + broken + EVENT])
    assert len(frames) == 1
    assert error in text_of_error


@pytest.mark.parametrize("headers_length", [1, 2**17 + 1, 2**32 - 1])
def test_headers_longer_than_the_message_or_the_format_allows_are_an_error(headers_length: int) -> None:
    stream = message(headers_length=headers_length)
    assert frames_of(EventStream(), [stream])[1].startswith("DecodeError: a message of 16 bytes can't")


def test_a_length_below_the_smallest_is_an_error() -> None:
    prelude = struct.pack(">II", 15, 0)
    assert "can't have" in frames_of(EventStream(), [prelude + struct.pack(">I", zlib.crc32(prelude))])[1]


def test_a_message_above_the_cap_is_refused_at_its_prelude() -> None:
    assert len(frames_of(EventStream(len(EVENT)), [EVENT])[0]) == 1
    error = frames_of(EventStream(len(EVENT) - 1), [EVENT[:12]])[1]
    assert error == f"DecodeError: a message of {len(EVENT)} bytes is longer than {len(EVENT) - 1}"


@pytest.mark.parametrize("size", [1, 12, len(EVENT) - 1])
def test_a_stream_that_ends_in_a_message_was_cut(size: int) -> None:
    frames, error = frames_of(EventStream(), [EVENT + EVENT[:size]])
    assert len(frames) == 1
    assert error == f"StreamCutError: the stream ended {size} bytes into a message"


@given(MESSAGES.map(b"".join) | st.binary(), st.binary(max_size=20), CUTS, st.sampled_from([40, 9999]))
def test_any_split_of_the_bytes_gives_the_same_frames(stream: bytes, tail: bytes, cuts: list[int], cap: int) -> None:
    assert_splits_change_nothing(lambda: EventStream(cap), stream + tail, cuts)


def test_a_long_stream_does_not_fill_the_memory() -> None:
    assert peak_bytes(EventStream(), message(payload=b"x" * 100)) < 300_000


def test_a_message_that_never_ends_holds_no_more_than_the_cap() -> None:
    framing = EventStream(10_000)
    framing.feed(message(payload=b"x" * 9_000)[:5_000])
    assert peak_bytes(framing, b"x") < 300_000
