"""Every recorded answer of the Messages API is decoded right, judged by a second reading of its bytes."""

from __future__ import annotations

import base64
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

import recordings
from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead, Target
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import AnyPart, Citation, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import user
from modelscan.wire.anthropic import AnthropicErrors, CountTokens, Messages, MessagesDecoder, MessagesServer, Models
from modelscan.wire.event_stream import EventStream
from modelscan.wire.sse import ServerSentEvents
from recordings import Recording, needs_recordings

pytestmark = needs_recordings

TARGET = Target(base_urls={"default": "https://api.anthropic.com"}, model="claude-opus-5-5")
REQUEST = ChatRequest(messages=(user("Hello"),))
BEDROCK = "bedrock-invokemodelwithstreams-adds-claude-model-attributes-to-span.json"

NOT_MESSAGES = {
    "/v1/messages/count_tokens": "a token count, tested by itself",
    "/v1/models": "a list of models, tested by itself",
    "/v1/files": "files belong to no capability of this family",
}
CUT_INPUTS = {
    "incomplete_partial_json_response.txt": "the input of its tool call was cut off, so no server could tell it whole",
}


def count(what: str, number: int, at_least: int) -> None:
    """Says how many were read, and that they are no fewer than there were."""
    print(f"{what}: {number}")  # noqa: T201 - a figure for the log
    assert number >= at_least


def _all() -> Iterator[Recording]:
    return recordings.interactions(provider="anthropic")


def _path(recording: Recording) -> str:
    return "" if recording.request is None else recording.request.url.partition("?")[0]


def _is_message(recording: Recording) -> bool:
    path = _path(recording)
    skipped = any(part in path for part in NOT_MESSAGES)
    return not skipped and recording.response.status in (200, None)


def _is_stream(recording: Recording) -> bool:
    return recording.response.body.lstrip().startswith((b"event:", b"data:"))


def _whole() -> list[Recording]:
    return [one for one in _all() if _is_message(one) and not _is_stream(one)]


def _streams() -> list[Recording]:
    return [one for one in _all() if _is_message(one) and _is_stream(one)]


# --- The second reading: json.loads and a walk, sharing nothing with the codec -------------------------------------


def message_in(recording: Recording) -> dict[str, Any]:
    """The message as the vendor would have told it whole."""
    text = recording.response.body.decode()
    if not _is_stream(recording):
        found: dict[str, Any] = json.loads(text)
        return found
    events = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:")]
    return message_of(events)


def message_of(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message = event["message"]
        elif kind == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif kind == "content_block_delta":
            _grow(blocks[event["index"]], event["delta"], inputs, event["index"])
        elif kind == "message_delta":
            message |= {name: value for name, value in event["delta"].items() if value is not None}
            if "context_management" in event:
                message["context_management"] = event["context_management"]
            message["usage"] |= {name: value for name, value in event["usage"].items() if value is not None}
    for index, joined in inputs.items():
        blocks[index]["input"] = joined
    message["content"] = [blocks[index] for index in sorted(blocks)]
    return message


def _grow(block: dict[str, Any], delta: dict[str, Any], inputs: dict[int, str], index: int) -> None:
    if delta["type"] == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
    elif delta["type"] == "input_json_delta":
        inputs[index] = inputs.get(index, "") + delta["partial_json"]
    else:
        for name in ("text", "thinking", "signature"):
            if name in delta:
                block[name] = block.get(name, "") + delta[name]


def check(reply: ChatReply[None], message: dict[str, Any]) -> None:
    """The reply says what the message says, field by field."""
    assert (reply.id, reply.model) == (message["id"], message["model"])
    assert reply.raw_finish_reason == (message["stop_reason"] or "")
    assert len(reply.message.content) == len(message["content"])
    for part, block in zip(reply.message.content, message["content"], strict=True):
        check_part(part, block)
    usage = message["usage"]
    read, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    assert reply.usage.input_tokens == usage["input_tokens"] + read + written
    assert reply.usage.output_tokens == usage["output_tokens"]
    assert (reply.usage.cached_tokens, reply.usage.cache_write_tokens) == (read, written)
    assert reply.usage.searches == (usage.get("server_tool_use") or {}).get("web_search_requests", 0)
    told = {name: message.get(name) for name in ("stop_sequence", "stop_details", "container", "context_management")}
    assert {name: reply.extra.get(name) for name in told} == told


def check_part(part: AnyPart, block: dict[str, Any]) -> None:
    kind = block["type"]
    if kind == "text":
        assert isinstance(part, Text)
        assert part.text == block["text"]
        cited = block.get("citations") or []
        assert len(part.citations) == len(cited)
        for ours, theirs in zip(part.citations, cited, strict=True):
            check_citation(ours, theirs)
    elif kind == "thinking":
        assert isinstance(part, Reasoning)
        assert (part.text, part.signature) == (block["thinking"], block["signature"])
    elif kind == "tool_use":
        assert isinstance(part, ToolCall)
        assert (part.id, part.name) == (block["id"], block["name"])
        if isinstance(block["input"], str) and block["input"]:
            assert part.arguments == block["input"]
        else:
            assert json.loads(part.arguments) == (block["input"] or {})
    else:
        assert isinstance(part, ProviderPart)
        assert part.kind == kind
        theirs = {**block, "input": json.loads(block["input"])} if isinstance(block.get("input"), str) else block
        assert part.extra == theirs


def check_citation(ours: Citation, theirs: dict[str, Any]) -> None:
    assert ours.text == theirs["cited_text"]
    assert ours.url == theirs.get("url", "")
    assert ours.title == (theirs.get("title") or theirs.get("document_title") or "")
    assert ours.document == str(theirs.get("document_index", ""))
    places = [value for name, value in theirs.items() if name.startswith("start_")]
    assert [ours.source_start] == (places or [None])


# --- Our reading ------------------------------------------------------------------------------------------------------


def chunks_of(pieces: Sequence[bytes], framing: Framing | None = None) -> list[ChatChunk]:
    head = ResponseHead(200, (("content-type", "text/event-stream"),))
    decoder = MessagesDecoder(framing or ServerSentEvents(), AnthropicErrors(), head)
    chunks: list[ChatChunk] = []
    for piece in pieces:
        for frame in decoder.framing.feed(piece):
            chunks += decoder.feed(frame)
    for frame in decoder.framing.finish():
        chunks += decoder.feed(frame)
    chunks += decoder.finish(cut=False)
    return chunks


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def test_every_whole_answer_says_what_its_bytes_say() -> None:
    for recording in _whole():
        response = HttpResponse(ResponseHead(200, recording.response.headers), recording.response.body)
        reply = Messages().decode(response, REQUEST, TARGET)
        try:
            check(reply, message_in(recording))
        except AssertionError as error:
            raise AssertionError(f"{recording}: {error}") from error
        assert reply.request_id == recording.response.header("request-id")
    count("whole answers", len(_whole()), 47)


def test_every_streamed_answer_folds_to_what_its_bytes_say() -> None:
    for recording in _streams():
        reply = folded(chunks_of([recording.response.body]))
        try:
            check(reply, message_in(recording))
        except AssertionError as error:
            raise AssertionError(f"{recording}: {error}") from error
    count("streamed answers", len(_streams()), 27)


def test_every_streamed_answer_gives_the_same_chunks_however_its_bytes_are_split() -> None:
    random_ = random.Random(20261124)
    splits = 0
    for recording in _streams():
        body = recording.response.body
        whole = chunks_of([body])
        if len(body) <= 4096:
            for at in range(1, len(body)):
                assert chunks_of([body[:at], body[at:]]) == whole, (recording, at)
            splits += len(body) - 1
            continue
        assert chunks_of([body[at : at + 1] for at in range(len(body))]) == whole, recording
        for _ in range(5):
            cuts = sorted(random_.sample(range(1, len(body)), 40))
            pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
            assert chunks_of(pieces) == whole, (recording, cuts)
        splits += 6
    count("splits", splits, 30_000)


def test_a_streamed_answer_that_is_written_whole_decodes_to_its_fold() -> None:
    """The vendor told these answers in events; told whole by the second reading, they give the same reply."""
    told = 0
    for recording in _streams():
        if recording.path.endswith(tuple(CUT_INPUTS)):
            continue
        message = message_in(recording)
        for block in message["content"]:
            if isinstance(block.get("input"), str):
                block["input"] = msgspec.Raw(block["input"].encode() or b"{}")
        response = HttpResponse(ResponseHead(200), msgspec.json.encode(message))
        whole = Messages().decode(response, REQUEST, TARGET)
        assert msgspec.structs.replace(whole, raw_body=b"") == folded(chunks_of([recording.response.body])), recording
        told += 1
    count("answers told both ways", told, 26)


def test_every_recorded_answer_survives_the_server_codec() -> None:
    server = MessagesServer()
    answers = [one for one in (*_whole(), *_streams()) if not one.path.endswith(tuple(CUT_INPUTS))]
    for recording in answers:
        response = HttpResponse(ResponseHead(200, recording.response.headers), recording.response.body)
        is_stream = _is_stream(recording)
        reply = (
            folded(chunks_of([recording.response.body])) if is_stream else Messages().decode(response, REQUEST, TARGET)
        )
        call = server.parse(Messages().encode(REQUEST, TARGET))
        again = Messages().decode(server.reply(reply, call), REQUEST, TARGET)
        assert msgspec.structs.replace(again, raw_body=reply.raw_body) == reply, recording
        if is_stream:
            encoder = server.stream(call)
            written = [encoder.encode(chunk) for chunk in chunks_of([recording.response.body])]
            assert folded(chunks_of([*written, encoder.finish()])) == reply, recording
    count("answers through the server", len(answers), 73)


def test_every_recorded_error_has_its_class_words_and_request_id() -> None:
    classes = {
        "invalid_request_error": "BadRequestError",
        "authentication_error": "AuthenticationError",
        "not_found_error": "NotFoundError",
    }
    refused = [one for one in _all() if one.response.status not in (200, None)]
    for recording in refused:
        body = json.loads(recording.response.body)
        response = HttpResponse(
            ResponseHead(recording.response.status or 0, recording.response.headers), recording.response.body
        )
        error = AnthropicErrors().error(response)
        assert error is not None
        assert type(error).__name__ == classes[body["error"]["type"]], recording
        assert (error.message, error.code) == (body["error"]["message"], body["error"]["type"])
        assert error.status == recording.response.status
        assert error.request_id == (body.get("request_id") or recording.response.header("request-id"))
        assert not error.retryable
    count("errors", len(refused), 26)


def test_no_recorded_answer_is_taken_for_an_error() -> None:
    for recording in [*_whole(), *_streams()]:
        response = HttpResponse(ResponseHead(200, recording.response.headers), recording.response.body)
        assert AnthropicErrors().error(response) is None, recording


def test_token_counts_and_lists_of_models_are_read() -> None:
    seen: Counter[str] = Counter()
    for recording in [one for one in _all() if one.response.status == 200]:
        response = HttpResponse(ResponseHead(200, recording.response.headers), recording.response.body)
        if _path(recording).endswith("/count_tokens"):
            tokens = CountTokens().decode(response, REQUEST, TARGET)
            assert tokens == json.loads(recording.response.body)["input_tokens"]
            seen["token counts"] += 1
        elif _path(recording).endswith("/v1/models"):
            names = Models().decode(response, None, TARGET)
            assert names == tuple(model["id"] for model in json.loads(recording.response.body)["data"])
            seen["lists of models"] += 1
    assert seen == {"token counts": 5, "lists of models": 2}


class _Unwrapped:
    """Bedrock's frames, each of which wraps an event of this format in base64."""

    def __init__(self) -> None:
        self._frames = EventStream()

    def feed(self, data: bytes) -> list[Frame]:
        return [Frame(base64.b64decode(json.loads(frame.data)["bytes"])) for frame in self._frames.feed(data)]

    def finish(self) -> list[Frame]:
        return [Frame(base64.b64decode(json.loads(frame.data)["bytes"])) for frame in self._frames.finish()]


def test_the_events_in_a_cloud_s_own_frames_are_read_too() -> None:
    path = next(path for path in recordings.index() if path.endswith(BEDROCK))
    found = [one for one in recordings.read(path) if one.response.status == 200]
    assert found
    for recording in found:
        body = recording.response.body
        framing = _Unwrapped()
        events = [json.loads(frame.data) for frame in [*framing.feed(body), *framing.finish()]]
        whole = chunks_of([body], _Unwrapped())
        check(folded(whole), message_of(events))
        for at in range(1, len(body), 7):
            assert chunks_of([body[:at], body[at:]], _Unwrapped()) == whole


def test_every_reason_to_leave_a_recording_out_is_one_that_occurs() -> None:
    others = [one for one in _all() if one.response.status in (200, None) and not _is_message(one)]
    assert {part for part in NOT_MESSAGES if any(part in _path(one) for one in others)} == set(NOT_MESSAGES)
    count("left out with a reason", len(others), 10)
