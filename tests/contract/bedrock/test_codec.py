"""Bedrock through the whole client, and what the recordings leave open."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

import recordings
from bedrock.codec import CONNECTION, ClaudeMessages, Converse, modelscan_provider
from bedrock.decode import reply_of
from bedrock.encode import body_of
from bedrock.errors import BedrockErrors
from event_stream_writer import message, text
from modelscan import Account, AsyncClient, Secret
from modelscan.auth.credentials import find_credential
from modelscan.auth.signer import Signer
from modelscan.contracts.auth import Credential
from modelscan.contracts.http import Body, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.errors import (
    ContextLengthError,
    DecodeError,
    InvalidRequestError,
    MediaError,
    ModelScanError,
    OverloadedError,
    ProviderError,
    RateLimitError,
    ServerError,
    StreamCutError,
    UnsupportedError,
)
from modelscan.testing.loopback import Conversation, LoopbackServer, answer
from modelscan.types.chat import ChatRequest, ReasoningOptions
from modelscan.types.content import Audio, File, Image, ProviderPart, Reasoning, Text, ToolCall, Video
from modelscan.types.messages import Message, assistant, system, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool
from recordings import needs_recordings

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
TARGET = Target(base_urls={"default": "https://b.example.org"}, model=MODEL, params={"region": "us-east-1"})
REQUEST = ChatRequest(messages=(user("hi"),))
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-canary-0123456789"}
HEAD = ResponseHead(200, (("x-amzn-requestid", "r-1"),))


def event(name: str, payload: dict[str, Any]) -> bytes:
    headers = text(":event-type", name) + text(":content-type", "application/json") + text(":message-type", "event")
    return message(headers, json.dumps(payload).encode())


def exception(name: str, payload: bytes) -> bytes:
    return message(text(":exception-type", name) + text(":message-type", "exception"), payload)


ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
    "metrics": {"latencyMs": 1},
}
STREAM = (
    event("messageStart", {"role": "assistant"})
    + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}})
    + event("contentBlockStop", {"contentBlockIndex": 0})
    + event("messageStop", {"stopReason": "end_turn"})
    + event("metadata", {"usage": ANSWER["usage"], "metrics": {"latencyMs": 1}})
)


def signature_of(talk: Conversation, secret: str) -> str:
    """The signature that AWS would expect, from what arrived; the path is encoded once more as AWS's page says."""
    request = talk.request
    authorization = request.header("authorization") or ""
    scope = authorization.partition("/")[2].partition(",")[0]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    path = request.path.replace("%", "%25")
    headers = "".join(f"{name}:{request.header(name)}\n" for name in names)
    body_hash = hashlib.sha256(request.body).hexdigest()
    canonical = f"{request.method}\n{path}\n\n{headers}\n{';'.join(names)}\n{body_hash}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{request.header('x-amz-date')}\n{scope}\n{digest}"
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


class Vendor:
    """Bedrock on this machine: it checks signatures, and answers both ways."""

    def __init__(self) -> None:
        self.refused = 0

    async def __call__(self, talk: Conversation) -> bool:
        await talk.read_body()
        if not (talk.request.header("authorization") or "").endswith(signature_of(talk, KEYS["secret_access_key"])):
            self.refused += 1
            return await _sent(talk, b'{"message": "bad signature"}', 403)
        if talk.request.path.endswith("/converse-stream"):
            return await _sent(talk, STREAM, 200, "application/vnd.amazon.eventstream")
        return await _sent(talk, json.dumps(ANSWER).encode(), 200)


async def _sent(talk: Conversation, body: bytes, status: int, kind: str = "application/json") -> bool:
    await talk.head(status, [("content-type", kind), ("content-length", str(len(body))), ("x-amzn-requestid", "r-1")])
    await talk.write(body)
    return True


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer(Vendor()) as running:
        yield running


def client_of(server: LoopbackServer, key: Any) -> AsyncClient:
    return AsyncClient(
        plugins=(SimpleNamespace(modelscan_provider=modelscan_provider),),
        api_keys={"bedrock": key},
        accounts=[Account(provider="bedrock", region="us-east-1", base_urls={"default": server.url})],
        config=False,
    )


async def test_a_call_is_signed_as_aws_checks_it(server: LoopbackServer) -> None:
    async with client_of(server, KEYS) as client:
        reply = await client.chat("hi", model=f"bedrock/{MODEL}")
        async with client.stream("hi", model=f"bedrock/{MODEL}") as stream:
            streamed = await stream.reply()
    assert (reply.text, streamed.text, reply.request_id) == ("Hello", "Hello", "r-1")
    assert reply.usage == streamed.usage
    assert server.requests[0].path == "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
    assert "/us-east-1/bedrock/aws4_request" in (server.requests[0].header("authorization") or "")


async def test_a_wrong_key_is_refused_once_and_not_shown(server: LoopbackServer) -> None:
    async with client_of(server, {**KEYS, "secret_access_key": "wrong-canary"}) as client:
        with pytest.raises(ModelScanError, match="bad signature") as caught:
            await client.chat("hi", model=f"bedrock/{MODEL}")
    assert "canary" not in f"{caught.value} {vars(caught.value)}"
    assert len(server.requests) == 1


async def test_an_api_key_is_a_bearer() -> None:
    async with LoopbackServer(answer(json.dumps(ANSWER).encode())) as plain, client_of(plain, "abc") as client:
        assert (await client.chat("hi", model=f"bedrock/{MODEL}")).text == "Hello"
    assert plain.requests[0].header("authorization") == "Bearer abc"


def test_keys_come_from_the_variables_and_files_that_aws_users_have(tmp_path: Any) -> None:
    file = tmp_path / "credentials"
    file.write_text("[work]\naws_access_key_id = i\naws_secret_access_key = s\naws_session_token = t\n")
    account = Account(provider="bedrock", region="us-east-1")
    here = {"AWS_SHARED_CREDENTIALS_FILE": str(file), "MODELSCAN_HOME": str(tmp_path)}
    found = find_credential(account, CONNECTION, {}, {**here, "AWS_PROFILE": "work"})
    assert found is not None
    assert list(found.secrets) == ["access_key_id", "secret_access_key", "session_token"]
    variables = {"AWS_ACCESS_KEY_ID": "i", "AWS_SECRET_ACCESS_KEY": "s"}
    found = find_credential(account, CONNECTION, {}, {**here, **variables})
    assert found is not None
    assert list(found.secrets) == ["access_key_id", "secret_access_key"]


@needs_recordings
async def test_a_clock_that_aws_refused_in_a_recording_is_corrected_by_its_answer() -> None:
    refusals = [
        found
        for found in recordings.interactions(provider="bedrock")
        if found.response.header("x-amzn-errortype").startswith("InvalidSignature")
    ]
    assert len(refusals) == 7
    for refusal in refusals:
        expired, _, theirs = re.findall(r"\d{8}T\d{6}Z", json.loads(refusal.response.body)["message"])
        signed_at = datetime.strptime(expired, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        head = ResponseHead(403, refusal.response.headers)
        again = await signed_by_a_clock_at(signed_at, head)
        assert again is not None
        assert dict(again.headers)["x-amz-date"] == theirs


async def signed_by_a_clock_at(moment: datetime, refusal: ResponseHead) -> HttpRequest | None:
    """The request that follows one which was signed at this moment and refused so."""

    async def hash_body(body: Body) -> str:
        return "0" * 64

    async def send(request: HttpRequest) -> HttpResponse:
        raise AssertionError("nothing is exchanged here")

    keys = Credential({name: Secret(value) for name, value in KEYS.items()})
    signer = Signer(CONNECTION, TARGET, lambda: keys, hash_body, send, lambda: moment)
    request = HttpRequest(url=f"{TARGET.base_url}/model/m/converse")
    return await signer.renewed(request, TARGET, await signer.sign(request, TARGET), refusal)


def test_a_model_may_be_named_by_its_arn() -> None:
    target = Target(base_urls=TARGET.base_urls, model="arn:aws:bedrock:us-east-1:1:inference-profile/us.x")
    url = Converse().encode(REQUEST, target).url
    assert url == "https://b.example.org/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.x/converse"


def test_a_conversation_is_told_in_converses_words() -> None:
    call = ToolCall(id="c", name="f", arguments='{"a": 1}')
    request = ChatRequest(
        messages=(
            system("Be brief."),
            user("look", Image(data=b"\x89", media_type="image/png"), Text(text="here", cache="1h")),
            Message(
                "assistant", (Reasoning(text="hm", signature="s"), Reasoning(encrypted="e"), call), wire="converse"
            ),
            tool_result(call, "42"),
            tool_result(ToolCall(id="d", name="f"), "no", is_error=True),
            assistant("So?", Reasoning(text="of another vendor")),
            user(
                File(data=b"%PDF", media_type="application/pdf", name="doc", context="c", citable=True),
                Video(url="s3://bucket/film.mp4", media_type="video/mp4"),
            ),
        ),
        tools=(Tool("f", "Does.", {"type": "object"}, strict=True, cache="5m"), ProviderTool("nova_grounding")),
        tool_choice=ForcedTool("f"),
        response_format=JsonSchema({"type": "object"}, name="n", description="d"),
        max_output_tokens=5,
        temperature=0.5,
        top_p=0.9,
        stop=("x",),
        extra={"performanceConfig": {"latency": "optimized"}},
    )
    body = json.loads(Converse().encode(request, TARGET).body)  # type: ignore[arg-type]  # JSON is bytes
    assert body == {
        "system": [{"text": "Be brief."}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "look"},
                    {"image": {"format": "png", "source": {"bytes": "iQ=="}}},
                    {"text": "here"},
                    {"cachePoint": {"type": "default", "ttl": "1h"}},
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                    {"reasoningContent": {"redactedContent": "e"}},
                    {"toolUse": {"toolUseId": "c", "name": "f", "input": {"a": 1}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "c", "content": [{"text": "42"}]}},
                    {"toolResult": {"toolUseId": "d", "content": [{"text": "no"}], "status": "error"}},
                ],
            },
            {"role": "assistant", "content": [{"text": "So?"}]},
            {
                "role": "user",
                "content": [
                    {
                        "document": {
                            "format": "pdf",
                            "name": "doc",
                            "source": {"bytes": "JVBERg=="},
                            "context": "c",
                            "citations": {"enabled": True},
                        }
                    },
                    {"video": {"format": "mp4", "source": {"s3Location": {"uri": "s3://bucket/film.mp4"}}}},
                ],
            },
        ],
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]},
        "toolConfig": {
            "tools": [
                {
                    "toolSpec": {
                        "name": "f",
                        "inputSchema": {"json": {"type": "object"}},
                        "description": "Does.",
                        "strict": True,
                    }
                },
                {"cachePoint": {"type": "default"}},
                {"systemTool": {"name": "nova_grounding"}},
            ],
            "toolChoice": {"tool": {"name": "f"}},
        },
        "outputConfig": {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": '{"type":"object"}', "name": "n", "description": "d"}},
            }
        },
        "performanceConfig": {"latency": "optimized"},
    }


@pytest.mark.parametrize(("choice", "told"), [("auto", {"auto": {}}), ("required", {"any": {}}), (None, None)])
def test_tools_are_chosen_freely_or_asked_for(choice: Any, told: Any) -> None:
    request = ChatRequest(messages=REQUEST.messages, tools=(Tool("f"),), tool_choice=choice)
    assert body_of(request)["toolConfig"].get("toolChoice") == told


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"seed": 1}, UnsupportedError),
        ({"reasoning": ReasoningOptions(effort="low")}, UnsupportedError),
        ({"response_format": JsonObject()}, UnsupportedError),
        ({"tools": (Tool("f"),), "tool_choice": "none"}, UnsupportedError),
        ({"messages": (user(Audio(data=b"x", media_type="audio/wav")),)}, UnsupportedError),
        ({"messages": (assistant(ProviderPart(kind="x")),)}, UnsupportedError),
        ({"messages": (user(Image(url="https://x.org/a.png", media_type="image/png")),)}, MediaError),
        ({"messages": (user(Image(data=b"x")),)}, MediaError),
        ({"messages": (user(File(data=b"x", media_type="application/zip")),)}, MediaError),
        ({"messages": (assistant(ToolCall(id="c", name="f", arguments="[1")),)}, InvalidRequestError),
    ],
)
def test_what_converse_has_no_word_for_is_refused(fields: dict[str, Any], error: type[ModelScanError]) -> None:
    with pytest.raises(error):
        body_of(ChatRequest(**{"messages": REQUEST.messages, **fields}))


def decoded(content: list[Any], **more: Any) -> Any:
    body = {**ANSWER, "output": {"message": {"role": "assistant", "content": content}}, **more}
    return reply_of(HttpResponse(HEAD, json.dumps(body).encode()))


CITATION = {
    "title": "t",
    "source": "s",
    "sourceContent": [{"text": "quote"}],
    "location": {"documentChar": {"documentIndex": 0, "start": 1, "end": 2}},
}


def test_citations_hidden_thoughts_and_unknown_blocks_are_kept() -> None:
    cited = {"citationsContent": {"content": [{"text": "a"}, {"text": "b"}], "citations": [CITATION, {}]}}
    reply = decoded(
        [cited, {"reasoningContent": {"redactedContent": "e"}}, {"image": {"format": "png"}}], trace={"x": 1}
    )
    quote = reply.citations[0]
    assert (reply.text, quote.text, quote.location, quote.source_start) == ("ab", "quote", "documentChar", 1)
    assert reply.message.content[1:] == (
        Reasoning(encrypted="e"),
        ProviderPart(kind="image", extra={"image": {"format": "png"}}),
    )
    assert reply.extra == {"trace": {"x": 1}}


def test_cached_tokens_are_a_part_of_the_input() -> None:
    usage = {
        "inputTokens": 1,
        "outputTokens": 2,
        "cacheReadInputTokens": 10,
        "cacheWriteInputTokens": 100,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 60}, {"ttl": "5m", "inputTokens": 40}],
    }
    told = decoded([], usage=usage).usage
    assert (told.input_tokens, told.cached_tokens, told.cache_write_tokens) == (111, 10, 100)
    assert told.cache_write_1h_tokens == 60
    assert not decoded([], usage=None).usage.is_reported


def test_a_reason_that_is_new_is_kept_in_the_vendors_word() -> None:
    reply = decoded([], stopReason="out_of_luck")
    assert (reply.finish_reason, reply.raw_finish_reason) == ("other", "out_of_luck")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"output": {"message": {"content": [1]}}}'])
def test_a_body_that_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Converse().decode(HttpResponse(HEAD, body), REQUEST, TARGET)


def chunks(*messages: bytes, cut: bool = False, operation: Any = None) -> list[Any]:
    decoder = (operation or Converse()).decoder(HEAD, REQUEST, TARGET)
    found = [chunk for frame in decoder.framing.feed(b"".join(messages)) for chunk in decoder.feed(frame)]
    return [*found, *decoder.finish(cut=cut)]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("throttlingException", RateLimitError),
        ("modelStreamErrorException", ServerError),
        ("serviceUnavailableException", OverloadedError),
        ("brandNewException", ServerError),
    ],
)
@pytest.mark.parametrize("operation", [Converse(), ClaudeMessages()])
def test_an_exception_in_mid_stream_is_an_error(name: str, error: type[ProviderError], operation: Any) -> None:
    with pytest.raises(error, match="too much") as caught:
        chunks(exception(name, b'{"message": "too much"}'), operation=operation)
    assert (caught.value.code, caught.value.request_id, caught.value.retryable) == (name, "r-1", True)


def test_an_error_of_the_streams_own_layer_is_one_too() -> None:
    headers = text(":message-type", "error") + text(":error-code", "InternalError") + text(":error-message", "oh")
    with pytest.raises(ServerError, match="oh"):
        chunks(message(headers))


def test_a_stream_that_ends_early_is_cut() -> None:
    for cut in (False, True):
        with pytest.raises(StreamCutError):
            chunks(event("messageStart", {"role": "assistant"}), cut=cut)


def test_what_a_stream_may_also_hold() -> None:
    start = {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "c", "name": "f"}}}
    found = chunks(
        event("contentBlockStart", start),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"reasoningContent": {"redactedContent": "e"}}}),
        event("contentBlockDelta", {"contentBlockIndex": 2, "delta": {"citation": CITATION}}),
        event("contentBlockDelta", {"contentBlockIndex": 3, "delta": {"image": {}}}),
        event("contentBlockStart", {"contentBlockIndex": 3, "start": {"image": {"format": "png"}}}),
        event("somethingNew", {}),
        event("messageStop", {"stopReason": "tool_use"}),
    )
    assert found[1].tool_call.arguments == "{}"
    assert found[2].part == Reasoning(encrypted="e")
    assert found[3].citations[0].text == "quote"
    assert found[-1].finish_reason == "tool_calls"
    assert len(found) == 5


def test_a_call_that_nobody_closed_has_empty_arguments() -> None:
    start = {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "c", "name": "f"}}}
    found = chunks(event("contentBlockStart", start), event("messageStop", {"stopReason": "tool_use"}))
    assert found[-1].tool_call.arguments == "{}"


@pytest.mark.parametrize("operation", [Converse(), ClaudeMessages()])
def test_a_message_that_is_no_event_is_refused(operation: Any) -> None:
    with pytest.raises(DecodeError):
        chunks(message(text(":event-type", "x"), b"no"), operation=operation)


def test_claude_is_asked_in_its_own_words_without_its_name() -> None:
    request = ClaudeMessages().encode_stream(REQUEST, TARGET)
    body = json.loads(request.body)  # type: ignore[arg-type]  # JSON is bytes
    assert request.url.endswith("/invoke-with-response-stream")
    assert body["anthropic_version"] == "bedrock-2023-05-31"
    assert not {"model", "stream"} & body.keys()
    assert ClaudeMessages().encode(REQUEST, TARGET).url.endswith("/invoke")


def test_errors_are_told_by_their_header_or_by_their_status() -> None:
    def error(status: int, name: str, body: bytes) -> Any:
        head = ResponseHead(status, (("x-amzn-errortype", name),))
        return BedrockErrors().error(HttpResponse(head, body))

    assert error(200, "", b"{}") is None
    assert type(error(400, "ValidationException", b'{"message": "Input is too long for it"}')) is ContextLengthError
    assert type(error(503, "", b"busy")) is OverloadedError
    assert error(403, "a#AccessDeniedException:http://x", b'{"Message": "no"}').message == "no"
