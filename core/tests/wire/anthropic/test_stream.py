"""Streamed answers: every event, and chunks whose fold is the whole answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import Frame, HttpResponse, ResponseHead, Target
from modelscan.errors import (
    DecodeError,
    ModelScanError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    StreamCutError,
)
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import user
from modelscan.types.tools import JsonSchema
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import Messages, MessagesDecoder

REQUEST = ChatRequest(messages=(user("Hello"),))
BEGIN = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 3}}}
STOP = {"type": "message_stop"}


def decoder(request: ChatRequest = REQUEST, model: str = "claude-opus-5-5") -> MessagesDecoder:
    head = ResponseHead(200, (("content-type", "text/event-stream"), ("request-id", "req_1")))
    return Messages().decoder(head, request, Target(base_urls={"default": "https://x"}, model=model))


def frame(event: dict[str, Any]) -> Frame:
    return Frame(json.dumps(event).encode(), str(event.get("type", "")))


def chunks(*events: dict[str, Any], reading: MessagesDecoder | None = None) -> list[ChatChunk]:
    reading = reading or decoder()
    found = [chunk for event in events for chunk in reading.feed(frame(event))]
    return [*found, *reading.finish(cut=False)]


def folded(found: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in found:
        fold.add(chunk)
    return fold.reply()


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any], stop: bool = True) -> list[dict[str, Any]]:
    start = {"type": "content_block_start", "index": index, "content_block": content}
    pieces = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [start, *pieces, *([{"type": "content_block_stop", "index": index}] if stop else [])]


def end(reason: str | None = "end_turn", **fields: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}, **fields}


def parts(*events: dict[str, Any]) -> tuple[Any, ...]:
    return folded(chunks(BEGIN, *events, end(), STOP)).message.content


def text(*pieces: str) -> list[dict[str, Any]]:
    return block(0, {"type": "text", "text": ""}, *[{"type": "text_delta", "text": piece} for piece in pieces])


def test_a_streamed_answer_is_told_piece_by_piece() -> None:
    found = chunks(BEGIN, {"type": "ping"}, *text("Hel", "lo"), end(), STOP)
    assert [chunk.text for chunk in found] == ["", "Hel", "lo", ""]
    reply = folded(found)
    assert (reply.text, reply.id, reply.model, reply.message.wire) == ("Hello", "msg_1", "m", "anthropic")
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "end_turn")
    assert reply.usage == Usage(input_tokens=3, output_tokens=9)


def test_every_chunk_keeps_the_frame_that_it_came_in() -> None:
    found = chunks(BEGIN, *text("Hi"), end(), STOP)
    assert [json.loads(chunk.raw)["type"] for chunk in found] == [
        "message_start",
        "content_block_delta",
        "message_delta",
    ]


def test_text_and_sources_told_at_a_block_s_start_are_kept() -> None:
    cited = {"type": "web_search_result_location", "cited_text": "x", "url": "https://e.org"}
    content = {"type": "text", "text": "Hel", "citations": [cited]}
    (found,) = parts(*block(0, content, {"type": "text_delta", "text": "lo"}))
    assert found.text == "Hello"
    assert [one.url for one in found.citations] == ["https://e.org"]


def test_sources_come_in_their_order() -> None:
    deltas = [
        {"type": "citations_delta", "citation": {"type": "char_location", "cited_text": word}} for word in ("a", "b")
    ]
    (found,) = parts(
        *block(0, {"type": "text", "text": "", "citations": []}, *deltas, {"type": "text_delta", "text": "x"})
    )
    assert [one.text for one in found.citations] == ["a", "b"]


def test_thoughts_are_joined_and_signed() -> None:
    deltas = [
        {"type": "thinking_delta", "thinking": "H"},
        {"type": "thinking_delta", "thinking": "m."},
        {"type": "signature_delta", "signature": "SIG"},
    ]
    assert parts(*block(0, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)) == (
        Reasoning(text="Hm.", signature="SIG"),
    )


def test_a_thought_that_is_only_signed_and_one_that_is_hidden_are_kept() -> None:
    hidden = block(0, {"type": "redacted_thinking", "data": "SECRET"})
    signed = block(1, {"type": "thinking", "thinking": ""}, {"type": "signature_delta", "signature": "SIG"})
    assert parts(*hidden, *signed) == (Reasoning(encrypted="SECRET"), Reasoning(signature="SIG"))


def test_an_empty_block_is_a_part_as_it_is_in_a_whole_answer() -> None:
    assert parts(*text(), *block(1, {"type": "thinking", "thinking": ""})) == (Text(text=""), Reasoning())


def test_a_call_comes_by_name_first_and_its_arguments_piece_by_piece() -> None:
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", '{"city":', '"Oslo"}')]
    content = {"type": "tool_use", "id": "t", "name": "weather", "input": {}, "caller": {"type": "direct"}}
    found = chunks(BEGIN, *block(0, content, *pieces), end("tool_use"), STOP)
    calls = [chunk.tool_call for chunk in found if chunk.tool_call]
    assert [(call.name, call.arguments) for call in calls] == [("weather", ""), ("", '{"city":'), ("", '"Oslo"}')]
    reply = folded(found)
    assert reply.tool_calls == (
        ToolCall(id="t", name="weather", arguments='{"city":"Oslo"}', extra={"caller": {"type": "direct"}}),
    )
    assert reply.finish_reason == "tool_calls"


@pytest.mark.parametrize(("told", "arguments"), [({}, "{}"), ({"a": 1}, '{"a": 1}'), (None, "{}")])
def test_a_call_without_pieces_has_the_arguments_of_its_start(told: dict[str, Any] | None, arguments: str) -> None:
    content = {"type": "tool_use", "id": "t", "name": "f", "input": told}
    assert parts(*block(0, content, {"type": "input_json_delta", "partial_json": ""}))[0].arguments == arguments


def test_a_server_s_tool_comes_whole_with_its_input() -> None:
    content = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"query"', ': "sky"}', None)]
    result = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u"}]}
    assert parts(*block(0, content, *pieces), *block(1, result)) == (
        ProviderPart(kind="server_tool_use", extra={**content, "input": {"query": "sky"}}),
        ProviderPart(kind="web_search_tool_result", extra=result),
    )


def test_a_server_s_tool_whose_input_was_cut_keeps_its_text() -> None:
    content = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    (found,) = parts(*block(0, content, {"type": "input_json_delta", "partial_json": '{"que'}))
    assert found.extra["input"] == '{"que'


def test_a_compaction_grows_by_its_own_deltas() -> None:
    deltas = [{"type": "compaction_delta", "content": piece, "encrypted_content": "E"} for piece in ("Sum", "mary")]
    (found,) = parts(
        *block(0, {"type": "compaction", "content": None}, deltas[0], {**deltas[1], "encrypted_content": ""})
    )
    assert found.extra == {"type": "compaction", "content": "Summary", "encrypted_content": "E"}


def test_what_is_unknown_is_passed_over() -> None:
    strange: list[dict[str, Any]] = [
        {"type": "usage_forecast", "message": "not an object"},
        {"type": "ping", "index": "none"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "sparkle_delta", "sparkle": 1}},
        {"type": "content_block_delta", "index": 0},
        {"type": "content_block_stop", "index": 7},
        {"type": "message_start"},
    ]
    assert parts(*text("Hi"), *strange) == (Text(text="Hi"),)


def test_a_delta_whose_block_never_started_is_kept() -> None:
    late = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}
    call = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}}
    assert parts(late, call) == (Text(text="Hi"), ToolCall(id="", name="", arguments="{}"))


def test_the_event_s_name_stands_in_for_a_missing_type() -> None:
    reading = decoder()
    reading.feed(Frame(b"{}", "message_stop"))
    assert list(reading.finish(cut=False)) == []


def test_a_message_that_starts_twice_is_one_message() -> None:
    reply = folded(chunks(BEGIN, BEGIN, *text("Hi"), end(), STOP))
    assert (reply.text, reply.usage.input_tokens) == ("Hi", 3)


def test_a_message_that_starts_with_content_keeps_it() -> None:
    begin = {"type": "message_start", "message": {"content": [{"type": "text", "text": "Hi"}]}}
    reply = folded(chunks(begin, end(), STOP))
    assert reply.text == "Hi"


def test_a_count_told_at_the_end_replaces_the_one_before_and_others_stay() -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 1, "service_tier": "standard"}
    begin = {"type": "message_start", "message": {"usage": usage}}
    last = {"input_tokens": 4, "cache_read_input_tokens": None, "output_tokens": 20}
    found = chunks(begin, {**end(), "usage": last}, STOP)
    assert [chunk.usage.output_tokens for chunk in found if chunk.usage] == [1, 20]
    assert folded(found).usage == Usage(input_tokens=9, output_tokens=20, cached_tokens=5)
    assert folded(found).extra == {"service_tier": "standard"}


def test_what_the_end_tells_beside_the_reason_is_kept() -> None:
    last = {
        "type": "message_delta",
        "delta": {"stop_reason": "refusal", "stop_details": {"category": "cyber"}, "container": {"id": "c"}},
        "context_management": {"applied_edits": []},
    }
    reply = folded(chunks(BEGIN, last, STOP))
    assert reply.finish_reason == "refusal"
    assert reply.extra == {
        "stop_details": {"category": "cyber"},
        "container": {"id": "c"},
        "context_management": {"applied_edits": []},
    }


def test_an_end_without_a_delta_tells_nothing() -> None:
    assert folded(chunks(BEGIN, {"type": "message_delta"}, STOP)).finish_reason is None


ANSWER = ChatRequest(messages=(user("Who?"),), response_format=JsonSchema({"type": "object"}, name="person"))


@pytest.mark.parametrize(("pieces", "answer"), [(['{"a"', ":1}"], '{"a":1}'), ([], "{}")])
def test_the_call_of_the_answer_s_own_tool_streams_as_the_answer(pieces: list[str], answer: str) -> None:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    events = block(0, {"type": "tool_use", "id": "t", "name": "person", "input": {}}, *deltas)
    reading = decoder(ANSWER, "claude-3-5-haiku-20241022")
    reply = folded(chunks(BEGIN, *events, end("tool_use"), STOP, reading=reading))
    assert (reply.text, reply.tool_calls, reply.finish_reason) == (answer, (), "stop")


def test_a_stream_without_its_end_is_cut() -> None:
    reading = decoder()
    for event in [BEGIN, *text("Hi")]:
        reading.feed(frame(event))
    with pytest.raises(StreamCutError, match="the stream ended before the message did"):
        reading.finish(cut=False)
    with pytest.raises(StreamCutError, match="the connection broke"):
        reading.finish(cut=True)


def test_a_reason_to_stop_is_evidence_enough_and_frees_what_is_open() -> None:
    open_block = block(0, {"type": "tool_use", "id": "t", "name": "f", "input": {}}, stop=False)
    assert folded(chunks(BEGIN, *open_block, end())).tool_calls == (ToolCall(id="t", name="f", arguments="{}"),)


def test_an_error_in_mid_stream_is_of_its_class() -> None:
    reading = decoder()
    reading.feed(frame(BEGIN))
    with pytest.raises(OverloadedError, match="Overloaded") as caught:
        reading.feed(frame({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}))
    assert (caught.value.status, caught.value.request_id) == (529, "req_1")


def test_a_spend_limit_in_mid_stream_is_not_to_be_repeated() -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    error = {"type": "rate_limit_error", "message": "Spend limit", "details": details}
    with pytest.raises(QuotaExceededError):
        decoder().feed(frame({"type": "error", "error": error}))


@pytest.mark.parametrize(
    "data",
    [
        b"not json",
        b"[]",
        b'{"type":"message_delta","delta":3}',
        b'{"type":"content_block_start","index":0}',
        b'{"type":"content_block_start","index":0,"content_block":null}',
        b'{"index":"none"}',
    ],
)
def test_an_event_that_is_none_is_an_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decoder().feed(Frame(data))


def test_an_error_event_that_tells_no_error_is_one_all_the_same() -> None:
    with pytest.raises(ModelScanError, match="tells no error"):
        decoder().feed(Frame(b'{"message":"?"}', "error"))


def test_an_error_event_in_other_words_is_an_error_of_the_provider() -> None:
    with pytest.raises(ProviderError, match="Overloaded, it seems"):
        decoder().feed(Frame(b'{"type":"error","error":"Overloaded, it seems"}', "error"))


# --- A whole body in place of a stream -------------------------------------------------------------------------------

JSON_HEAD = ResponseHead(200, (("content-type", "application/json"), ("request-id", "req_1")))
WHOLE = {
    "type": "message",
    "id": "msg_1",
    "model": "m",
    "role": "assistant",
    "content": [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "text", "text": "Blue", "citations": [{"type": "web_search_result_location", "url": "https://x"}]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1}, "caller": {"type": "direct"}},
        {"type": "server_tool_use", "id": "b", "name": "web_search", "input": {}},
        {"type": "text", "text": ""},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": "!",
    "usage": {"input_tokens": 3, "output_tokens": 2, "service_tier": "standard"},
}


def chunks_of_body(body: Any, request: ChatRequest = REQUEST, model: str = "m") -> list[ChatChunk]:
    reading = Messages().decoder(JSON_HEAD, request, Target(base_urls={"default": "https://x"}, model=model))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    frames = [*reading.framing.feed(raw[:9]), *reading.framing.feed(raw[9:]), *reading.framing.finish()]
    return [*[chunk for one in frames for chunk in reading.feed(one)], *reading.finish(cut=False)]


def decoded(body: Any, request: ChatRequest = REQUEST, model: str = "m") -> ChatReply[None]:
    response = HttpResponse(JSON_HEAD, json.dumps(body).encode())
    reply = Messages().decode(response, request, Target(base_urls={"default": "https://x"}, model=model))
    return msgspec.structs.replace(reply, raw_body=b"", request_id="")


@pytest.mark.parametrize(
    "body", [WHOLE, {"content": [{"type": "text", "text": "x"}]}, {**WHOLE, "content": [], "usage": None}]
)
def test_a_whole_answer_to_a_request_for_a_stream_is_that_answer(body: dict[str, Any]) -> None:
    assert folded(chunks_of_body(body)) == decoded(body)


def test_a_whole_answer_is_told_in_pieces_that_a_reader_of_streams_knows() -> None:
    found = chunks_of_body(WHOLE)
    assert [chunk.text for chunk in found if chunk.text] == ["Blue"]
    assert [chunk.reasoning for chunk in found if chunk.reasoning] == ["Hm"]
    assert [chunk.tool_call.name for chunk in found if chunk.tool_call] == ["f"]


def test_a_whole_answer_that_is_a_tools_call_by_schema_is_text() -> None:
    request = ChatRequest(messages=REQUEST.messages, response_format=JsonSchema({"type": "object"}))
    call = {"type": "tool_use", "id": "a", "name": "answer", "input": {"x": 1}}
    body = {**WHOLE, "content": [call]}
    reply = folded(chunks_of_body(body, request, "claude-3-5-sonnet-latest"))
    assert reply == decoded(body, request, "claude-3-5-sonnet-latest")
    assert (reply.message.content, reply.finish_reason) == ((Text(text='{"x": 1}'),), "stop")


def test_a_whole_answer_as_the_only_event_is_that_answer_too() -> None:
    assert folded(chunks(WHOLE)) == decoded(WHOLE)


def test_an_error_in_place_of_a_stream_is_raised() -> None:
    with pytest.raises(OverloadedError):
        chunks_of_body({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
    for body in (b"<html>", b"{}", b"[]", b'{"error":{"message":"x"}}', b'{"type":"message","content":5}'):
        with pytest.raises(DecodeError):
            chunks_of_body(body)
    with pytest.raises(StreamCutError):
        chunks_of_body(b" ")


def test_a_stream_under_a_wrong_content_type_is_read_as_one() -> None:
    events: list[dict[str, Any]] = [BEGIN, {"type": "ping"}, *text("x"), end(), STOP]
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    assert folded(chunks_of_body(body)) == folded(chunks(*events))
