"""The server's side: what it writes, the client reads as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.servers import ServerCall, ServerCodec, StreamEncoder
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContentFilterError,
    ContextLengthError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServerError,
    UnsupportedError,
)
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest, ReasoningOptions, ToolCallDelta
from modelscan.types.content import (
    AnyPart,
    Citation,
    File,
    Image,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from modelscan.types.messages import Message, system, user
from modelscan.types.tools import ForcedTool, JsonSchema, ProviderTool, Tool
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import AnthropicErrors, Messages, MessagesServer

TARGET = Target(base_urls={"default": "https://api.anthropic.com"}, model="claude-opus-5-5")
REQUEST = ChatRequest(messages=(user("Hello"),))
SERVER: ServerCodec = MessagesServer()
CALL = ServerCall(request=REQUEST, model="claude-opus-5-5")
CITED = Citation(url="https://e.org", title="E", text="blue", location="url", extra={"encrypted_index": "I"})
SEARCH = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
PARTS: tuple[AnyPart, ...] = (
    Reasoning(text="Hm.", signature="SIG"),
    Reasoning(encrypted="SECRET"),
    ProviderPart(kind="server_tool_use", extra=SEARCH),
    Text(
        text="Blue.", citations=(CITED, Citation(text="x", document="0", location="char", source_start=1, source_end=2))
    ),
    ToolCall(id="t", name="f", arguments='{"a":1}', extra={"caller": {"type": "direct"}}),
)
REPLY = ChatReply[None](
    message=Message("assistant", PARTS, wire="anthropic"),
    finish_reason="tool_calls",
    raw_finish_reason="tool_use",
    usage=Usage(
        input_tokens=150,
        output_tokens=50,
        cached_tokens=100,
        cache_write_tokens=30,
        cache_write_1h_tokens=10,
        reasoning_tokens=20,
        searches=1,
        other={"web_fetch_requests": 2},
    ),
    model="claude-opus-5-5",
    id="msg_1",
    request_id="req_1",
    extra={"service_tier": "standard", "container": {"id": "c"}},
)


def posted(body: Any, headers: tuple[tuple[str, str], ...] = ()) -> HttpRequest:
    return HttpRequest(url="/v1/messages", body=json.dumps(body).encode(), headers=headers)


def parsed(**fields: Any) -> ChatRequest:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}], **fields}
    request: ChatRequest = SERVER.parse(posted(body)).request
    return request


def read(response: HttpResponse) -> ChatReply[None]:
    return Messages().decode(response, REQUEST, TARGET)


def streamed(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    """What the client reads of the stream that the server writes of these chunks."""
    encoder = SERVER.stream(CALL)
    written = b"".join([*[encoder.encode(chunk) for chunk in chunks], encoder.finish()])
    decoder = Messages().decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
    fold = ChatFold()
    for frame in decoder.framing.feed(written):
        for chunk in decoder.feed(frame):
            fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    return fold.reply()


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def test_the_server_s_path_is_that_of_the_messages() -> None:
    assert SERVER.paths == ("/v1/messages",)


# --- Requests ---------------------------------------------------------------------------------------------------------

CONVERSATION = ChatRequest(
    messages=(
        Message("system", (Text(text="Be brief.", cache="1h"), Text(text="Please."))),
        user(
            "What is it?",
            Image(data=b"\x89PNG", media_type="image/png", cache="5m"),
            Image(url="https://e.org/a.png"),
            Image(file_id="file_1"),
            File(data=b"%PDF", media_type="application/pdf", name="R", context="C", citable=True),
            File(data="Grüße".encode(), media_type="text/plain"),
            ProviderPart(
                kind="document",
                extra={"type": "document", "source": {"type": "content", "content": "x"}},
            ),
        ),
        Message("assistant", PARTS, wire="anthropic"),
        Message(
            "tool",
            (
                ToolResult(call_id="t", content=(Text(text="Sun"), Image(url="https://e.org/b.png"))),
                ToolResult(call_id="u", content=(Text(text="none"),), is_error=True, cache="5m"),
            ),
        ),
        Message("assistant", (Text(text="Hm."),), wire="anthropic", extra={"annotation": "a"}),
        user("Well?"),
    ),
    tools=(
        Tool("f", "Does.", {"type": "object"}, strict=False, cache="1h"),
        ProviderTool("web_search_20250305", {"name": "web_search", "max_uses": 3}),
        ProviderTool("custom", {"name": "g", "input_schema": {}, "eager_input_streaming": True}),
    ),
    tool_choice=ForcedTool("f"),
    parallel_tool_calls=False,
    max_output_tokens=100,
    temperature=0.5,
    top_p=0.9,
    top_k=40,
    stop=("END",),
    end_user="u",
    reasoning=ReasoningOptions(effort="high", summary="auto"),
    response_format=JsonSchema({"type": "object", "properties": {}, "additionalProperties": False}),
    extra={"betas": ["files-api-2025-04-14"], "service_tier": "auto", "metadata": {"team": "a"}},
)


def test_a_request_is_parsed_as_it_was_written() -> None:
    for is_stream in (False, True):
        sent = (Messages().encode_stream if is_stream else Messages().encode)(CONVERSATION, TARGET)
        assert SERVER.parse(sent) == ServerCall(request=CONVERSATION, model="claude-opus-5-5", is_stream=is_stream)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"reasoning": ReasoningOptions(effort="none")},
        {"reasoning": ReasoningOptions(budget_tokens=2000)},
        {"reasoning": ReasoningOptions(budget_tokens=2000, summary="none")},
        {"reasoning": ReasoningOptions(effort="max")},
        {"extra": {"thinking": {"type": "adaptive"}}},
        {"extra": {"output_config": {"effort": "low"}}},
        {"extra": {"thinking": {"type": "enabled", "budget_tokens": 2000}, "output_config": {"effort": "low"}}},
        {"tools": (Tool("f"),), "tool_choice": "auto", "parallel_tool_calls": False},
        {"tools": (Tool("f"),), "tool_choice": "required"},
        {"tools": (Tool("f"),), "tool_choice": "none"},
    ],
)
def test_every_choice_survives_the_way_there_and_back(fields: dict[str, Any]) -> None:
    request = ChatRequest(messages=(user("Hello"),), max_output_tokens=5000, **fields)
    assert SERVER.parse(Messages().encode(request, TARGET)).request == request


def test_what_a_client_may_leave_out_or_write_shortly_is_understood() -> None:
    assert parsed(system="S", temperature=None).messages == (system("S"), user("Hello"))
    older = parsed(output_format={"type": "json_schema", "schema": {"type": "object"}})
    assert older.response_format == JsonSchema({"type": "object"})
    result = {"type": "tool_result", "tool_use_id": "t", "content": "Sun"}
    mixed = [result, {"type": "text", "text": "Well?"}]
    assert parsed(messages=[{"role": "user", "content": mixed}]).messages == (
        Message("tool", (ToolResult(call_id="t", content=(Text(text="Sun"),)),)),
        user("Well?"),
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "no JSON object"),
        ({}, "model: Field required"),
        ({"model": "m", "max_tokens": 5}, "messages: Field required"),
        ({"model": "m", "messages": []}, "max_tokens: Field required"),
        ({"model": "m", "max_tokens": 5, "messages": [{"role": "user"}]}, "content: Field required"),
        ({"model": "m", "max_tokens": 5, "messages": "Hello"}, "no request"),
        (
            {
                "model": "m",
                "max_tokens": 5,
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "image",
                                "source": {"type": "base64", "media_type": "image/png", "data": "?"},
                            }
                        ],
                    }
                ],
            },
            "no request",
        ),
    ],
)
def test_a_request_that_is_none_is_refused_with_a_400(body: Any, words: str) -> None:
    with pytest.raises(BadRequestError, match=words) as caught:
        SERVER.parse(posted(body))
    assert caught.value.status == 400


def test_a_request_without_a_body_is_refused() -> None:
    with pytest.raises(BadRequestError):
        SERVER.parse(HttpRequest(url="/v1/messages"))


# --- Replies ----------------------------------------------------------------------------------------------------------


def test_a_whole_answer_is_read_as_it_was() -> None:
    response = SERVER.reply(REPLY, CALL)
    assert msgspec.structs.replace(read(response), raw_body=b"") == REPLY
    assert response.header("content-type") == "application/json"


def test_an_answer_without_ids_or_usage_is_written_all_the_same() -> None:
    reply = read(SERVER.reply(ChatReply(message=Message("assistant", (Text(text="Hi"),))), CALL))
    assert (reply.text, reply.finish_reason, reply.usage) == ("Hi", None, Usage())


@pytest.mark.parametrize(
    ("reason", "raw", "read_back"),
    [
        ("stop", "", "stop"),
        ("stop", "stop_sequence", "stop"),
        ("length", "MAX_TOKENS", "length"),
        ("tool_calls", "", "tool_calls"),
        ("content_filter", "SAFETY", "refusal"),
        ("pause", "", "pause"),
        ("error", "", "stop"),
        ("other", "novel", "other"),
        (None, "", None),
    ],
)
def test_another_vendor_s_reason_to_stop_is_told_in_this_one_s_words(
    reason: Any, raw: str, read_back: str | None
) -> None:
    reply = ChatReply[None](message=Message("assistant"), finish_reason=reason, raw_finish_reason=raw)
    assert read(SERVER.reply(reply, CALL)).finish_reason == read_back
    assert streamed([ChatChunk(finish_reason=reason, raw_finish_reason=raw)]).finish_reason == read_back


def test_a_refusal_is_told_as_text() -> None:
    reply = ChatReply[None](message=Message("assistant", (Refusal(text="No."),)))
    assert read(SERVER.reply(reply, CALL)).text == "No."
    assert streamed([ChatChunk(refusal="No."), ChatChunk(finish_reason="stop")]).text == "No."


# --- Streams ----------------------------------------------------------------------------------------------------------

END = ChatChunk(
    finish_reason="tool_calls", raw_finish_reason="tool_use", usage=REPLY.usage, reply_extra={"container": {"id": "c"}}
)
BEGIN = ChatChunk(
    id="msg_1",
    model="claude-opus-5-5",
    wire="anthropic",
    reply_extra={"service_tier": "standard", "diagnostics": {"d": 1}},
)
PIECES = [
    ChatChunk(reasoning="H"),
    ChatChunk(reasoning="m."),
    ChatChunk(signature="SIG"),
    ChatChunk(part=PARTS[1], index=1),
    ChatChunk(part=PARTS[2], index=2),
    ChatChunk(text="Blu", index=3),
    ChatChunk(citations=(CITED,), index=3),
    ChatChunk(text="e.", index=3),
    ChatChunk(tool_call=ToolCallDelta("t", "f"), extra={"caller": {"type": "direct"}}, index=4),
    ChatChunk(tool_call=ToolCallDelta(arguments='{"a"'), index=4),
    ChatChunk(tool_call=ToolCallDelta(arguments=":1}"), index=4),
]


def test_a_streamed_answer_is_read_as_it_was() -> None:
    chunks = [BEGIN, *PIECES, END]
    assert streamed(chunks) == folded(chunks)


def test_parts_that_come_whole_are_written_as_blocks() -> None:
    chunks = [BEGIN, *[ChatChunk(part=part, index=index) for index, part in enumerate(PARTS)], END]
    assert streamed(chunks) == folded(chunks)


def test_blocks_follow_each_other_and_the_end_comes_last() -> None:
    encoder: StreamEncoder = SERVER.stream(CALL)
    written = [encoder.encode(chunk) for chunk in (BEGIN, END, *PIECES)] + [encoder.finish()]
    names = [line[7:].decode() for line in b"".join(written).splitlines() if line.startswith(b"event: ")]
    starts = [name for name in names if name in ("content_block_start", "content_block_stop")]
    assert starts == ["content_block_start", "content_block_stop"] * 5
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert dict(encoder.head[1])["content-type"] == "text/event-stream; charset=utf-8"


def test_pieces_that_come_in_turn_for_two_calls_keep_to_their_own() -> None:
    chunks = [
        BEGIN,
        ChatChunk(tool_call=ToolCallDelta("a", "f", '{"x"'), index=0),
        ChatChunk(tool_call=ToolCallDelta("b", "g", "{}"), index=1),
        ChatChunk(tool_call=ToolCallDelta(arguments=":1}"), index=0),
        END,
    ]
    assert streamed(chunks) == folded(chunks)


def test_an_empty_answer_is_a_stream_with_an_end() -> None:
    assert streamed([]).message.content == ()
    assert streamed([ChatChunk(part=Text(text=""))]).message.content == (Text(text=""),)


def _piece(kind: str, word: str, index: int) -> ChatChunk:
    return ChatChunk(text=word, index=index) if kind == "text" else ChatChunk(reasoning=word, index=index)


@given(st.lists(st.tuples(st.sampled_from(["text", "reasoning"]), st.text(min_size=1)), max_size=8))
def test_any_words_survive_the_stream(words: list[tuple[str, str]]) -> None:
    chunks = [BEGIN, *[_piece(kind, word, index) for index, (kind, word) in enumerate(words)], END]
    assert streamed(chunks) == folded(chunks)


# --- Errors -----------------------------------------------------------------------------------------------------------

CLASSES = [
    (BadRequestError, 400),
    (ContextLengthError, 400),
    (ContentFilterError, 400),
    (AuthenticationError, 401),
    (QuotaExceededError, 402),
    (PermissionDeniedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (RequestTooLargeError, 413),
    (RateLimitError, 429),
    (ServerError, 500),
    (RequestTimeoutError, 504),
    (OverloadedError, 529),
]


@pytest.mark.parametrize(("class_", "status"), CLASSES)
def test_an_error_is_read_as_it_was(class_: type[ProviderError], status: int) -> None:
    response = SERVER.error(class_("No.", request_id="req_1", retry_after_s=2.5))
    found = AnthropicErrors().error(response)
    assert type(found) is class_
    assert found is not None
    assert (found.status, found.request_id, found.retry_after_s) == (status, "req_1", 2.5)
    assert found.message.endswith("No.")


@pytest.mark.parametrize(("class_", "status"), CLASSES)
def test_an_error_in_mid_stream_is_read_as_it_was(class_: type[ProviderError], status: int) -> None:
    encoder = SERVER.stream(CALL)
    decoder = Messages().decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
    written = encoder.encode(BEGIN) + encoder.error(class_("No."))
    begin, error = decoder.framing.feed(written)
    decoder.feed(begin)
    with pytest.raises(class_) as caught:
        decoder.feed(error)
    assert caught.value.status == status


def test_an_error_keeps_its_status_and_its_words_where_they_say_what_it_is() -> None:
    response = SERVER.error(ContextLengthError("Prompt is too long: 9 tokens", status=413))
    assert response.status == 413
    assert json.loads(response.body)["error"]["message"] == "Prompt is too long: 9 tokens"
    assert SERVER.error(ServerError("x", status=200)).status == 500


def test_a_part_that_the_format_has_no_block_for_is_refused() -> None:
    from modelscan.types.content import Audio

    with pytest.raises(UnsupportedError):
        SERVER.reply(ChatReply(message=Message("assistant", (Audio(data=b"x"),))), CALL)
