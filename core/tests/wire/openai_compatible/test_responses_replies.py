"""The Responses API: whole replies, and streams that fold to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError, ProviderError, RateLimitError, ServerError, StreamCutError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest, TokenLogprob
from modelscan.types.content import (
    Citation,
    Image,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from modelscan.types.messages import Message, user
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible.responses import WIRE, Responses

CITED = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 5}
TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-5.5")
REQUEST = ChatRequest(messages=(user("Hi"),))
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}}

# --- Whole replies ---------------------------------------------------------------------------------------------------

OUTPUT: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "First."}, {"type": "summary_text", "text": "Second."}],
        "encrypted_content": "X",
        "status": "completed",
    },
    SEARCH,
    {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [
            {
                "type": "output_text",
                "text": "Blue.",
                "annotations": [CITED, {"type": "file_citation", "file_id": "f", "filename": "a.txt", "index": 3}],
                "logprobs": [{"token": "Blue", "logprob": -0.5, "bytes": [66], "top_logprobs": []}],
            },
            {"type": "refusal", "refusal": "No."},
            {"type": "output_odd", "x": 1},
        ],
    },
    {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": '{"a":1}', "status": "completed"},
    {"type": "custom_tool_call", "id": "ct_1", "call_id": "d", "name": "grep", "input": "x+"},
    {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "result": "iVBORw==",
        "output_format": "webp",
    },
    {"type": "image_generation_call", "id": "ig_2", "status": "failed", "result": None},
]
PARTS: tuple[Any, ...] = (
    Reasoning(text="First.\n\nSecond.", encrypted="X", id="rs_1", extra={"summary": OUTPUT[0]["summary"]}),
    ProviderPart(kind="web_search_call", extra=SEARCH),
    Text(
        text="Blue.",
        citations=(
            Citation(url="https://e.org", title="E", start=0, end=5, location="url"),
            Citation(title="a.txt", document="f", location="file", source_start=3),
        ),
        extra={"id": "msg_1"},
    ),
    Refusal(text="No.", extra={"id": "msg_1"}),
    ProviderPart(kind="output_odd", extra={"type": "output_odd", "x": 1}),
    ToolCall(id="c", name="f", arguments='{"a":1}', extra={"id": "fc_1"}),
    ToolCall(id="d", name="grep", arguments="x+", extra={"type": "custom_tool_call", "id": "ct_1"}),
    Image(
        data=b"\x89PNG",
        media_type="image/webp",
        extra={"type": "image_generation_call", "id": "ig_1", "status": "completed", "output_format": "webp"},
    ),
    ProviderPart(kind="image_generation_call", extra=OUTPUT[6]),
)
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-5.5",
    "output": OUTPUT,
    "error": None,
    "service_tier": "default",
    "usage": {
        "input_tokens": 20,
        "input_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 2},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 29,
    },
}
USAGE = Usage(input_tokens=20, output_tokens=9, cached_tokens=5, cache_write_tokens=2, reasoning_tokens=4, searches=1)


def decoded(value: Any) -> ChatReply[None]:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Responses().decode(HttpResponse(ResponseHead(200, (("x-request-id", "req_1"),)), raw), REQUEST, TARGET)


def test_a_whole_reply_is_read_item_by_item() -> None:
    reply = decoded(RESPONSE)
    assert reply.message == Message("assistant", PARTS, wire=WIRE)
    assert (reply.finish_reason, reply.raw_finish_reason) == ("tool_calls", "completed")
    assert (reply.id, reply.model, reply.request_id) == ("resp_1", "gpt-5.5", "req_1")
    assert reply.usage == USAGE
    assert reply.logprobs == (TokenLogprob("Blue", -0.5, (66,)),)
    assert reply.extra == {"service_tier": "default"}
    assert reply.raw["status"] == "completed"


@pytest.mark.parametrize("names", [{}, {"id": None, "model": None}])
def test_an_answer_that_names_neither_itself_nor_its_model_has_empty_names(names: dict[str, None]) -> None:
    reply = decoded({"object": "response", "output": [], **names})
    assert (reply.id, reply.model) == ("", "")


def ended(**fields: Any) -> tuple[str | None, str]:
    reply = decoded({"object": "response", "output": [], **fields})
    return reply.finish_reason, reply.raw_finish_reason


def test_the_reason_is_told_by_status_and_by_what_the_answer_is() -> None:
    said = {"type": "message", "content": [{"type": "output_text", "text": "x"}]}
    refused = {"type": "message", "content": [{"type": "refusal", "refusal": "x"}]}
    assert ended(status="completed", output=[said]) == ("stop", "completed")
    assert ended(status="completed", output=[refused]) == ("refusal", "completed")
    cut = {"reason": "max_output_tokens"}
    assert ended(status="incomplete", incomplete_details=cut) == ("length", "max_output_tokens")
    assert ended(status="incomplete", incomplete_details={"reason": "content_filter"}) == (
        "content_filter",
        "content_filter",
    )
    assert ended(status="incomplete", incomplete_details={"reason": "steered"}) == ("other", "steered")
    assert ended(status="incomplete") == ("other", "incomplete")
    assert ended(status="queued") == ("other", "queued")
    assert ended() == (None, "")


def test_searches_are_the_vendors_own_count_where_it_tells_one() -> None:
    usage = {"input_tokens": 1, "output_tokens": 1}
    opened = {"type": "web_search_call", "action": {"type": "open_page"}}
    assert decoded({"output": [SEARCH, opened], "usage": usage}).usage.searches == 1
    assert (
        decoded({"output": [], "usage": usage, "tool_usage": {"web_search": {"num_requests": 3}}}).usage.searches == 3
    )
    assert decoded({"output": [], "usage": {}}).usage == UNREPORTED


def test_one_count_alone_is_a_usage_and_none_is_not() -> None:
    assert decoded({"output": [], "usage": {"input_tokens": 3}}).usage == Usage(input_tokens=3)
    assert decoded({"output": [], "usage": {"output_tokens": 2}}).usage == Usage(output_tokens=2)
    assert not decoded({"output": [], "usage": {"total_tokens": 5}}).usage.is_reported


def test_reasoning_that_total_tokens_counts_beside_the_output_is_added() -> None:
    usage = {
        "input_tokens": 1,
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 4},
        "total_tokens": 7,
    }
    assert decoded({"output": [], "usage": usage}).usage.output_tokens == 6


def test_thoughts_of_an_open_model_are_kept_to_go_back() -> None:
    content = [{"type": "reasoning_text", "text": "Hm"}]
    item = {"type": "reasoning", "id": "rs", "summary": [], "content": content, "format": "x"}
    (part,) = decoded({"output": [item]}).message.content
    assert part == Reasoning(text="Hm", id="rs", extra={"summary": [], "content": content, "format": "x"})


def test_odd_items_are_kept_as_they_are() -> None:
    item = {"type": "some_future_type", "role": "assistant", "content": [5]}
    assert decoded({"output": [item, {"type": "message", "content": [5]}]}).message.content == (
        ProviderPart(kind="some_future_type", extra=item),
    )
    (call,) = decoded({"output": [{"type": "function_call", "id": "x", "name": "f", "arguments": {"a": 1}}]}).tool_calls
    assert (call.id, call.arguments) == ("x", '{"a":1}')


@pytest.mark.parametrize("raw", [b"", b"<html>", b"{}", b'{"output":5}'])
def test_a_body_that_is_no_response_is_a_decode_error(raw: bytes) -> None:
    with pytest.raises(DecodeError, match="no response"):
        decoded(raw)


# --- Streams ---------------------------------------------------------------------------------------------------------


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: ".encode() + json.dumps({"type": kind, **fields}).encode() + b"\n\n"


def delta(kind: str, place: int, piece: Any, **fields: Any) -> bytes:
    return event(f"response.{kind}.delta", output_index=place, delta=piece, **fields)


def chunks_of(stream: bytes, media_type: str = "text/event-stream", *, cut: bool = False) -> list[ChatChunk]:
    decoder = Responses().decoder(ResponseHead(200, (("content-type", media_type),)), REQUEST, TARGET)
    frames = [*decoder.framing.feed(stream), *([] if cut else decoder.framing.finish())]
    chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
    return [*chunks, *decoder.finish(cut=cut)]


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def streamed(*events: bytes) -> ChatReply[None]:
    return folded(chunks_of(b"".join(events)))


def bare(reply: ChatReply[None]) -> ChatReply[None]:
    return msgspec.structs.replace(reply, raw_body=b"", request_id="")


CREATED = event("response.created", response={"id": "resp_1", "model": "gpt-5.5", "status": "in_progress"})
PROGRESS = event("response.in_progress", response={"id": "resp_1"})
COMPLETED = event("response.completed", response=RESPONSE)
ADDED = [
    event("response.output_item.added", output_index=n, item={**item, "content": []}) for n, item in enumerate(OUTPUT)
]
DONE = [event("response.output_item.done", output_index=n, item=item) for n, item in enumerate(OUTPUT)]
LOGPROBS = OUTPUT[2]["content"][0]["logprobs"]
PIECES = [
    delta("reasoning_summary_text", 0, "Fir", summary_index=0),
    delta("reasoning_summary_text", 0, "st.", summary_index=0),
    delta("reasoning_summary_text", 0, "", summary_index=1),
    delta("reasoning_summary_text", 0, "Second.", summary_index=1),
    delta("output_text", 2, "Bl", content_index=0, logprobs=LOGPROBS),
    delta("output_text", 2, "ue.", content_index=0, logprobs=[]),
    delta("output_text", 2, "", content_index=0),
    delta("refusal", 2, "No", content_index=1),
    delta("refusal", 2, "", content_index=1),
    delta("function_call_arguments", 3, '{"a"'),
    delta("function_call_arguments", 3, ""),
    delta("custom_tool_call_input", 4, "x"),
]


def test_a_stream_folds_to_the_whole_reply() -> None:
    assert streamed(CREATED, PROGRESS, *ADDED, *PIECES, *DONE, COMPLETED) == bare(decoded(RESPONSE))


def test_a_stream_that_tells_items_only_when_they_are_done_is_the_same() -> None:
    assert streamed(CREATED, *DONE, COMPLETED) == bare(decoded(RESPONSE))


def test_a_stream_that_tells_all_at_its_end_is_the_same() -> None:
    assert streamed(COMPLETED) == bare(decoded(RESPONSE))
    assert streamed(CREATED, *PIECES, COMPLETED) == bare(decoded(RESPONSE))


def test_a_whole_body_in_place_of_a_stream_is_the_same() -> None:
    whole = json.dumps(RESPONSE, indent=1).encode()
    assert folded(chunks_of(whole, "application/json")) == bare(decoded(RESPONSE))


def test_a_stream_is_named_by_its_first_event_before_anything_is_said() -> None:
    (first,) = chunks_of(CREATED + COMPLETED)[:1]
    assert (first.id, first.model, first.wire) == ("resp_1", "gpt-5.5", WIRE)


def test_an_end_that_repeats_no_items_does_not_lose_them() -> None:
    end = event("response.completed", response={**RESPONSE, "output": [], "usage": None})
    reply = streamed(CREATED, *ADDED, *DONE, end)
    assert reply.message == decoded(RESPONSE).message
    assert reply.finish_reason == "tool_calls"
    assert not reply.usage.is_reported


def test_items_without_an_index_are_told_apart_by_their_ids() -> None:
    def said(name: str, text: str) -> list[bytes]:
        item = {"type": "message", "id": name, "content": [{"type": "output_text", "text": text}]}
        return [
            event("response.output_item.added", item={**item, "content": []}),
            event("response.output_text.delta", item_id=name, delta=text),
            event("response.output_item.done", item=item),
        ]

    reply = streamed(CREATED, *said("a", "One"), *said("b", "Two"), event("response.completed"))
    assert [part.text for part in reply.message.content if isinstance(part, Text)] == ["One", "Two"]
    assert [part.extra for part in reply.message.content] == [{"id": "a"}, {"id": "b"}]


def test_thoughts_of_an_open_model_come_as_reasoning() -> None:
    content = [{"type": "reasoning_text", "text": "Hm"}]
    item = {"type": "reasoning", "id": "rs", "summary": [], "content": content}
    done = event("response.output_item.done", output_index=0, item=item)
    reply = streamed(CREATED, delta("reasoning_text", 0, "Hm"), delta("reasoning_text", 0, None), done, COMPLETED)
    assert reply.message.content[0] == Reasoning(text="Hm", id="rs", extra={"summary": [], "content": content})


def test_an_end_that_contradicts_the_pieces_takes_nothing_back() -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Green"}]}
    done = event("response.output_item.done", output_index=0, item=item)
    end = event("response.completed", response={"status": "completed"})
    assert streamed(CREATED, delta("output_text", 0, "Blue"), done, end).text == "Blue"


def test_an_answer_that_is_empty_is_an_empty_text() -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": ""}]}
    end = event("response.completed", response={"status": "completed", "output": [item]})
    assert streamed(CREATED, end).message.content == (Text(text=""),)


def test_an_incomplete_response_ends_the_stream_too() -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    reply = streamed(CREATED, delta("output_text", 0, "Bl"), event("response.incomplete", response=response))
    assert (reply.text, reply.finish_reason, reply.raw_finish_reason) == ("Bl", "length", "max_output_tokens")


def test_a_mark_of_the_other_api_ends_it_and_unknown_events_are_passed_over() -> None:
    reply = streamed(
        CREATED, event("response.new_thing", x=1), delta("output_text", 0, "x"), b"data: \n\ndata: [DONE]\n\n"
    )
    assert reply.text == "x"


@pytest.mark.parametrize("cut", [True, False])
def test_a_cut_stream_raises_before_its_end(cut: bool) -> None:
    with pytest.raises(StreamCutError, match="connection broke" if cut else "stream ended"):
        chunks_of(CREATED + delta("output_text", 0, "x"), cut=cut)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (event("error", code="rate_limit_exceeded", message="slow"), RateLimitError),
        (event("error", error={"code": "server_error", "message": "boom"}), ServerError),
        (b'data: {"error":{"message":"boom"}}\n\n', ServerError),
        (
            event("response.failed", response={"error": {"code": "rate_limit_exceeded", "message": "slow"}}),
            RateLimitError,
        ),
        (event("response.failed", response={"status": "failed"}), ServerError),
        (event("response.failed"), ServerError),
    ],
)
def test_an_error_in_mid_stream_is_raised(frame: bytes, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        chunks_of(CREATED + frame)


def test_nonsense_in_a_stream_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="no event"):
        chunks_of(CREATED + b"data: <html>\n\n")
    with pytest.raises(DecodeError, match="tells no error"):
        chunks_of(CREATED + b"event: error\ndata: {}\n\n")


def test_a_whole_reply_that_failed_is_an_error() -> None:
    raw = json.dumps({"object": "response", "status": "failed", "error": {"code": "server_error", "message": "x"}})
    found = Responses().errors.error(HttpResponse(ResponseHead(200), raw.encode()))
    assert isinstance(found, ServerError)
