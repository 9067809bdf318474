"""Every recorded answer of OpenAI, and of the servers that follow it, is decoded right, judged by a second reading."""

from __future__ import annotations

import base64
import json
import random
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest

import recordings
from framings import frames_of, split
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Reasoning
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.sse import ServerSentEvents
from recordings import Recording, needs_recordings

pytestmark = needs_recordings

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o")
REQUEST = ChatRequest(messages=(user("Hello"),))
NOT_OF_THIS_FAMILY = ("anthropic", "bedrock", "cohere", "gemini", "vertex", "deepgram", "aleph-alpha")
SMALL_BYTES = 4096

LEFT_OUT = {
    "inference/test/tapes.json#315": "its last event was cut and joined with another by the recorder",
    "openai-error.1.chunks.txt#0": "an error in mid-stream, tested by itself",
    "stream-rate-limited-1.json#0": "an error in mid-stream, tested by itself",
    "stream-unknown-error-responses-1.json#0": "an error in mid-stream, tested by itself",
    "reasoning-encrypted-content.1.chunks.txt#0": "four answers in a row, joined by the recorder",
    "cererebras-structured-output-tools.1.chunks.txt#0": "two answers in a row, joined by the recorder",
}
"""Recordings that no reading could take for one answer, and why."""


def name_of(recording: Recording) -> str:
    return f"{recording.provider}:{recording.path}#{recording.index}"


def is_left_out(recording: Recording) -> bool:
    return any(name_of(recording).endswith(end) for end in LEFT_OUT)


def is_good(recording: Recording) -> bool:
    return recording.response.status in (200, None) and recording.provider not in NOT_OF_THIS_FAMILY


def is_stream(recording: Recording) -> bool:
    return recording.response.body.lstrip().startswith((b"event:", b"data:", b":"))


def events_of(body: bytes) -> list[dict[str, Any]]:
    """The events of a stream, by a reading of its lines alone."""
    data = [line[5:].strip() for line in body.decode().replace("\r", "").split("\n") if line.startswith("data:")]
    return [json.loads(text) for text in data if text.startswith("{")]


@cache
def told(recording: Recording) -> tuple[str, list[dict[str, Any]]]:
    """Which API answered (`chat`, `responses`, `embeddings`, or none of them), and the values in its body."""
    body = recording.response.body
    try:
        values = events_of(body) if is_stream(recording) else [json.loads(body)]
    except ValueError:
        values = events_of(b"\n".join(body.splitlines()[:3])) if is_stream(recording) else []
    for value in values:
        if not isinstance(value, dict) or value.get("error"):
            continue
        choices = value.get("choices")
        if isinstance(choices, list) and any("finish_reason" in one and "text" not in one for one in choices):
            return "chat", values
        if value.get("object") == "response" or str(value.get("type", "")).startswith("response."):
            return "responses", values
        rows = value.get("data")
        if isinstance(rows, list) and rows and "embedding" in rows[0]:
            return "embeddings", values
    return "", values


@cache
def of_kind(kind: str) -> tuple[Recording, ...]:
    """The recordings of one API, those with an error or left out with a reason aside."""
    everything = (one for one in recordings.interactions() if is_good(one))
    return tuple(one for one in everything if told(one)[0] == kind and not is_left_out(one))


def report(what: str, found: Sequence[Recording], capsys: pytest.CaptureFixture[str], at_least: int) -> None:
    """Says how many were read, of whom, and that they are no fewer than there were."""
    counts = Counter(f"{one.provider}{' stream' if is_stream(one) else ''}" for one in found)
    told_by = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    with capsys.disabled():
        print(f"\n{what}: {len(found)} ({told_by})")  # noqa: T201 - figures for the log
    assert len(found) >= at_least


# --- The second reading: json.loads and a walk, sharing nothing with the codec ---------------------------------------


def text_in(content: Any) -> str:
    return "".join(one.get("text", "") for one in content) if isinstance(content, list) else content or ""


def chat_in(recording: Recording) -> list[dict[str, Any]]:
    """The answers in a chat completion, streamed or not: what each says, calls, and why it ends."""
    answers: dict[int, dict[str, Any]] = {}
    for value in told(recording)[1]:
        for choice in value.get("choices") or ():
            answer = answers.setdefault(
                choice.get("index") or 0, {"text": "", "reasoning": "", "refusal": "", "calls": {}, "finish": ""}
            )
            said = choice.get("delta" if is_stream(recording) else "message") or {}
            answer["text"] += text_in(said.get("content"))
            answer["reasoning"] += said.get("reasoning_content") or said.get("reasoning") or thinking_in(said)
            answer["refusal"] += said.get("refusal") or ""
            answer["finish"] = choice.get("finish_reason") or answer["finish"]
            for place, call in enumerate(said.get("tool_calls") or ()):
                key = call.get("index", place) if is_stream(recording) else place
                name, arguments = answer["calls"].get(key, ("", ""))
                function = call["function"]
                answer["calls"][key] = (name or function.get("name"), arguments + (function.get("arguments") or ""))
    return [answers[number] for number in sorted(answers)]


def thinking_in(said: dict[str, Any]) -> str:
    content = said.get("content")
    if not isinstance(content, list):
        return ""
    return "".join(step["text"] for one in content for step in one.get("thinking", ()))


def counts_in(recording: Recording) -> tuple[int, int, int] | None:
    """Input, output and cached tokens as the last block of counts says."""
    found = None
    for value in told(recording)[1]:
        holder = value.get("response") or value
        usage = holder.get("usage") or (holder.get("x_groq") or {}).get("usage")
        found = usage or found
    if not found:
        return None
    into = found.get("prompt_tokens", found.get("input_tokens"))
    out = found.get("completion_tokens", found.get("output_tokens")) or 0
    details = found.get("completion_tokens_details") or found.get("output_tokens_details") or {}
    thought = details.get("reasoning_tokens") or 0
    if found.get("total_tokens") == into + out + thought:
        out += thought
    parts = found.get("prompt_tokens_details") or found.get("input_tokens_details") or {}
    elsewhere = ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")
    cached = next((found[name] for name in elsewhere if found.get(name)), 0)
    return into, out, parts.get("cached_tokens") or cached


def items_in(recording: Recording) -> list[dict[str, Any]]:
    """The items of a response: its output, or in a stream those that were done."""
    values = told(recording)[1]
    if not is_stream(recording):
        return values[0]["output"]  # type: ignore[no-any-return]
    return [value["item"] for value in values if value.get("type") == "response.output_item.done"]


# --- Our reading -----------------------------------------------------------------------------------------------------


def head_of(recording: Recording) -> ResponseHead:
    return ResponseHead(200, recording.response.headers)


def reply_of(operation: ChatCompletions | Responses, recording: Recording) -> ChatReply[None]:
    body = recording.response.body
    if not is_stream(recording):
        return operation.decode(HttpResponse(head_of(recording), body), REQUEST, TARGET)
    decoder = operation.decoder(ResponseHead(200, (("content-type", "text/event-stream"),)), REQUEST, TARGET)
    fold = ChatFold()
    for frame in [*decoder.framing.feed(body), *decoder.framing.finish()]:
        for chunk in decoder.feed(frame):
            assert chunk.raw == frame.data
            fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    return fold.reply()


def check_counts(reply: ChatReply[None], recording: Recording) -> None:
    counts = counts_in(recording)
    assert reply.usage.is_reported is (counts is not None)
    if counts is not None:
        assert (reply.usage.input_tokens, reply.usage.output_tokens, reply.usage.cached_tokens) == counts


def check_chat(recording: Recording) -> None:
    reply = reply_of(ChatCompletions(), recording)
    answers = chat_in(recording)
    assert len(answers) == 1 + len(reply.alternatives)
    messages = [reply.message, *(choice.message for choice in reply.alternatives)]
    finishes = [reply.raw_finish_reason, *(choice.raw_finish_reason for choice in reply.alternatives)]
    for message, finish, answer in zip(messages, finishes, answers, strict=True):
        assert (message.text, message.reasoning, message.refusal) == (
            answer["text"],
            answer["reasoning"],
            answer["refusal"],
        )
        assert [(call.name, call.arguments) for call in message.tool_calls] == list(answer["calls"].values())
        assert finish == answer["finish"]
    check_counts(reply, recording)


def check_response(recording: Recording) -> None:
    reply = reply_of(Responses(), recording)
    items = items_in(recording)
    said = [piece for item in items if item["type"] == "message" for piece in item["content"]]
    assert reply.text == "".join(piece.get("text", "") for piece in said)
    calls = [
        (item["call_id"], item["name"], item.get("arguments", item.get("input")))
        for item in items
        if item["type"] in ("function_call", "custom_tool_call")
    ]
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == calls
    thoughts = [item for item in items if item["type"] == "reasoning"]
    for thought in thoughts:
        for step in (*thought["summary"], *(thought.get("content") or ())):
            assert step["text"] in reply.reasoning
    sealed = [thought["encrypted_content"] for thought in thoughts if thought.get("encrypted_content")]
    kept = [part.encrypted for part in reply.message.content if isinstance(part, Reasoning) and part.encrypted]
    assert kept == sealed
    cited = sum(len(piece.get("annotations") or ()) for piece in said)
    assert len(reply.citations) == cited
    check_counts(reply, recording)


CHECKS = {"chat": check_chat, "responses": check_response}


@pytest.mark.parametrize(("kind", "at_least"), [("chat", 80), ("responses", 45)])
def test_every_answer_of_openai_says_what_its_bytes_say(
    kind: str, at_least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [one for one in of_kind(kind) if one.provider == "openai"]
    for recording in found:
        CHECKS[kind](recording)
    report(f"OpenAI, {kind}", found, capsys, at_least)


@pytest.mark.parametrize(("kind", "at_least"), [("chat", 550), ("responses", 70)])
def test_every_answer_of_a_compatible_server_says_what_its_bytes_say(
    kind: str, at_least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [one for one in of_kind(kind) if one.provider != "openai"]
    for recording in found:
        CHECKS[kind](recording)
    report(f"compatible servers, {kind}", found, capsys, at_least)


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    everything = [name_of(one) for one in recordings.interactions()]
    for end, reason in LEFT_OUT.items():
        assert reason
        assert any(name.endswith(end) for name in everything)


def test_every_embedding_is_what_its_bytes_say(capsys: pytest.CaptureFixture[str]) -> None:
    found = of_kind("embeddings")
    for recording in found:
        (body,) = told(recording)[1]
        request = EmbedRequest(inputs=("x",) * len(body["data"]))
        response = HttpResponse(head_of(recording), recording.response.body)
        reply = Embeddings().decode(response, request, TARGET)
        rows = sorted(body["data"], key=lambda row: row.get("index") or 0)
        assert [list(vector) for vector in reply.vectors] == [numbers_in(row["embedding"]) for row in rows]
        usage = body.get("usage") or {}
        assert reply.usage.input_tokens == (usage.get("prompt_tokens") or usage.get("total_tokens") or 0)
        assert reply.usage.output_tokens == 0
        assert reply.model == (body.get("model") or "")
    report("embeddings", found, capsys, 40)


def numbers_in(embedding: Any) -> list[float]:
    if isinstance(embedding, list):
        return embedding
    data = base64.b64decode(embedding)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


@pytest.mark.parametrize("kind", ["chat", "responses"])
def test_any_split_of_a_stream_gives_the_same_frames(kind: str) -> None:
    # A decoder sees frames alone, so frames that are the same give chunks that are the same.
    chance = random.Random(6)
    for recording in of_kind(kind):
        body = recording.response.body
        if not is_stream(recording):
            continue
        whole = frames_of(ServerSentEvents(), [body])
        assert frames_of(ServerSentEvents(), [body[at : at + 1] for at in range(len(body))]) == whole
        if len(body) <= SMALL_BYTES:
            cuts = [[at] for at in range(len(body))]
        else:
            cuts = [[chance.randrange(len(body)) for _ in range(20)] for _ in range(5)]
        for places in cuts:
            assert frames_of(ServerSentEvents(), split(body, places)) == whole, name_of(recording)


# --- Errors ----------------------------------------------------------------------------------------------------------

BY_WORDS: dict[str, type[ProviderError]] = {
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,
    "model_not_found": NotFoundError,
    "DeploymentNotFound": NotFoundError,
    "invalid_model": NotFoundError,
    "is not a valid model ID": NotFoundError,
    "Model no-such/embedding-model does not exist": NotFoundError,
    "Model not found": NotFoundError,
    "supported API model names": NotFoundError,
    "invalid_api_key": AuthenticationError,
    "Incorrect API key provided": AuthenticationError,
    "Invalid API Key": AuthenticationError,
}
BY_STATUS: dict[int, type[ProviderError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: BadRequestError,
    429: RateLimitError,
    500: ServerError,
    501: ServerError,
}
PATHS = ("/chat/completions", "/responses", "/embeddings")


def refusals() -> Iterator[tuple[Recording, int]]:
    for recording in recordings.interactions():
        status, request = recording.response.status, recording.request
        if request and status and status >= 400 and any(path in request.url for path in PATHS):
            yield recording, status


def test_every_refusal_is_of_the_right_class_and_keeps_the_vendors_message(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for recording, status in refusals():
        body = recording.response.body
        error = OpenAIErrors().error(HttpResponse(ResponseHead(status, recording.response.headers), body))
        assert error is not None
        text = body.decode()
        expected = next((kind for words, kind in BY_WORDS.items() if words in text), BY_STATUS[status])
        assert type(error) is expected, (name_of(recording), error)
        assert error.status == status
        assert error.body == body
        assert complaint_in(text) in error.message
        found.append(recording)
    report("refusals", found, capsys, 100)


def complaint_in(text: str) -> str:
    """The vendor's words, wherever in the body; the text itself where it is no JSON."""
    try:
        body = json.loads(text)
    except ValueError:
        return text
    told_by = body.get("error", body)
    found = told_by if isinstance(told_by, str) else told_by.get("message") or told_by.get("detail")
    return str(found[0]["msg"] if isinstance(found, list) else found)


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        ("openai-error.1.chunks.txt", QuotaExceededError, "exceeded your current quota"),
        ("stream-rate-limited-1.json", RateLimitError, "tokens per min"),
        ("stream-unknown-error-responses-1.json", ServerError, "Foobar"),
    ],
)
def test_an_error_in_mid_stream_is_raised_with_its_class(end: str, kind: type[ProviderError], words: str) -> None:
    (recording,) = [one for one in recordings.interactions(provider="openai") if one.path.endswith(end)]
    with pytest.raises(kind, match=words):
        reply_of(Responses(), recording)


def test_a_prompt_that_azure_filters_is_refused_whatever_the_status() -> None:
    mark = b"Azure Content management policy"
    found = [one for one in recordings.interactions(provider="azure-openai") if mark in one.response.body]
    assert found
    for recording in found:
        error = OpenAIErrors().error(HttpResponse(head_of(recording), recording.response.body))
        assert isinstance(error, ContentFilterError)
