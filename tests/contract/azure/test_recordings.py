"""Every recording of Azure OpenAI decodes to what its bytes say, by another reading of the same bytes."""

from __future__ import annotations

import base64
import json
import struct
from collections import Counter
from typing import Any

import pytest

import recordings
import splits
from azure.codec import AzureChat, AzureEmbeddings, AzureResponses
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import StreamDecoder
from modelscan.errors import AuthenticationError, ContentFilterError, NotFoundError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.wire.openai_compatible import OpenAIErrors
from recordings import Recording, needs_recordings

pytestmark = needs_recordings

REQUEST = ChatRequest(messages=(user("hi"),))
TARGET = Target(base_urls={"default": "https://r.example.org"}, model="gpt-5", params={"api_version": "v"})
ERRORS = {"401": AuthenticationError, "DeploymentNotFound": NotFoundError, "content_filter": ContentFilterError}
LEFT_OUT = {"azure-reasoning-encrypted-content.1.chunks.txt": "its file holds two streams, one after the other"}
Walked = dict[str, Any]


def kind_of(found: Recording) -> str:
    if found.is_stream:
        return "stream"
    if "error" in (body := json.loads(found.response.body)) and body["error"]:
        return "error"
    return "vectors" if found.capability == "embeddings" else "whole"


def all_of(kind: str) -> list[Recording]:
    if not recordings.RECORDINGS.is_dir():
        return []
    return [found for found in recordings.interactions(provider="azure-openai") if kind_of(found) == kind]


def operation_of(found: Recording) -> AzureChat | AzureResponses:
    is_responses = b'"response"' in found.response.body or b"response.created" in found.response.body
    return AzureResponses() if is_responses else AzureChat()


def response_of(found: Recording) -> HttpResponse:
    return HttpResponse(ResponseHead(found.response.status or 200, found.response.headers), found.response.body)


def told(reply: ChatReply[None]) -> Walked:
    return {
        "text": reply.text,
        "calls": [(call.id, call.name, call.arguments) for call in reply.tool_calls],
        "input": reply.usage.input_tokens,
        "output": reply.usage.output_tokens,
        "model": reply.model,
        "id": reply.id,
    }


def walked_response(body: dict[str, Any]) -> Walked:
    """What an object of the Responses API says."""
    contents = [content for item in body["output"] for content in item.get("content") or ()]
    calls = [item for item in body["output"] if item["type"] == "function_call"]
    return {
        "text": "".join(content["text"] for content in contents if content["type"] == "output_text"),
        "calls": [(call["call_id"], call["name"], call["arguments"]) for call in calls],
        "input": body["usage"]["input_tokens"],
        "output": body["usage"]["output_tokens"],
        "model": body["model"],
        "id": body["id"],
    }


def walked_completion(body: dict[str, Any]) -> Walked:
    """What a chat completion says."""
    message = body["choices"][0].get("message", {})
    calls = [(call["id"], call["function"]) for call in message.get("tool_calls") or ()]
    usage = body.get("usage") or {}
    return {
        "text": message.get("content") or "",
        "calls": [(call_id, function["name"], function["arguments"]) for call_id, function in calls],
        "input": usage.get("prompt_tokens", 0),
        "output": usage.get("completion_tokens", 0),
        "model": body["model"],
        "id": body["id"],
    }


def events_of(body: bytes) -> list[dict[str, Any]]:
    lines = [line[5:].strip() for line in body.decode().splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def walked_stream(body: bytes) -> Walked:
    """What the events of a stream say, in either format."""
    events = events_of(body)
    for event in events:
        if event.get("type") in ("response.completed", "response.incomplete"):
            return walked_response(event["response"])
    choices = [choice for event in events for choice in event["choices"]]
    usage: dict[str, int] = next((event["usage"] for event in reversed(events) if event.get("usage")), {})
    return {
        "text": "".join(choice["delta"].get("content") or "" for choice in choices if "delta" in choice),
        "calls": [],
        "input": usage.get("prompt_tokens", 0),
        "output": usage.get("completion_tokens", 0),
        "model": next(event["model"] for event in events if event["model"]),
        "id": next(event["id"] for event in events if event["id"]),
    }


@pytest.mark.parametrize("found", all_of("whole"), ids=repr)
def test_a_whole_answer_is_what_its_bytes_say(found: Recording) -> None:
    body = json.loads(found.response.body)
    walked = walked_response(body) if "output" in body else walked_completion(body)
    assert told(operation_of(found).decode(response_of(found), REQUEST, TARGET)) == walked


@pytest.mark.parametrize("found", all_of("stream"), ids=repr)
def test_a_stream_is_what_its_bytes_say_however_it_is_split(found: Recording) -> None:
    if reason := LEFT_OUT.get(found.path.rpartition("/")[2]):
        pytest.skip(reason)

    def decoder() -> StreamDecoder[ChatChunk]:
        return operation_of(found).decoder(response_of(found).head, REQUEST, TARGET)

    fold = ChatFold()
    for chunk in splits.chunks_of(decoder(), [found.response.body]):
        fold.add(chunk)
    assert told(fold.reply()) == walked_stream(found.response.body)
    assert splits.assert_splits_change_nothing(decoder, found.response.body, found.path) > 0


@pytest.mark.parametrize("found", all_of("vectors"), ids=repr)
def test_vectors_are_the_numbers_in_the_bytes(found: Recording) -> None:
    body = json.loads(found.response.body)
    reply = AzureEmbeddings().decode(response_of(found), EmbedRequest(inputs=("hi",)), TARGET)
    packed = base64.b64decode(body["data"][0]["embedding"])
    assert reply.vectors == (struct.unpack(f"<{len(packed) // 4}f", packed),)
    assert reply.usage.input_tokens == body["usage"]["prompt_tokens"]


@pytest.mark.parametrize("found", all_of("error"), ids=repr)
def test_a_refusal_is_what_its_code_says(found: Recording) -> None:
    error = OpenAIErrors().error(response_of(found))
    assert error is not None
    body = json.loads(found.response.body)["error"]
    assert type(error) is ERRORS[body["code"]]
    assert (error.code, error.message) == (body["code"], body["message"])


def test_all_are_read() -> None:
    counts = Counter(map(kind_of, recordings.interactions(provider="azure-openai")))
    print(dict(counts))  # noqa: T201 - the figures of a run
    assert counts.total() == 63
