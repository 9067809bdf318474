"""Every recording of Bedrock decodes to what its bytes say, by another reading of the same bytes."""

from __future__ import annotations

import base64
import json
import struct
from collections import Counter
from typing import Any

import pytest

import recordings
import splits
from bedrock.codec import ClaudeMessages, Converse, NovaDecoder
from bedrock.errors import BedrockErrors
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import StreamDecoder
from modelscan.errors import AuthenticationError, BadRequestError, NotFoundError, PermissionDeniedError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import user
from recordings import Recording, needs_recordings

pytestmark = needs_recordings

REQUEST = ChatRequest(messages=(user("hi"),))
LEFT_OUT = {
    "amazon.titan-text": "Titan's own InvokeModel format; Converse speaks to it",
    "cohere.command": "Cohere's own InvokeModel format; Converse speaks to it",
    "mistral.mistral": "Mistral's own InvokeModel format; Converse speaks to it",
    "reranking": "an answer of another service (bedrock-agent-runtime), not a chat's",
}


def all_of(*, failed: bool = False, is_stream: bool | None = None) -> list[Recording]:
    if not recordings.RECORDINGS.is_dir():
        return []
    return [
        found
        for found in recordings.interactions(provider="bedrock", stream=is_stream)
        if ((found.response.status or 200) >= 400) is failed
    ]


def reason_to_leave_out(found: Recording) -> str:
    where = found.request.url if found.request else found.path
    return next((reason for mark, reason in LEFT_OUT.items() if mark in where), "")


def head_of(found: Recording) -> ResponseHead:
    return ResponseHead(found.response.status or 200, found.response.headers)


def is_claudes(found: Recording) -> bool:
    return found.request is not None and "/anthropic." in found.request.url and "/invoke" in found.request.url


def decoder_of(found: Recording) -> StreamDecoder[ChatChunk]:
    target = Target(base_urls={}, model="anthropic.claude-3-5-sonnet-20240620-v1:0")
    if is_claudes(found):
        return ClaudeMessages().decoder(head_of(found), REQUEST, target)
    if found.request is not None and "/invoke" in found.request.url:
        return NovaDecoder(head_of(found))
    return Converse().decoder(head_of(found), REQUEST, target)


Walked = dict[str, Any]


def told(reply: ChatReply[None]) -> Walked:
    """What our reply says, as plain values."""
    return {
        "text": reply.text,
        "calls": [(call.id, call.name, call.args) for call in reply.tool_calls],
        "reasoning": reply.reasoning,
        "signatures": [part.signature for part in reply.message.content if part.signature],
        "finish": reply.raw_finish_reason,
        "input": reply.usage.input_tokens,
        "output": reply.usage.output_tokens,
    }


def walked_whole(body: bytes) -> Walked:
    """What the bytes of a whole answer say."""
    answer = json.loads(body)
    blocks = answer["output"]["message"]["content"]
    thoughts = [block["reasoningContent"]["reasoningText"] for block in blocks if "reasoningContent" in block]
    calls = [block["toolUse"] for block in blocks if "toolUse" in block]
    usage = answer.get("usage", {})
    cached = [value for name, value in usage.items() if name.startswith("cache") and isinstance(value, int)]
    return {
        "text": "".join(block.get("text", "") for block in blocks),
        "calls": [(call["toolUseId"], call["name"], call["input"]) for call in calls],
        "reasoning": "".join(thought["text"] for thought in thoughts),
        "signatures": [thought["signature"] for thought in thoughts],
        "finish": answer["stopReason"],
        "input": usage.get("inputTokens", 0) + sum(cached),
        "output": usage.get("outputTokens", 0),
    }


def messages_of(body: bytes) -> list[tuple[str, Any]]:
    """The events of a binary stream, read with struct alone."""
    found, at = [], 0
    while at < len(body):
        length, headers_length = struct.unpack_from(">II", body, at)
        headers, end = {}, at + 12 + headers_length
        place = at + 12
        while place < end:
            name = body[place + 1 : place + 1 + body[place]].decode()
            place += 1 + body[place]
            assert body[place] == 7, "the recordings have headers of text alone"
            (size,) = struct.unpack_from(">H", body, place + 1)
            headers[name] = body[place + 3 : place + 3 + size].decode()
            place += 3 + size
        payload = json.loads(body[end : at + length - 4])
        if headers[":event-type"] == "chunk":
            wrapped = json.loads(base64.b64decode(payload["bytes"]))
            found.append((wrapped["type"], wrapped) if "type" in wrapped else next(iter(wrapped.items())))
        else:
            found.append((headers[":event-type"], payload))
        at += length
    return found


def walked_stream(body: bytes) -> Walked:
    """What the bytes of a stream say, in Converse's words or in Claude's."""
    walked: Walked = {
        "text": "", "calls": [], "reasoning": "", "signatures": [], "finish": "", "input": 0, "output": 0
    }  # fmt: skip
    calls: dict[int, list[str]] = {}
    for name, event in messages_of(body):
        index = event.get("contentBlockIndex", 0)
        if name == "contentBlockStart":
            call = event["start"]["toolUse"]
            calls[index] = [call["toolUseId"], call["name"], ""]
        elif name == "contentBlockDelta":
            delta = event["delta"]
            walked["text"] += delta.get("text", "")
            if "toolUse" in delta:
                calls[index][2] += delta["toolUse"]["input"]
            thought = delta.get("reasoningContent", {})
            walked["reasoning"] += thought.get("text", "")
            walked["signatures"] += [thought["signature"]] if "signature" in thought else []
        elif name == "messageStop":
            walked["finish"] = event["stopReason"]
        elif name == "metadata":
            walked["input"], walked["output"] = event["usage"]["inputTokens"], event["usage"]["outputTokens"]
        elif name == "content_block_delta":
            walked["text"] += event["delta"]["text"]
        elif name == "message_start":
            walked["input"] = event["message"]["usage"]["input_tokens"]
        elif name == "message_delta":
            walked["finish"], walked["output"] = event["delta"]["stop_reason"], event["usage"]["output_tokens"]
    walked["calls"] = [(call_id, name, json.loads(text or "{}")) for call_id, name, text in calls.values()]
    return walked


def folded(chunks: list[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


@pytest.mark.parametrize("found", all_of(is_stream=False), ids=repr)
def test_a_whole_answer_is_what_its_bytes_say(found: Recording) -> None:
    if reason := reason_to_leave_out(found):
        pytest.skip(reason)
    response = HttpResponse(head_of(found), found.response.body)
    reply = Converse().decode(response, REQUEST, Target(base_urls={}, model="m"))
    assert told(reply) == walked_whole(found.response.body)
    assert reply.finish_reason in ("stop", "length", "tool_calls")


@pytest.mark.parametrize("found", all_of(is_stream=True), ids=repr)
def test_a_stream_is_what_its_bytes_say_however_it_is_split(found: Recording) -> None:
    if reason := reason_to_leave_out(found):
        pytest.skip(reason)
    body = found.response.body
    reply = folded(splits.chunks_of(decoder_of(found), [body]))
    assert told(reply) == walked_stream(body)
    assert splits.assert_splits_change_nothing(lambda: decoder_of(found), body, found.path) > 0


ERRORS = {
    "ValidationException": BadRequestError,
    "AccessDeniedException": PermissionDeniedError,
    "ResourceNotFoundException": NotFoundError,
    "InvalidSignatureException": AuthenticationError,
}


@pytest.mark.parametrize("found", all_of(failed=True), ids=repr)
def test_a_refusal_is_what_its_header_says(found: Recording) -> None:
    error = BedrockErrors().error(HttpResponse(head_of(found), found.response.body))
    assert error is not None
    name = found.response.header("x-amzn-errortype").split(":")[0]
    assert type(error) is ERRORS[name]
    assert (error.code, error.message) == (name, json.loads(found.response.body)["message"])
    assert error.request_id == found.response.header("x-amzn-requestid")


def test_all_are_read_and_those_left_out_are_few() -> None:
    counts = Counter(
        "failed" if (found.response.status or 200) >= 400
        else "left out" if reason_to_leave_out(found)
        else "streamed" if found.is_stream
        else "whole"
        for found in recordings.interactions(provider="bedrock")
    )  # fmt: skip
    print(dict(counts))  # noqa: T201 - the figures of a run
    assert counts == {"whole": 12, "streamed": 15, "failed": 18, "left out": 6}
