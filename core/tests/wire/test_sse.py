"""Server-sent events: the standard's rules, every split of the bytes, and the cap."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from framings import CUTS, assert_splits_change_nothing, frames_of, peak_bytes
from modelscan.contracts.http import Frame, Framing
from modelscan.errors import DecodeError
from modelscan.wire.sse import ServerSentEvents

ALPHABET = [
    b"data: x",
    b"data:y",
    b"data",
    b"event: e",
    b"id: 1",
    b"id: a\0b",
    b"retry: 9",
    b":c",
    b"\n",
    b"\r",
    b"\r\n",
]
ODDITIES = [b"\n\n", b"\xef\xbb\xbf", b"\xef", "€".encode(), b"\0", b" ", b":", b"data: [DONE]\n\n"]
STREAMS = st.lists(st.sampled_from(ALPHABET + ODDITIES), max_size=40).map(b"".join)


def events(stream: bytes) -> list[tuple[str, bytes]]:
    """Types and data of the events of a whole stream."""
    frames, error = frames_of(ServerSentEvents(), [stream])
    assert not error
    return [(frame.event, frame.data) for frame in frames]


def by_the_standard(stream: bytes) -> list[Frame]:
    """The standard's algorithm in its own words, one line at a time; the last event needs no blank line."""
    lines = stream.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    frames: list[Frame] = []
    last_id, event, data = "", b"", b""
    for line in [*lines, b""]:
        if not line:
            if data:
                frames.append(Frame(data[:-1], event.decode(errors="replace"), last_id))
            event, data = b"", b""
            continue
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data += value + b"\n"
        elif name == b"event":
            event = value
        elif name == b"id" and b"\0" not in value:
            last_id = value.decode(errors="replace")
    return frames


def test_it_is_a_framing() -> None:
    assert isinstance(ServerSentEvents(), Framing)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_of_the_standard_ends_a_line(end: bytes) -> None:
    stream = end.join([b"event: delta", b"data: one", b"data: two", b"", b"data: three", b"", b""])
    assert events(stream) == [("delta", b"one\ntwo"), ("", b"three")]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert events(b"data:a\n\ndata: b\n\ndata:  c\n\ndata:\td\n\n") == [
        ("", b"a"),
        ("", b"b"),
        ("", b" c"),
        ("", b"\td"),
    ]


def test_a_line_without_a_colon_is_a_field_without_a_value() -> None:
    assert events(b"data\n\ndata\ndata\n\n") == [("", b""), ("", b"\n")]


def test_comments_unknown_fields_and_keep_alives_are_no_events() -> None:
    assert events(b": OPENROUTER PROCESSING\n\n:\n\n\n\nfoo: bar\n\nevent: ping\n\ndata: x\n\n") == [("", b"x")]


def test_the_type_of_an_event_without_data_does_not_reach_the_next_one() -> None:
    assert events(b"event: ping\n\ndata: x\n\n") == [("", b"x")]


def test_field_names_compare_with_case_and_without_trimming() -> None:
    assert events(b"Data: a\n\n data: b\n\ndata : c\n\n") == []


def test_an_id_stays_until_the_server_gives_another_and_one_with_nul_is_ignored() -> None:
    frames, _ = frames_of(
        ServerSentEvents(), [b"id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\nid: 5\n\ndata: e\n\n"]
    )
    assert [frame.id for frame in frames] == ["1", "1", "1", "", "5"]


@pytest.mark.parametrize(("value", "expected"), [(b"1500", 1500), (b"1.5", None), (b"-1", None), (b"", None)])
def test_the_reconnection_time_is_kept_where_it_is_a_number(value: bytes, expected: int | None) -> None:
    framing = ServerSentEvents()
    assert framing.feed(b"retry: " + value + b"\n\n") == []
    assert framing.retry_ms == expected


def test_an_absurd_reconnection_time_is_ignored() -> None:
    framing = ServerSentEvents()
    framing.feed(b"retry: " + b"9" * 5000 + b"\n\n")
    assert framing.retry_ms is None


def test_a_byte_order_mark_is_dropped_at_the_start_only() -> None:
    bom = b"\xef\xbb\xbf"
    assert events(bom + b"data: x\n\n" + bom + b"data: y\n\n") == [("", b"x")]
    assert events(bom + bom + b"data: x\n\n") == []


def test_a_carriage_return_ends_its_line_before_the_line_feed_is_known() -> None:
    framing = ServerSentEvents()
    assert [f.data for f in framing.feed(b"data: x\r\n\r")] == [b"x"]
    assert [f.data for f in framing.feed(b"\ndata: y\n\n")] == [b"y"]


def test_data_is_handed_out_as_bytes_even_where_it_is_not_utf_8() -> None:
    assert events(b"event: \xff\ndata: \xff\xfe\n\n") == [("�", b"\xff\xfe")]


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n", b"\r"])
def test_an_event_without_its_blank_line_is_given_at_the_end(ending: bytes) -> None:
    assert events(b"data: a\n\nevent: done\ndata: [DONE]" + ending) == [("", b"a"), ("done", b"[DONE]")]


def test_nothing_is_left_when_the_stream_ended_properly() -> None:
    framing = ServerSentEvents()
    framing.feed(b"data: a\n\n: bye\n")
    assert framing.finish() == []
    assert framing.finish() == []


def test_an_event_of_exactly_the_cap_passes() -> None:
    assert frames_of(ServerSentEvents(14), [b"data: 1234\n\ndata: 12345678\n\n"]) == (
        [Frame(b"1234"), Frame(b"12345678")],
        "",
    )


@pytest.mark.parametrize("tail", [b"", b"\n", b"\n\n", b"\n\ndata: y\n\n"])
def test_a_longer_event_is_an_error_after_the_frames_before_it(tail: bytes) -> None:
    framing = ServerSentEvents(max_event_bytes=14)
    assert [frame.data for frame in framing.feed(b"data: 1\n\ndata: 1234567890" + tail)] == [b"1"]
    with pytest.raises(DecodeError, match="longer than 14 bytes"):
        framing.feed(b"")
    with pytest.raises(DecodeError, match="longer than 14 bytes"):
        framing.finish()


@given(STREAMS)
@example(b"\xef\xbbdata: x\n\n")
@example(b"\r\r\n\ndata: x\r\r")
def test_it_gives_what_the_standard_gives(stream: bytes) -> None:
    assert frames_of(ServerSentEvents(), [stream]) == (by_the_standard(stream), "")


@given(STREAMS | st.binary(max_size=200), CUTS, st.sampled_from([8, 24, 1000]))
def test_any_split_of_the_bytes_gives_the_same_frames(stream: bytes, cuts: list[int], cap: int) -> None:
    assert_splits_change_nothing(lambda: ServerSentEvents(cap), stream, cuts)


@pytest.mark.parametrize("piece", [b": ping\n", b"data: x\n", b"x", b"data: x\r"])
def test_a_stream_without_an_end_can_not_fill_the_memory(piece: bytes) -> None:
    assert peak_bytes(ServerSentEvents(1000), piece) < 300_000
