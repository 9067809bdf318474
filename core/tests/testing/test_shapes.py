"""Drift is told by the shapes of two cassettes' answers."""

from __future__ import annotations

from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.testing.cassettes import Origin, Piece, Tape, Taped
from modelscan.testing.cassettes.shapes import drift, shape_of


def taped(body: bytes, *, status: int = 200, kind: str = "application/json") -> Taped:
    head = ResponseHead(status, (("content-type", kind),))
    return Taped(request=HttpRequest(url="https://a.test/v1/chat?x=1"), head=head, pieces=(Piece(body),))


def tape(*exchanges: Taped) -> Tape:
    return Tape(origin=Origin(how="written", source="a document", date="2026-11-24"), exchanges=exchanges)


def test_other_values_are_no_drift() -> None:
    assert drift(tape(taped(b'{"a":1,"b":["x"]}')), tape(taped(b'{"a":2.5,"b":["y","z"]}'))) == []


def test_fields_that_came_or_went_and_other_kinds_are_told() -> None:
    old, new = taped(b'{"a":1,"b":[{"c":"x"}]}'), taped(b'{"b":[{"c":1}],"d":true}')
    assert drift(tape(old), tape(new)) == [
        "1. POST https://a.test/v1/chat: a is gone",
        "1. POST https://a.test/v1/chat: b[].c is number instead of text",
        "1. POST https://a.test/v1/chat: d is new (bool)",
    ]


def test_null_is_every_kind() -> None:
    assert drift(tape(taped(b'{"a":null}')), tape(taped(b'{"a":1}'))) == []


def test_another_status_and_another_count_are_told() -> None:
    lines = drift(tape(taped(b"{}"), taped(b"{}")), tape(taped(b"{}", status=500)))
    assert lines == ["1 exchanges instead of 2", "1. POST https://a.test/v1/chat: status 500 instead of 200"]


def test_a_stream_has_the_shape_of_all_its_events() -> None:
    events = taped(b'data: {"a":1}\n\ndata: {"b":"x"}\n\ndata: [DONE]\n\n', kind="text/event-stream")
    assert shape_of(events) == {".": {"object"}, "a": {"number"}, "b": {"text"}}
    assert shape_of(taped(b'{"a":1}\n{"b":2}\n', kind="application/x-ndjson")).keys() == {".", "a", "b"}


def test_what_is_no_json_has_no_shape() -> None:
    assert shape_of(taped(b"<html>")) == {}
