"""What OpenAI's SDK reads in every recorded reply of OpenAI and Azure, our codec reads too."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest

import recordings
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.types.chat import ChatReply, Choice, FinishReason
from modelscan.types.content import AnyPart, Audio, Image, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.embed import EmbedRequest
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer
from oracle import (
    Json,
    Verdicts,
    arguments_of,
    asked,
    form,
    is_framed,
    needs_oracle,
    read_by_sdk,
    read_by_us,
    run,
    written_by_us,
)
from recordings import Recording, needs_recordings

pytestmark = needs_oracle

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-5.5")
PROVIDERS = ("openai", "azure-openai", "openai-chatgpt")
_ERROR_EVENT = re.compile(rb'"type": ?"(error|response.failed)"')

LEFT_OUT = {
    "openai-dotnet/SessionRecords/ChatTests/ChatWithAudioAsync.json#1": (
        "the SDK's accumulator fails at a piece of sound that comes after the finish reason"
    ),
    "prism/Fixtures/openai/stream-multiple-output-items-1.json#0": (
        "its last event has no blank line after it, so that the SDK doesn't see it"
    ),
    "responses/openai-reasoning-encrypted-content.1.chunks.txt#0": "it holds four replies, one after another",
    "azure/azure-reasoning-encrypted-content.1.chunks.txt#0": "the same",
}
"""Recordings whose reading by the SDK is no measure, and why."""

FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


def found(api: str) -> Iterator[Recording]:
    """The successful replies of one API."""
    for provider in PROVIDERS:
        for one in recordings.interactions(provider=provider):
            if one.response.status in (200, None) and one.response.body.strip() and api_of(one) == api:
                yield one


def api_of(one: Recording) -> str:
    """Which API answered, by the bytes: files without requests don't tell; empty for none of these, or an error."""
    body = one.response.body
    event = first_event(body) if is_framed(body) else _loaded(body)
    if event.get("error") or _ERROR_EVENT.search(body):
        return ""  # errors are judged elsewhere
    kind = str(event.get("object") or event.get("type") or "")
    if kind == "response" or (kind.startswith("response.") and "deleted" not in event):
        return "responses"
    if kind == "list":
        items = event.get("data") or [{}]
        return "embeddings" if items[0].get("object") == "embedding" else ""
    return "chat" if "choices" in event and kind in ("chat.completion", "chat.completion.chunk", "") else ""


def is_left_out(one: Recording) -> bool:
    """Whether there is a reason not to compare it."""
    return any(name in repr(one) for name in LEFT_OUT)


def first_event(body: bytes) -> Json:
    """The first event of a stream that holds anything."""
    events = (line[5:].strip() for line in body.splitlines() if line.startswith(b"data:"))
    return next((_loaded(event) for event in events if event not in (b"", b"[DONE]")), {})


def _loaded(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@cache
def readings(api: str) -> list[tuple[Recording, Json]]:
    by_key = {repr(one): one for one in found(api)}
    told = read_by_sdk("sdk_openai_replies.py", {key: (api, one) for key, one in by_key.items()})
    return [(by_key[key], reading) for key, reading in told.items()]


def told(reply: ChatReply[None]) -> Json:
    """Our reply in the words of the SDK's reading."""
    first = Choice(reply.message, reply.finish_reason, reply.raw_finish_reason, reply.logprobs)
    return {
        "id": reply.id,
        "model": reply.model,
        "choices": [told_choice(choice) for choice in (first, *reply.alternatives)],
        "usage": reply.usage,
    }


def told_choice(choice: Choice) -> Json:
    message = choice.message
    audio = next((part for part in message.content if isinstance(part, Audio)), None)
    return {
        "text": message.text,
        "refusal": message.refusal,
        "calls": [[call.id, call.name, arguments_of(call)] for call in message.tool_calls],
        "finish": choice.raw_finish_reason,
        "logprobs": [[token.token, token.logprob, len(token.top)] for token in choice.logprobs],
        "cited": [cited.url or None for part in message.content for cited in cited_in(part)],
        "audio": [audio.id, audio.transcript] if audio else None,
    }


def cited_in(part: AnyPart) -> Sequence[Any]:
    return part.citations if isinstance(part, Text) else ()


def expected_usage(block: Json | None) -> Usage:
    """OpenAI's counts are whole already: its input has the cached tokens in it, its output the reasoning."""
    if block is None:
        return Usage(is_reported=False)
    prompt, completion = block.get("prompt_tokens_details") or {}, block.get("completion_tokens_details") or {}
    predicted = ("accepted_prediction_tokens", "rejected_prediction_tokens")
    return Usage(
        input_tokens=block["prompt_tokens"],
        output_tokens=block.get("completion_tokens") or 0,
        cached_tokens=prompt.get("cached_tokens") or 0,
        cache_write_tokens=prompt.get("cache_write_tokens") or 0,
        reasoning_tokens=completion.get("reasoning_tokens") or 0,
        audio_input_tokens=prompt.get("audio_tokens") or 0,
        audio_output_tokens=completion.get("audio_tokens") or 0,
        image_input_tokens=prompt.get("image_tokens") or 0,
        image_output_tokens=completion.get("image_tokens") or 0,
        other={name: count for name in predicted if (count := completion.get(name))},
    )


def check(reply: ChatReply[None], reading: Json) -> None:
    reading = dict(reading, usage=expected_usage(reading["usage"]))
    for choice in reading["choices"]:
        choice["calls"] = [["call_0" if call[0] is None else call[0], *call[1:]] for call in choice["calls"]]
    reading["id"], reading["model"] = reading["id"] or "", reading["model"] or ""
    assert told(reply) == reading
    expected = FINISH.get(reading["choices"][0]["finish"])
    if expected == "stop" and reply.message.tool_calls:
        expected = "tool_calls"  # a forced tool: the vendor says `stop`
    if expected == "stop" and reply.message.refusal:
        expected = "refusal"
    assert reply.finish_reason == expected


@needs_recordings
def test_every_chat_completion_says_what_the_sdk_reads(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts("chat completions by OpenAI's SDK")
    for one, reading in readings("chat"):
        body = one.response.body
        if is_left_out(one):
            verdicts.counts["left out"] += 1
            continue
        with verdicts.of(one, form(body)):
            check(read_by_us(ChatCompletions(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
def test_every_embedding_says_what_the_sdk_reads(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts("embeddings by OpenAI's SDK")
    for one, reading in readings("embeddings"):
        with verdicts.of(one, "whole"):
            found = reading["reply"]
            request = EmbedRequest(inputs=("hi",) * len(found["vectors"]))
            reply = Embeddings().decode(HttpResponse(ResponseHead(200), one.response.body), request, TARGET)
            assert [list(vector) for vector in reply.vectors] == found["vectors"]
            assert reply.model == (found["model"] or "")
            assert reply.usage.input_tokens == found["usage"]["prompt_tokens"]
    verdicts.tell(capsys)


@needs_recordings
def test_every_response_says_what_the_sdk_reads(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts("responses by OpenAI's SDK")
    for one, reading in readings("responses"):
        body = one.response.body
        if is_left_out(one):
            verdicts.counts["left out"] += 1
            continue
        with verdicts.of(one, form(body)):
            check_response(read_by_us(Responses(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
def test_every_reason_to_leave_a_recording_out_is_one_that_occurs() -> None:
    left_out = [one for api in ("chat", "responses") for one, _ in readings(api) if is_left_out(one)]
    assert len(left_out) == len(LEFT_OUT)


def check_response(reply: ChatReply[None], reading: Json) -> None:
    told = told_response(reply)
    assert told == {name: reading[name] for name in told}
    block = reading["usage"]
    if block is None:
        assert not reply.usage.is_reported
        return
    cached, reasoning = block.get("input_tokens_details") or {}, block.get("output_tokens_details") or {}
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (block["input_tokens"], block["output_tokens"])
    assert reply.usage.cached_tokens == (cached.get("cached_tokens") or 0)
    assert reply.usage.reasoning_tokens == (reasoning.get("reasoning_tokens") or 0)


def told_response(reply: ChatReply[None]) -> Json:
    """Our reply in the words of the SDK's reading."""
    parts = reply.message.content
    is_incomplete = reply.raw_finish_reason in ("max_output_tokens", "content_filter")
    calls = [
        ("custom_calls" if part.extra.get("type") == "custom_tool_call" else "calls", part)
        for part in parts
        if isinstance(part, ToolCall)
    ]
    return {
        "id": reply.id,
        "model": reply.model,
        "status": "incomplete" if is_incomplete else reply.raw_finish_reason,
        "incomplete": reply.raw_finish_reason if is_incomplete else None,
        "text": reply.text,
        "refusal": reply.refusal,
        "reasoning": reply.reasoning,
        "encrypted": [part.encrypted for part in parts if isinstance(part, Reasoning)],
        "calls": [[part.id, part.name, arguments_of(part)] for kind, part in calls if kind == "calls"],
        "custom_calls": [[part.id, part.name, part.arguments] for kind, part in calls if kind == "custom_calls"],
        "cited": [cited.url or cited.document for part in parts for cited in cited_in(part)],
        "kinds": [kind_of(part) for part in parts],
    }


def kind_of(part: AnyPart) -> str:
    if isinstance(part, (ProviderPart, Image)):
        return part.kind if isinstance(part, ProviderPart) else str(part.extra.get("type"))
    if isinstance(part, ToolCall):
        return str(part.extra.get("type", "function_call"))
    return "reasoning" if isinstance(part, Reasoning) else "message"


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_what_the_sdks_types_allow_is_read_as_the_sdk_reads_it(api: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every type of content, item and event, with all of its fields, with none that may be missing, and with nulls."""
    samples = {line["id"]: line for line in run("sdk_openai_samples.py") if line["api"] == api}
    verdicts = Verdicts(f"{api} bodies made from the SDK's types")
    lines = [asked(api, b64decode(line["body"]), stream=line["stream"], id=name) for name, line in samples.items()]
    for reading in run("sdk_openai_replies.py", lines=lines):
        body = b64decode(samples[reading["id"]]["body"])
        with verdicts.of(reading["id"], form(body)):
            if api == "chat":
                check(read_by_us(ChatCompletions(), body, TARGET), reading["reply"])
            else:
                check_response(read_by_us(Responses(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_sdk_reads_what_our_server_s_side_writes(api: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded replies, read by our codec and written anew, mean the same to the SDK."""
    server, operation = (OpenAIServer(), ChatCompletions()) if api == "chat" else (ResponsesServer(), Responses())
    originals = {repr(one): one.response.body for one, _ in readings(api) if not is_left_out(one)}
    written = {key: written_by_us(server, operation, body, TARGET) for key, body in originals.items()}
    lines = [asked(api, body, stream=is_framed(body), id=key) for key, body in written.items()]
    verdicts = Verdicts(f"{api} written by us, read by OpenAI's SDK")
    for reading in run("sdk_openai_replies.py", lines=lines):
        body = originals[reading["id"]]
        with verdicts.of(reading["id"], form(body)):
            reply = read_by_us(operation, body, TARGET)
            (check if api == "chat" else check_response)(reply, reading["reply"])
    verdicts.tell(capsys)
