"""What Google's SDK reads in every recorded reply of the Gemini API and of Vertex AI, our codec reads too."""

from __future__ import annotations

import base64
import json
from base64 import b64decode
from functools import cache
from typing import Any

import pytest

import recordings
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import ContentFilterError
from modelscan.types.chat import ChatReply, Choice
from modelscan.types.content import AnyPart, Audio, File, Image, ProviderPart, ToolCall, Video
from modelscan.types.embed import EmbedRequest
from modelscan.types.usage import Usage
from modelscan.wire.gemini import EmbedContent, GeminiServer, GenerateContent
from modelscan.wire.gemini.parts import NAMELESS
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

TARGET = Target(base_urls={"default": "https://generativelanguage.googleapis.com/v1beta"}, model="gemini-3-pro")
SCRIPT = "sdk_gemini_replies.py"

LEFT_OUT = {
    "prism/Fixtures/gemini/stream-basic-text-1.sse#0": "the blank lines between its events were edited away",
    "prism/Fixtures/gemini/stream-with-tools-1.json#0": "its signature is made up, and no base64",
    "TestGoogleAIToolCallResponse.httprr#0": "enumerations as numbers, which the SDK doesn't ask for and can't read",
    "TestGoogleAIWithTools.httprr#0": "the same",
    "test_generate_content_with_files.yaml#0": "the same",
    "google-stream-tool-call-arguments.chunks.txt#0": "calls in pieces, which the SDK doesn't join; tested elsewhere",
    "streaming-failure-empty-content.txt#0": "made to be refused: it ends without a finish reason",
    "streaming-failure-malformed-content.txt#0": "the same",
    "streaming-failure-error-mid-stream.txt#0": "an error, judged elsewhere",
}
"""Recordings whose reading by the SDK is no measure, and why."""


def api_of(one: Recording) -> str:
    """Which method answered, by the bytes: files without requests don't tell; empty for another, or an error."""
    if one.response.status not in (200, None):
        return ""
    event = first_event(one.response.body)
    if "error" in event:
        return ""
    if "embedding" in event or "embeddings" in event:
        return "embed"
    return "generate" if {"candidates", "usageMetadata", "promptFeedback"} & event.keys() else ""


def first_event(body: bytes) -> Json:
    """A reply, or the first event of a stream."""
    if is_framed(body):
        body = next((line[5:] for line in body.splitlines() if line.startswith(b"data:")), b"")
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@cache
def readings(provider: str, api: str) -> list[tuple[Recording, Json]]:
    found = {repr(one): (api, one) for one in recordings.interactions(provider=provider) if api_of(one) == api}
    told = read_by_sdk(SCRIPT, found, vertex=provider == "vertex")
    return [(found[key][1], reading) for key, reading in told.items()]


def told(reply: ChatReply[None]) -> Json:
    """Our reply in the words of the SDK's reading."""
    first = Choice(reply.message, reply.finish_reason, reply.raw_finish_reason, reply.logprobs)
    return {
        "id": reply.id,
        "model": reply.model,
        "choices": [told_choice(choice) for choice in (first, *reply.alternatives)],
    }


def told_choice(choice: Choice) -> Json:
    parts = choice.message.content
    return {
        "text": choice.message.text,
        "thought": choice.message.reasoning,
        "calls": [[call_id(part), part.name, arguments_of(part)] for part in parts if isinstance(part, ToolCall)],
        "others": [told_other(part) for part in parts if isinstance(part, (Image, Audio, Video, File, ProviderPart))],
        "finish": choice.raw_finish_reason,
        "logprobs": [[token.token, token.logprob] for token in choice.logprobs],
        "signatures": [signature(part) for part in parts if part.signature],
    }


def call_id(call: ToolCall) -> str | None:
    return None if call.id.startswith(NAMELESS) else call.id


def signature(part: AnyPart) -> str:
    return bare(part.signature or "")


def bare(base64_text: str) -> str:
    """Base64 of either alphabet, padded or not, as one: the SDK decodes it, which ours must not."""
    return base64_text.rstrip("=").replace("-", "+").replace("_", "/")


def told_other(part: Any) -> list[Any]:
    if isinstance(part, ProviderPart):
        return [part.kind]
    if part.data is None:
        return ["fileData"]
    return ["inline_data", part.media_type, base64.b64encode(part.data).decode()]


def expected(reading: Json) -> Json:
    return {
        "id": reading["id"] or "",
        "model": reading["model"] or "",
        "choices": [expected_choice(choice) for choice in reading["choices"]] or [expected_choice({})],
    }


def expected_choice(choice: Json) -> Json:
    empty: Json = {"text": "", "thought": "", "calls": [], "others": [], "finish": "", "logprobs": [], "signatures": []}
    found = {**empty, **choice}
    found.pop("sources", None)
    found["calls"] = [[call, name or "", arguments] for call, name, arguments in found["calls"]]
    found["signatures"] = [bare(signature) for signature in found["signatures"]]
    return found


def expected_usage(block: Json) -> Usage:
    """The vendor's candidates don't have the thoughts in them, nor its prompt what tools brought; ours do."""
    if not block:
        return Usage(is_reported=False)
    thoughts = block.get("thoughtsTokenCount") or 0
    return Usage(
        input_tokens=(block.get("promptTokenCount") or 0) + (block.get("toolUsePromptTokenCount") or 0),
        output_tokens=(block.get("candidatesTokenCount") or 0) + thoughts,
        cached_tokens=block.get("cachedContentTokenCount") or 0,
        reasoning_tokens=thoughts,
    )


def check(reply: ChatReply[None], reading: Json) -> None:
    assert told(reply) == expected(reading)
    usage = expected_usage(reading["usage"])
    assert reply.usage.is_reported == usage.is_reported
    for name in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"):
        assert getattr(reply.usage, name) == getattr(usage, name)


@needs_recordings
@pytest.mark.parametrize("provider", ["gemini", "vertex"])
def test_every_answer_says_what_the_sdk_reads(provider: str, capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts(f"answers of {provider} by Google's SDK")
    for one, reading in readings(provider, "generate"):
        body = one.response.body
        if any(name in repr(one) for name in LEFT_OUT):
            verdicts.counts["left out"] += 1
            continue
        with verdicts.of(one, form(body)):
            if reading["reply"]["is_blocked"]:
                with pytest.raises(ContentFilterError):
                    read_by_us(GenerateContent(), body, TARGET)
                continue
            check(read_by_us(GenerateContent(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
def test_every_embedding_says_what_the_sdk_reads(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts("embeddings of gemini by Google's SDK")
    for one, reading in readings("gemini", "embed"):
        with verdicts.of(one, "whole"):
            vectors = reading["reply"]["vectors"]
            request = EmbedRequest(inputs=("hi",) * len(vectors))
            reply = EmbedContent().decode(HttpResponse(ResponseHead(200), one.response.body), request, TARGET)
            assert [list(vector) for vector in reply.vectors] == vectors
    verdicts.tell(capsys)


@needs_recordings
def test_every_reason_to_leave_a_recording_out_is_one_that_occurs() -> None:
    names = [repr(one) for provider in ("gemini", "vertex") for one, _ in readings(provider, "generate")]
    assert [part for part in LEFT_OUT if not any(part in name for name in names)] == []


@pytest.mark.parametrize("is_vertex", [False, True])
def test_what_the_sdks_types_allow_is_read_as_the_sdk_reads_it(
    is_vertex: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind of part, metadata and reason to finish, with all of its fields, with nulls and with none."""
    samples = {line["id"]: line for line in run("sdk_gemini_samples.py")}
    verdicts = Verdicts(f"answers of {'Vertex AI' if is_vertex else 'Gemini'} made from the SDK's types")
    lines = [
        asked("generate", b64decode(one["body"]), stream=one["stream"], id=name, vertex=is_vertex)
        for name, one in samples.items()
    ]
    for reading in run(SCRIPT, lines=lines):
        body = b64decode(samples[reading["id"]]["body"])
        with verdicts.of(reading["id"], form(body)):
            check(read_by_us(GenerateContent(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
def test_the_sdk_reads_what_our_server_s_side_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded answers, read by our codec and written anew, mean the same to the SDK."""
    originals = {
        repr(one): one.response.body
        for one, reading in readings("gemini", "generate")
        if not any(name in repr(one) for name in LEFT_OUT) and not reading["reply"]["is_blocked"]
    }
    verdicts = Verdicts("answers written by us, read by Google's SDK")
    written = {key: written_by_us(GeminiServer(), GenerateContent(), body, TARGET) for key, body in originals.items()}
    lines = [asked("generate", body, stream=is_framed(body), id=key) for key, body in written.items()]
    for reading in run(SCRIPT, lines=lines):
        body = originals[reading["id"]]
        with verdicts.of(reading["id"], form(body)):
            check(read_by_us(GenerateContent(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)
