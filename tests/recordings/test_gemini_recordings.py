"""Every recorded answer in Gemini's format is decoded right, judged by a second reading of its bytes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest

import recordings
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError, ProviderError, StreamCutError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import AnyPart, Audio, Image, Reasoning, Text, ToolCall
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.wire.gemini import CountTokens, EmbedContent, GeminiErrors, GeminiServer, GenerateContent, Models
from recordings import Recording, needs_recordings

pytestmark = needs_recordings

TARGET = Target(base_urls={"default": "https://generativelanguage.googleapis.com/v1beta"}, model="gemini-2.5-flash")
REQUEST = ChatRequest(messages=(user("Hello"),))

OTHER_FORMATS = {
    "cachedContents": "prompt caches belong to no capability of this family",
    "create-cache-1": "a prompt cache",
    "use-cache-with": "a prompt cache, recorded in the place of the answer",
    "/upload/": "files belong to no capability of this family",
    ":predict": "Vertex AI's own format for embeddings and images",
    ":computeTokens": "Vertex AI's own method, which lists the tokens",
    "/interactions/": "the Interactions API is another format",
    "speech-translation": "a live session",
    "google-vertex-embedding": "Vertex AI's own format for embeddings",
    "generate-images": "Vertex AI's own format for images",
}
BROKEN = {
    "stream-basic-text-1.sse": "the blank lines between its events were lost when it was edited",
    "headers_in_the_sdkHttpResponse_for_each_chunk": "its recorder kept an empty body",
}
NO_ANSWERS = {
    "unary-failure-invalid-response": DecodeError,
    "streaming-failure-invalid-json": StreamCutError,
    "streaming-failure-empty-content": StreamCutError,
    "streaming-failure-malformed-content": StreamCutError,
}
"""Bodies that their authors made to be refused, and how they are."""

COUNTS = ("unary-success-detailed-token-response", "unary-success-no-billable-characters", "unary-success-total-tokens")
EXPECTED = {400: "BadRequestError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError"}
TOLD_BY_WORDS = {
    "API key not valid": "AuthenticationError",
    "unregistered callers": "AuthenticationError",
    "location is not supported": "PermissionDeniedError",
    "limit per minute for a region": "QuotaExceededError",  # of zero
}
# Two recorders asked for enumerations as numbers, which this family doesn't: those are words that it doesn't know.
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter"}

Json = dict[str, Any]


def count(what: str, number: int, at_least: int) -> None:
    """Says how many were read, and that they are no fewer than there were."""
    print(f"{what}: {number}")  # noqa: T201 - a figure for the log
    assert number >= at_least


def _place(recording: Recording) -> str:
    return f"{recording.path} {recording.request.url if recording.request else ''}"


def _all() -> Iterator[Recording]:
    for provider in ("gemini", "vertex"):
        for recording in recordings.interactions(provider=provider):
            if not any(part in _place(recording) for part in (*OTHER_FORMATS, *BROKEN)):
                yield recording


def values_of(body: bytes) -> list[Json]:
    """The JSON values in a body, however it is framed."""
    text = body.decode()
    decoder = json.JSONDecoder()
    values: list[Json] = []
    place = 0
    while place < len(text):
        if text.startswith("data:", place):
            place += len("data:")
        elif text[place] == "{":
            value, place = decoder.raw_decode(text, place)
            values.append(value)
        else:
            assert text[place] in " \t\r\n,[]"
            place += 1
    return values


def _is_count(recording: Recording) -> bool:
    return "countTokens" in _place(recording) or any(name in recording.path for name in COUNTS)


def _is_chat(recording: Recording) -> bool:
    return recording.capability not in ("embeddings", "models") and not _is_count(recording)


def _is_refusal(recording: Recording) -> bool:
    values = values_of(recording.response.body)
    return any("error" in value or _blocks(value) for value in values)


def _blocks(value: Json) -> bool:
    feedback = value.get("promptFeedback") or {}
    return not value.get("candidates") and ("blockReason" in feedback or "blockReasonMessage" in feedback)


def _answers(*, stream: bool) -> list[Recording]:
    found = [one for one in _all() if _is_chat(one) and not _is_refusal(one) and one.is_stream is stream]
    return [one for one in found if not any(name in one.path for name in NO_ANSWERS)]


# --- The second reading: json.loads and a walk, sharing nothing with the codec -------------------------------------


def told_whole(values: Sequence[Json]) -> Json:
    """The response that the chunks of a stream make up, as the service would have told it whole."""
    whole: Json = {}
    candidate: Json = {}
    for value in values:
        for key in ("modelVersion", "responseId"):
            if value.get(key):
                whole.setdefault(key, value[key])
        if value.get("promptFeedback"):
            whole["promptFeedback"] = value["promptFeedback"]
        if value.get("usageMetadata"):
            whole["usageMetadata"] = whole.get("usageMetadata", {}) | value["usageMetadata"]
        for piece in value.get("candidates") or ():
            assert not piece.get("index"), "no recording has two candidates in a stream"
            _grow(candidate, piece)
    whole["candidates"] = [candidate]
    return whole


def _grow(candidate: Json, piece: Json) -> None:
    parts = candidate.setdefault("content", {"parts": []})["parts"]
    for key, value in piece.items():
        if key == "content":
            parts += value.get("parts") or ()
        elif key == "citationMetadata":
            cited = candidate.setdefault(key, {"citations": []})["citations"]
            cited += [one for one in value.get("citations") or value["citationSources"] if one not in cited]
        else:
            candidate[key] = value


def neighbours(parts: Sequence[Json]) -> list[Json]:
    """The parts as one may expect them back: text after text is one, calls in pieces are put together."""
    result: list[Json] = []
    for part in map(dict, parts):
        text, signature = part.get("text"), part.get("thoughtSignature")
        if text == "" and not signature:
            continue
        before = result[-1] if result else {}
        same = bool(before.get("thought")) == bool(part.get("thought"))
        is_plain = "text" in part and "text" in before and not signature and not before.get("thoughtSignature")
        call = part.get("functionCall")
        if call is not None and "name" not in call:
            args = before["functionCall"].setdefault("args", {})
            for arg in call.get("partialArgs", ()):
                name = arg["jsonPath"].removeprefix("$.")
                args[name] = args.get(name, "") + arg["stringValue"]
        elif is_plain and same:
            before["text"] += text
        else:
            result.append(part)
    return result


def check(reply: ChatReply[None], whole: Json) -> None:
    """The reply says what the response says, field by field."""
    assert reply.model == whole.get("modelVersion", "")
    assert reply.id == whole.get("responseId", "")
    candidate = whole["candidates"][0]
    parts = neighbours((candidate.get("content") or {}).get("parts") or [])
    assert len(reply.message.content) == len(parts)
    for ours, theirs in zip(reply.message.content, parts, strict=True):
        check_part(ours, theirs)
    check_finish(reply, candidate)
    check_usage(reply, whole.get("usageMetadata") or {})
    metadata = candidate.get("citationMetadata") or {}
    check_citations(reply, metadata.get("citations") or metadata.get("citationSources") or [])
    for key in ("safetyRatings", "finishMessage", "avgLogprobs"):
        assert reply.extra.get(key) == candidate.get(key)


def check_part(ours: AnyPart, theirs: Json) -> None:
    assert ours.signature == theirs.get("thoughtSignature")
    if "text" in theirs:
        assert type(ours) is (Reasoning if theirs.get("thought") else Text)
        assert isinstance(ours, (Reasoning, Text))
        assert ours.text == theirs["text"]
    elif "functionCall" in theirs:
        assert isinstance(ours, ToolCall)
        assert ours.name == theirs["functionCall"]["name"]
        assert ours.args == theirs["functionCall"].get("args", {})
        given = theirs["functionCall"].get("id")
        assert ours.id == given if given else ours.id.startswith("gemini-call-")
    else:
        assert isinstance(ours, (Image, Audio))
        blob = theirs["inlineData"]
        assert (ours.media_type, ours.data) == (blob["mimeType"], base64.b64decode(blob["data"]))


def check_finish(reply: ChatReply[None], candidate: Json) -> None:
    reason = candidate.get("finishReason")
    assert reply.raw_finish_reason == str(reason or "")
    if reason is None:
        assert reply.finish_reason is None
        return
    expected = FINISH.get(str(reason), "other")
    assert reply.finish_reason == ("tool_calls" if expected == "stop" and reply.tool_calls else expected)


def check_usage(reply: ChatReply[None], usage: Json) -> None:
    def told(name: str) -> int:
        return int(usage.get(name) or 0)

    ours = reply.usage
    assert ours.is_reported == ("promptTokenCount" in usage)
    assert ours.input_tokens == told("promptTokenCount") + told("toolUsePromptTokenCount")
    assert ours.output_tokens == told("candidatesTokenCount") + told("thoughtsTokenCount")
    assert (ours.reasoning_tokens, ours.cached_tokens) == (told("thoughtsTokenCount"), told("cachedContentTokenCount"))
    made = {one["modality"]: one["tokenCount"] for one in usage.get("candidatesTokensDetails") or ()}
    asked = {one["modality"]: one.get("tokenCount", 0) for one in usage.get("promptTokensDetails") or ()}
    assert (ours.image_output_tokens, ours.audio_output_tokens) == (made.get("IMAGE", 0), made.get("AUDIO", 0))
    assert (ours.image_input_tokens, ours.audio_input_tokens) == (asked.get("IMAGE", 0), asked.get("AUDIO", 0))


def check_citations(reply: ChatReply[None], cited: Sequence[Json]) -> None:
    assert len(reply.citations) == len(cited)
    for ours, theirs in zip(reply.citations, cited, strict=True):
        assert (ours.start, ours.end) == (theirs.get("startIndex", 0), theirs["endIndex"])
        assert (ours.url, ours.title) == (theirs.get("uri", ""), theirs.get("title", ""))
        assert ours.extra.get("license", "") == theirs.get("license", "")


# --- Our reading ------------------------------------------------------------------------------------------------------


def head_of(recording: Recording) -> ResponseHead:
    """The head; where none was recorded, the one that the body would have come with."""
    response = recording.response
    status = response.status or (values_of(response.body)[0].get("error") or {}).get("code") or 200
    return ResponseHead(status, response.headers or (("content-type", response.media_type),))


def chunks_of(recording: Recording, pieces: Sequence[bytes]) -> list[ChatChunk]:
    decoder = GenerateContent().decoder(head_of(recording), REQUEST, TARGET)
    chunks: list[ChatChunk] = []
    for piece in pieces:
        for frame in decoder.framing.feed(piece):
            chunks += decoder.feed(frame)
    for frame in decoder.framing.finish():
        chunks += decoder.feed(frame)
    return [*chunks, *decoder.finish(cut=False)]


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def decoded(recording: Recording) -> ChatReply[None]:
    if recording.is_stream:
        return folded(chunks_of(recording, [recording.response.body]))
    response = HttpResponse(head_of(recording), recording.response.body)
    return GenerateContent().decode(response, REQUEST, TARGET)


def checked(recording: Recording, whole: Json) -> None:
    try:
        check(decoded(recording), whole)
    except AssertionError as error:
        raise AssertionError(f"{recording}: {error}") from error


def test_every_whole_answer_says_what_its_bytes_say() -> None:
    for recording in _answers(stream=False):
        (whole,) = values_of(recording.response.body)
        checked(recording, whole)
    count("whole answers", len(_answers(stream=False)), 70)


def test_every_streamed_answer_folds_to_what_its_bytes_say() -> None:
    for recording in _answers(stream=True):
        checked(recording, told_whole(values_of(recording.response.body)))
    count("streamed answers", len(_answers(stream=True)), 40)


def test_every_streamed_answer_gives_the_same_chunks_however_its_bytes_are_split() -> None:
    random_ = random.Random(20261124)
    splits = 0
    for recording in _answers(stream=True):
        body = recording.response.body
        whole = chunks_of(recording, [body])
        if len(body) <= 4096:
            for at in range(1, len(body)):
                assert chunks_of(recording, [body[:at], body[at:]]) == whole, (recording, at)
            splits += len(body) - 1
            continue
        if len(body) < 100_000:
            assert chunks_of(recording, [body[at : at + 1] for at in range(len(body))]) == whole, recording
            splits += 1
        for _ in range(5):
            cuts = sorted(random_.sample(range(1, len(body)), 40))
            pieces = [body[start:end] for start, end in pairwise([0, *cuts, len(body)])]
            assert chunks_of(recording, pieces) == whole, (recording, cuts)
        splits += 5
    count("splits", splits, 40_000)


def test_a_streamed_answer_that_is_told_whole_decodes_to_its_fold() -> None:
    """The service told these answers in chunks; told whole by the second reading, they give the same reply."""
    for recording in _answers(stream=True):
        whole = told_whole(values_of(recording.response.body))
        candidate = whole["candidates"][0]
        if any("partialArgs" in part.get("functionCall", {}) for part in candidate["content"]["parts"]):
            candidate["content"]["parts"] = neighbours(candidate["content"]["parts"])
        response = HttpResponse(ResponseHead(200), json.dumps(whole).encode())
        reply = GenerateContent().decode(response, REQUEST, TARGET)
        assert _bare(reply) == _bare(decoded(recording)), recording


def _bare(reply: ChatReply[None]) -> ChatReply[None]:
    """Without the bytes that it came in."""
    return msgspec.structs.replace(reply, raw_body=b"")


def test_every_recorded_answer_survives_the_server_codec() -> None:
    server = GeminiServer()
    answers = [*_answers(stream=False), *_answers(stream=True)]
    for recording in answers:
        reply = decoded(recording)
        call = server.parse(GenerateContent().encode(REQUEST, TARGET))
        again = GenerateContent().decode(server.reply(reply, call), REQUEST, TARGET)
        assert _bare(again) == _bare(reply), recording
        if recording.is_stream:
            encoder = server.stream(call)
            written = [encoder.encode(chunk) for chunk in chunks_of(recording, [recording.response.body])]
            decoder = GenerateContent().decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
            frames = decoder.framing.feed(b"".join([*written, encoder.finish()]))
            chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
            assert folded([*chunks, *decoder.finish(cut=False)]) == _bare(reply), recording
    count("answers through the server", len(answers), 110)


def test_every_recorded_error_has_its_class_and_words() -> None:
    refused = [one for one in _all() if _is_refusal(one) and not one.is_stream]
    for recording in refused:
        (value,) = values_of(recording.response.body)
        error = GeminiErrors().error(HttpResponse(head_of(recording), recording.response.body))
        assert error is not None, recording
        check_error(error, value)
    count("errors", len(refused), 33)


def check_error(error: ProviderError, value: Json) -> None:
    if "error" not in value:
        feedback = value["promptFeedback"]
        assert type(error).__name__ == "ContentFilterError"
        assert error.code == feedback.get("blockReason", "")
        assert feedback.get("blockReasonMessage", "") in error.message
        return
    told = value["error"]
    name = next((name for words, name in TOLD_BY_WORDS.items() if words in told["message"]), EXPECTED[told["code"]])
    assert type(error).__name__ == name
    assert (error.message, error.code, error.status) == (told["message"], told.get("status", ""), told["code"])
    delays = [detail["retryDelay"] for detail in told.get("details", ()) if "retryDelay" in detail]
    assert error.retry_after_s == (float(delays[0].removesuffix("s")) if delays else None)


def test_every_refusal_of_a_stream_is_raised_whatever_it_is_framed_in() -> None:
    refused = [one for one in _all() if _is_refusal(one) and one.is_stream]
    for recording in refused:
        value = values_of(recording.response.body)[-1]
        head = head_of(recording)
        if head.status >= 400:  # the client reads it whole
            body = json.dumps(value).encode() if recording.rebuilt else recording.response.body
            error = GeminiErrors().error(HttpResponse(head, body))
            assert error is not None
            check_error(error, value)
            continue
        with pytest.raises(ProviderError) as caught:
            chunks_of(recording, [recording.response.body])
        if value.get("error", {}).get("code") == 499:
            assert (type(caught.value).__name__, caught.value.status) == ("ServerError", 499)
        else:
            check_error(caught.value, value)
    count("refused streams", len(refused), 10)


def test_what_was_made_to_be_no_answer_is_none() -> None:
    found = [one for one in _all() if any(name in one.path for name in NO_ANSWERS)]
    for recording in found:
        kind = next(kind for name, kind in NO_ANSWERS.items() if name in recording.path)
        with pytest.raises(kind):
            decoded(recording)
    assert len(found) == len(NO_ANSWERS)


def test_no_recorded_answer_is_taken_for_an_error() -> None:
    for recording in [*_answers(stream=False), *_answers(stream=True)]:
        assert GeminiErrors().error(HttpResponse(ResponseHead(200), recording.response.body)) is None, recording


def test_token_counts_lists_of_models_and_vectors_are_read() -> None:
    seen = {"counts": 0, "models": 0, "vectors": 0}
    for recording in [one for one in _all() if not _is_refusal(one)]:
        (value, *_) = values_of(recording.response.body)
        response = HttpResponse(head_of(recording), recording.response.body)
        if _is_count(recording):
            assert CountTokens().decode(response, REQUEST, TARGET) == value.get("totalTokens", 0)
            seen["counts"] += 1
        elif recording.capability == "models":
            names = Models().decode(response, None, TARGET)
            assert names == tuple(model["name"].partition("/")[2] for model in value["models"])
            seen["models"] += 1
        elif recording.capability == "embeddings":
            vectors = [one["values"] for one in value.get("embeddings", [value.get("embedding")])]
            reply = EmbedContent().decode(response, EmbedRequest(inputs=("a",) * len(vectors)), TARGET)
            assert [list(vector) for vector in reply.vectors] == vectors
            seen["vectors"] += len(vectors)
    print(seen)  # noqa: T201 - a figure for the log
    assert seen["counts"] >= 10
    assert seen["models"] == 1
    assert seen["vectors"] >= 8


def test_every_reason_to_leave_a_recording_out_is_one_that_occurs() -> None:
    places = [_place(one) for provider in ("gemini", "vertex") for one in recordings.interactions(provider=provider)]
    left_out = (*OTHER_FORMATS, *BROKEN)
    assert {part for part in left_out if any(part in place for place in places)} == set(left_out)
    count("left out with a reason", sum(any(part in place for part in left_out) for place in places), 30)
