"""The server's side: what it writes, the client reads as it was, and what the client writes, it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.servers import ServerCall, ServerCodec
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
)
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import (
    AudioOptions,
    ChatChunk,
    ChatReply,
    ChatRequest,
    Choice,
    ReasoningOptions,
    TokenLogprob,
    ToolCallDelta,
)
from modelscan.types.content import (
    Audio,
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
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.messages import Message, system, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer

TARGET = Target(base_urls={"default": "http://127.0.0.1/v1"}, model="gpt-5.5")
REQUEST = ChatRequest(messages=(user("Hi"),))
CALL = ServerCall(request=REQUEST, model="gpt-5.5")
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
CHAT, RESPONSES = ChatCompletions(reasoning_field="reasoning_content"), Responses()
SIDES: list[tuple[Any, ServerCodec]] = [(CHAT, OpenAIServer()), (RESPONSES, ResponsesServer())]
both = pytest.mark.parametrize(("client", "server"), SIDES, ids=["chat", "responses"])

SHARED = ChatRequest(
    messages=(
        system("Be brief."),
        user("Look", Image(url="https://e.org/a.png", detail="low"), Image(data=b"\x89PNG", media_type="image/png")),
        user(File(data=b"%PDF-", media_type="application/pdf", name="a.pdf"), File(file_id="file-1")),
        system("More."),
        user("Hi"),
    ),
    tools=(
        Tool("f", "Does.", SCHEMA, strict=True),
        Tool("g", parameters=SCHEMA, strict=False),
        ProviderTool("custom", {"x": 1}),
    ),
    tool_choice=ForcedTool("f"),
    parallel_tool_calls=False,
    response_format=JsonSchema(SCHEMA, name="n", description="d"),
    max_output_tokens=5,
    temperature=0.5,
    top_p=0.5,
    logprobs=True,
    top_logprobs=1,
    reasoning=ReasoningOptions(effort="low"),
    end_user="u",
    extra={"metadata": {"a": "b"}},
)
OF_CHAT = ChatRequest(
    messages=(
        user(Audio(data=b"RIFF", media_type="audio/wav"), ProviderPart(kind="odd", extra={"x": 1})),
        Message("user", (Text(text="x"),), name="ann"),
        Message(
            "assistant",
            (
                Reasoning(text="Hm"),
                Text(text="Yes"),
                Refusal(text="No"),
                ToolCall(id="c", name="f", arguments="{}", extra={"extra_content": {"s": "S"}}),
                ToolCall(id="d", name="g", arguments="x+", extra={"type": "custom"}),
            ),
            wire="openai-chat",
            extra={"prefix": True},
        ),
        Message("tool", (ToolResult(call_id="c", content=(Text(text="1"),)),)),
        Message("assistant", (Audio(data=b"", id="audio_1"),), wire="openai-chat"),
    ),
    tool_choice="required",
    response_format=JsonObject(),
    stop=("x", "y"),
    seed=1,
    presence_penalty=0.1,
    frequency_penalty=0.2,
    modalities=("text", "audio"),
    audio=AudioOptions("alloy", "mp3"),
    choices=2,
)
OF_RESPONSES = ChatRequest(
    messages=(
        user(Image(file_id="file-1"), File(url="https://e.org/a.pdf"), ProviderPart(kind="input_odd", extra={"x": 1})),
        Message(
            "assistant",
            (
                Reasoning(text="Hm", encrypted="X", id="rs_1"),
                Text(text="Yes", citations=(Citation(url="https://e.org", location="url"),), extra={"id": "msg_1"}),
                Refusal(text="No", extra={"id": "msg_1"}),
                ToolCall(id="c", name="f", arguments="{}", extra={"id": "fc_1"}),
                ToolCall(id="d", name="g", arguments="x+", extra={"type": "custom_tool_call", "id": "ct_1"}),
                ProviderPart(kind="web_search_call", extra={"type": "web_search_call", "id": "ws_1"}),
            ),
            wire="openai-responses",
        ),
        Message("tool", (ToolResult(call_id="c", content=(Text(text="1"), Image(url="https://e.org/a.png"))),)),
        user(ProviderPart(kind="local_shell_call_output", extra={"id": "x", "output": "ok"})),
    ),
    tool_choice="auto",
    response_format=JsonObject(),
    reasoning=ReasoningOptions(effort="high", summary="auto"),
    extra={"store": True, "include": ["file_search_call.results"]},
)


@pytest.mark.parametrize(
    ("client", "server", "request_"),
    [(*SIDES[0], SHARED), (*SIDES[1], SHARED), (*SIDES[0], OF_CHAT), (*SIDES[1], OF_RESPONSES)],
)
@pytest.mark.parametrize("is_stream", [True, False])
def test_a_request_is_read_as_it_was(client: Any, server: ServerCodec, request_: ChatRequest, is_stream: bool) -> None:
    sent = (client.encode_stream if is_stream else client.encode)(request_, TARGET)
    call = server.parse(sent)
    assert call.request == request_
    assert (call.model, call.is_stream) == ("gpt-5.5", is_stream)


def parsed(path: str, body: Any, server: ServerCodec | None = None) -> ServerCall:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (server or OpenAIServer()).parse(HttpRequest(url=path, body=raw))


def test_other_ways_to_say_the_same_are_read_too() -> None:
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
        {"role": "function", "content": "c"},
        {"role": "assistant", "content": ""},
    ]
    body = {
        "model": "m",
        "messages": messages,
        "stop": "x",
        "max_tokens": 3,
        "temperature": None,
        "response_format": {"type": "text"},
        "tools": [{"type": "function", "function": {"name": "f"}}],
    }
    found = parsed("/v1/chat/completions?x=1", body).request
    assert found.messages[0] == system("Be brief.")
    assert [type(part) for part in found.messages[1].content] == [Text, Refusal]
    assert found.messages[2].content == (ToolResult(call_id="", content=(Text(text="c"),)),)
    assert found.messages[3].content == ()
    assert (found.stop, found.max_output_tokens, found.response_format) == (("x",), 3, None)
    assert found.tools == (Tool("f"),)


def test_input_as_text_and_messages_without_a_type_are_read() -> None:
    path, server = "/v1/responses", ResponsesServer()
    assert parsed(path, {"model": "m", "input": "Hi", "text": {"format": {"type": "text"}}}, server).request == REQUEST
    items = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    found = parsed(path, {"model": "m", "input": items, "tools": [{"type": "web_search"}]}, server).request
    assert [message.text for message in found.messages] == ["a", "b"]
    assert found.tools == (ProviderTool("web_search"),)


def test_what_no_result_of_a_tool_can_hold_is_left_out() -> None:
    output = [{"type": "input_text", "text": "1"}, {"type": "input_odd", "x": 1}]
    items = [{"type": "function_call_output", "call_id": "c", "output": output}]
    found = parsed("/v1/responses", {"model": "m", "input": items}, ResponsesServer()).request
    assert found.messages[0].content == (ToolResult(call_id="c", content=(Text(text="1"),)),)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/chat/completions", b"{", "no JSON object"),
        ("/v1/chat/completions", {"messages": []}, "model"),
        ("/v1/chat/completions", {"model": "m"}, "'messages'"),
        ("/v1/chat/completions", {"model": "m", "messages": 5}, "no request"),
        ("/v1/embeddings", {"model": "m", "input": [[1, 2]]}, "only text"),
        (
            "/v1/chat/completions",
            {
                "model": "m",
                "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "data:x,y"}}]}],
            },
            "no base64",
        ),
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(path: str, body: Any, words: str) -> None:
    with pytest.raises(BadRequestError, match=words):
        parsed(path, body)


def test_another_path_is_not_found() -> None:
    for server in (OpenAIServer(), ResponsesServer()):
        with pytest.raises(NotFoundError, match="/v1/nothing"):
            parsed("/v1/nothing", {"model": "m"}, server)
        assert isinstance(server, ServerCodec)


# --- Replies ---------------------------------------------------------------------------------------------------------

TEXTS = st.text(max_size=8)
FILLED = st.text(min_size=1, max_size=8)
USAGES = st.builds(
    Usage,
    input_tokens=st.integers(0, 100),
    output_tokens=st.integers(50, 100),
    cached_tokens=st.integers(0, 50),
    cache_write_tokens=st.integers(0, 50),
    reasoning_tokens=st.integers(0, 40),
)
CHAT_CITED = st.builds(
    Citation, url=FILLED, title=TEXTS, start=st.integers(0, 5), end=st.integers(6, 9), location=st.just("url")
)
TOKENS = st.builds(TokenLogprob, FILLED, st.just(-0.5), st.just((1, 2)), st.just((TokenLogprob("x", -1.0, (3,)),)))


@st.composite
def chat_messages(draw: st.DrawFn) -> Message:
    parts: list[Any] = []
    if draw(st.booleans()):
        details = {"reasoning_details": [{"type": "reasoning.encrypted", "data": "X"}]}
        parts.append(Reasoning(text=draw(FILLED), extra=draw(st.sampled_from([{}, details]))))
    if draw(st.booleans()):
        parts.append(Text(text=draw(FILLED), citations=tuple(draw(st.lists(CHAT_CITED, max_size=2)))))
    if draw(st.booleans()):
        parts.append(Refusal(text=draw(FILLED)))
    if draw(st.booleans()):
        audio = Audio(data=b"RIFF", media_type="audio/wav", transcript=draw(TEXTS), id="a", extra={"expires_at": 3})
        parts += [audio, Image(data=b"\x89PNG", media_type="image/png"), Image(url="https://e.org/a.png")]
    extras: list[dict[str, Any]] = [{}, {"type": "custom"}, {"extra_content": {"s": "S"}}]
    extra = st.sampled_from(extras)
    parts += [
        ToolCall(id=f"c{n}", name=draw(FILLED), arguments=draw(TEXTS), extra=draw(extra))
        for n in range(draw(st.integers(0, 2)))
    ]
    return Message("assistant", tuple(parts), wire="openai-chat")


def ending(message: Message) -> tuple[Any, str]:
    if message.tool_calls:
        return "tool_calls", "tool_calls"
    return ("refusal", "stop") if message.refusal else ("stop", "stop")


@st.composite
def chat_replies(draw: st.DrawFn) -> ChatReply[None]:
    first, second = draw(chat_messages()), draw(chat_messages())
    return ChatReply(
        message=first,
        finish_reason=ending(first)[0],
        raw_finish_reason=ending(first)[1],
        usage=draw(USAGES),
        id=draw(FILLED),
        model=draw(FILLED),
        logprobs=tuple(draw(st.lists(TOKENS, max_size=2))),
        alternatives=(Choice(second, *ending(second)),) if draw(st.booleans()) else (),
        extra=draw(st.sampled_from([{}, {"service_tier": "flex"}])),
    )


@st.composite
def response_replies(draw: st.DrawFn) -> ChatReply[None]:
    parts: list[Any] = []
    if draw(st.booleans()):
        parts.append(Reasoning(text=draw(TEXTS), encrypted="X", id="rs"))
    if draw(st.booleans()):
        cited = Citation(title="t", document="f", location="file", source_start=1)
        parts.append(
            Text(text=draw(FILLED), citations=(*draw(st.lists(CHAT_CITED, max_size=1)), cited), extra={"id": "m"})
        )
    if draw(st.booleans()):
        parts.append(Refusal(text=draw(FILLED), extra={"id": "m2"}))
    if draw(st.booleans()):
        item = {"type": "web_search_call", "id": "ws", "action": {"type": "open_page"}}
        parts.append(ProviderPart(kind="web_search_call", extra=item))
        parts.append(Image(data=b"\x89PNG", media_type="image/png", extra={"type": "image_generation_call", "id": "i"}))
    for number in range(draw(st.integers(0, 2))):
        extra = draw(st.sampled_from([{"id": f"fc{number}"}, {"type": "custom_tool_call", "id": f"fc{number}"}]))
        parts.append(ToolCall(id=f"c{number}", name=draw(FILLED), arguments=draw(TEXTS), extra=extra))
    message = Message("assistant", tuple(parts), wire="openai-responses")
    finish = draw(st.sampled_from(["done", "length", "content_filter", "other"]))
    ends = {"length": ("length", "max_output_tokens"), "other": ("other", "steered")}
    reason: Any = (ending(message)[0], "completed") if finish == "done" else ends.get(finish, ("content_filter",) * 2)
    return ChatReply(
        message=message,
        finish_reason=reason[0],
        raw_finish_reason=reason[1],
        usage=draw(USAGES),
        id=draw(FILLED),
        model=draw(FILLED),
        extra=draw(st.sampled_from([{}, {"service_tier": "flex"}])),
    )


def reread(client: Any, server: ServerCodec, reply: ChatReply[None]) -> ChatReply[None]:
    response = server.reply(reply, CALL)
    assert OpenAIErrors().error(response) is None
    found: ChatReply[None] = client.decode(response, REQUEST, TARGET)
    return msgspec.structs.replace(found, raw_body=b"")


def restreamed(client: Any, server: ServerCodec, chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    encoder = server.stream(CALL)
    body = b"".join([*map(encoder.encode, chunks), encoder.finish()])
    status, headers = encoder.head
    decoder = client.decoder(ResponseHead(status, headers), REQUEST, TARGET)
    fold = ChatFold()
    for frame in [*decoder.framing.feed(body), *decoder.framing.finish()]:
        for chunk in decoder.feed(frame):
            fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    return fold.reply()


def chunks_of(reply: ChatReply[None], *, in_pieces: bool) -> list[ChatChunk]:
    """A reply as any provider's stream might tell it: each part whole, or piece by piece."""
    chunks = [ChatChunk(id=reply.id, model=reply.model, reply_extra=reply.extra)]
    choices = [Choice(reply.message, reply.finish_reason, reply.raw_finish_reason, reply.logprobs), *reply.alternatives]
    for number, choice in enumerate(choices):
        for index, part in enumerate(choice.message.content):
            chunks += pieces(part, index, number) if in_pieces else [ChatChunk(part=part, index=index, choice=number)]
        chunks.append(
            ChatChunk(
                choice=number,
                finish_reason=choice.finish_reason,
                raw_finish_reason=choice.raw_finish_reason,
                logprobs=choice.logprobs,
            )
        )
    return [*chunks, ChatChunk(usage=reply.usage)]


def pieces(part: Any, index: int, choice: int) -> list[ChatChunk]:
    def chunk(**fields: Any) -> ChatChunk:
        return ChatChunk(index=index, choice=choice, **fields)

    if isinstance(part, ToolCall):
        begin = chunk(tool_call=ToolCallDelta(part.id, part.name), extra=part.extra)
        # Every piece of a custom tool's call says that it is one, as this family's own decoder does with the first.
        return [begin, *[chunk(tool_call=ToolCallDelta(arguments=one), extra=part.extra) for one in part.arguments]]
    if isinstance(part, Text):
        end = [chunk(citations=part.citations, extra=part.extra)] if part.citations or part.extra else []
        return [*[chunk(text=one) for one in part.text], *end]
    if isinstance(part, Refusal):
        end = [chunk(extra=part.extra)] if part.extra else []
        return [*[chunk(refusal=one) for one in part.text], *end]
    if isinstance(part, Reasoning):
        bare = msgspec.structs.replace(part, text="")
        return [*[chunk(reasoning=one) for one in part.text], chunk(part=bare)]
    return [chunk(part=part)]


@given(chat_replies())
def test_a_reply_of_chat_completions_is_read_as_it_was(reply: ChatReply[None]) -> None:
    assert reread(*SIDES[0], reply) == reply


@given(chat_replies(), st.booleans())
def test_a_stream_of_chat_completions_is_read_as_it_was(reply: ChatReply[None], in_pieces: bool) -> None:
    assert restreamed(*SIDES[0], chunks_of(reply, in_pieces=in_pieces)) == reply


@given(response_replies())
def test_a_reply_of_the_responses_api_is_read_as_it_was(reply: ChatReply[None]) -> None:
    assert reread(*SIDES[1], reply) == reply


@given(response_replies(), st.booleans())
def test_a_stream_of_the_responses_api_is_read_as_it_was(reply: ChatReply[None], in_pieces: bool) -> None:
    assert restreamed(*SIDES[1], chunks_of(reply, in_pieces=in_pieces)) == reply


def said(text: str, **fields: Any) -> ChatReply[None]:
    return ChatReply(message=Message("assistant", (Text(text=text),)), **fields)


@pytest.mark.parametrize(
    ("reason", "raw", "expected"),
    [
        ("stop", "end_turn", ("stop", "stop")),
        ("pause", "pause_turn", ("stop", "stop")),
        ("length", "max_tokens", ("length", "length")),
        ("other", "odd", ("other", "odd")),
        ("other", "", ("stop", "stop")),
        (None, "", (None, "")),
    ],
)
def test_words_of_other_vendors_do_not_go_out(reason: Any, raw: str, expected: tuple[str | None, str]) -> None:
    found = reread(*SIDES[0], said("x", finish_reason=reason, raw_finish_reason=raw))
    assert (found.finish_reason, found.raw_finish_reason) == expected


def test_an_answer_in_the_responses_api_s_short_form_is_read() -> None:
    asked = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    request = HttpRequest(url="/v1/responses", body=json.dumps({"model": "m", "input": asked}).encode())
    assert [message.text for message in ResponsesServer().parse(request).request.messages] == ["Hi", "Hello"]


@pytest.mark.parametrize("status", ["incomplete", "cancelled"])
def test_a_status_without_a_reason_stays_one(status: str) -> None:
    reply = said("x", finish_reason="other", raw_finish_reason=status)
    written = json.loads(ResponsesServer().reply(reply, ServerCall(request=None, model="m")).body)
    assert (written["status"], written["incomplete_details"]) == (status, None)
    found = reread(*SIDES[1], reply)
    assert (found.finish_reason, found.raw_finish_reason) == ("other", status)


def test_an_item_of_a_response_is_complete_and_has_an_id_of_its_own() -> None:
    parts = (Reasoning(text="Hm"), Text(text="x"), ToolCall(id="c", name="f", arguments="{}"))
    reply: ChatReply[None] = ChatReply(message=Message("assistant", parts), finish_reason="stop")
    items = json.loads(ResponsesServer().reply(reply, CALL).body)["output"]
    assert [(item["type"], item["status"]) for item in items] == [
        ("reasoning", "completed"),
        ("message", "completed"),
        ("function_call", "completed"),
    ]
    assert len({item["id"] for item in items}) == 3


@both
def test_a_model_and_a_usage_that_nobody_told(client: Any, server: ServerCodec) -> None:
    reply = reread(client, server, said("x", finish_reason="stop", request_id="req_1"))
    assert (reply.model, reply.usage.is_reported, reply.request_id) == ("gpt-5.5", False, "req_1")
    streamed = restreamed(client, server, [ChatChunk(text="x", finish_reason="stop")])
    assert (streamed.model, streamed.usage.is_reported) == ("gpt-5.5", False)


@both
def test_a_stream_begins_with_success(client: Any, server: ServerCodec) -> None:
    status, headers = server.stream(CALL).head
    assert (status, dict(headers)["content-type"].partition(";")[0]) == (200, "text/event-stream")


@both
def test_a_stream_of_nothing_still_ends(client: Any, server: ServerCodec) -> None:
    assert restreamed(client, server, []).message.content == ()


@both
def test_sources_alone_make_a_text(client: Any, server: ServerCodec) -> None:
    cited = Citation(url="https://e.org", title="E", text="", start=0, end=1, location="url")
    reply = restreamed(client, server, [ChatChunk(citations=(cited,)), ChatChunk(finish_reason="stop")])
    assert reply.citations == (cited,)
    foreign = Citation(location="page", source_start=1, extra={"x": 1})
    text = Text(text="x", citations=(foreign,))
    (kept,) = reread(client, server, ChatReply(message=Message("assistant", (text,)))).citations
    assert kept.location == "page"


def test_log_probabilities_go_beside_the_first_text_of_a_response() -> None:
    logprobs = (TokenLogprob("x", -1.0, (1,)),)
    assert reread(*SIDES[1], said("x", logprobs=logprobs)).logprobs == logprobs
    nothing = ChatReply(message=Message("assistant"), logprobs=logprobs)
    assert reread(*SIDES[1], nothing).logprobs == ()


@pytest.mark.parametrize(
    ("extra", "event"),
    [({}, "function_call_arguments"), ({"type": "custom_tool_call"}, "custom_tool_call_input")],
)
def test_pieces_of_a_call_are_told_by_the_event_of_its_kind(extra: dict[str, Any], event: str) -> None:
    encoder = ResponsesServer().stream(CALL)
    begin, piece = ToolCallDelta("c", "f"), ToolCallDelta(arguments="{}")
    stream = encoder.encode(ChatChunk(tool_call=begin, extra=extra)) + encoder.encode(
        ChatChunk(tool_call=piece, extra=extra)
    )
    assert re.findall(rb"event: response\.(\w+)\.delta", stream) == [event.encode()]


def test_pieces_of_other_answers_have_no_place_in_a_response() -> None:
    chunks = [ChatChunk(text="a"), ChatChunk(text="b", choice=1), ChatChunk(finish_reason="stop")]
    assert restreamed(*SIDES[1], chunks).text == "a"


def test_a_part_that_comes_whole_after_its_pieces_keeps_them() -> None:
    chunks = [ChatChunk(reasoning="Hm"), ChatChunk(part=Reasoning(encrypted="X", id="rs"), finish_reason="stop")]
    (part,) = restreamed(*SIDES[1], chunks).message.content
    assert part == Reasoning(text="Hm", encrypted="X", id="rs")


# --- Embeddings and errors -------------------------------------------------------------------------------------------


def test_embeddings_there_and_back() -> None:
    server, client = OpenAIServer(), Embeddings(encoding="base64")
    request = EmbedRequest(inputs=("a", "b"), dimensions=2, end_user="u", extra={"x": 1})
    call = server.parse(client.encode(request, TARGET))
    assert (call.request, call.model) == (request, "gpt-5.5")
    reply = EmbedReply(vectors=((0.5, 1.0), (2.0, 0.1)), usage=Usage(input_tokens=3), model="m", id="e1")
    found = client.decode(server.reply(reply, call), request, TARGET)
    assert msgspec.structs.replace(found, raw_body=b"") == reply
    unreported = client.decode(server.reply(EmbedReply(vectors=((1.0,), (2.0,))), call), request, TARGET)
    assert (unreported.model, unreported.usage.is_reported) == ("gpt-5.5", False)
    with pytest.raises(BadRequestError, match="stream"):
        server.stream(call)
    single = parsed("/v1/embeddings", {"model": "m", "input": "a"})
    assert single.request == EmbedRequest(inputs=("a",))


KINDS = [
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContentFilterError,
    ContextLengthError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServerError,
]


@both
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_keeps_its_class_message_wait_and_id(
    client: Any, server: ServerCodec, kind: type[ProviderError]
) -> None:
    found = OpenAIErrors().error(server.error(kind("Sorry.", retry_after_s=2.0, request_id="req_1")))
    assert type(found) is kind
    assert (found.message, found.retry_after_s, found.request_id) == ("Sorry.", 2.0, "req_1")
    assert server.error(kind("x", status=418)).status == 418


@both
@pytest.mark.parametrize("kind", [RateLimitError, QuotaExceededError, ContextLengthError, ServerError])
def test_an_error_in_mid_stream_keeps_its_class(client: Any, server: ServerCodec, kind: type[ProviderError]) -> None:
    encoder = server.stream(CALL)
    body = encoder.encode(ChatChunk(text="x")) + encoder.error(kind("Sorry."))
    decoder = client.decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
    *_, last = decoder.framing.feed(body)
    with pytest.raises(kind, match="Sorry"):
        decoder.feed(last)


def test_an_error_of_no_kind_is_the_servers() -> None:
    response = OpenAIServer().error(ProviderError("?", status=200))
    assert isinstance(response, HttpResponse)
    assert response.status == 500
