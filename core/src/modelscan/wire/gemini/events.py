"""The other direction: chunks as the server-sent events of a streamed answer."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelscan.errors import ProviderError
from modelscan.types.chat import ChatChunk
from modelscan.types.content import AnyPart, Citation, Reasoning, Text, ToolCall
from modelscan.types.usage import Usage
from modelscan.wire.gemini.replies import (
    OF_RESPONSE,
    cited_fields,
    error_body,
    finish_word,
    joined,
    logprobs_block,
    parts_of,
    response_fields,
)

_HEADERS: Final = (("content-type", "text/event-stream"), ("cache-control", "no-cache"))

Json = dict[str, Any]


class _Written:
    """What of one answer is held: the call that may still grow, and what the format tells at the end."""

    def __init__(self) -> None:
        self.call: ToolCall | None = None
        self.call_index = 0
        self.cited: list[Citation] = []
        self.end: tuple[str | None, str] = (None, "")


class GenerateContentEncoder:
    """Writes one streamed answer.

    A function call is held until the next part begins, for the format tells it whole; the reason to stop, the citations
    and what stands beside the answer are held until `finish`.
    """

    def __init__(self) -> None:
        self.head: tuple[int, tuple[tuple[str, str], ...]] = (200, _HEADERS)
        self._model = ""
        self._id = ""
        self._usage: Usage | None = None
        self._extra: Json = {}
        self._answers: dict[int, _Written] = {}

    def encode(self, chunk: ChatChunk) -> bytes:
        """The event of one chunk; empty where it tells nothing yet."""
        self._model = chunk.model or self._model
        self._id = chunk.id or self._id
        self._usage = chunk.usage or self._usage
        self._extra |= chunk.reply_extra
        answer = self._answers.setdefault(chunk.choice, _Written())
        answer.cited += chunk.citations
        if chunk.finish_reason is not None:
            answer.end = (chunk.finish_reason, chunk.raw_finish_reason)
        parts = self._parts(chunk, answer)
        fields = logprobs_block(chunk.logprobs)
        if not parts and not fields:
            return b""
        return self._event([_candidate(chunk.choice, parts) | fields])

    def error(self, error: ProviderError) -> bytes:
        """An error in mid-stream."""
        return _framed(error_body(error))

    def finish(self) -> bytes:
        """The end: calls that were held, the reasons, the citations, the usage."""
        candidates = []
        for choice, answer in sorted(self._answers.items()):
            candidate = _candidate(choice, _flushed(answer)) | cited_fields(answer.cited)
            word = finish_word(*answer.end)
            candidates.append(candidate if word is None else {**candidate, "finishReason": word})
        if candidates:
            beside = {name: value for name, value in self._extra.items() if name not in OF_RESPONSE}
            candidates[0] = joined(candidates[0], beside)
        return self._event(candidates)

    def _parts(self, chunk: ChatChunk, answer: _Written) -> list[Json]:
        if chunk.tool_call is not None and answer.call is not None and answer.call_index == chunk.index:
            grown = answer.call.arguments + chunk.tool_call.arguments
            signature = chunk.signature or answer.call.signature
            answer.call = msgspec.structs.replace(answer.call, arguments=grown, signature=signature)
            return []
        part = _part(chunk)
        if part is None:
            return []
        before = _flushed(answer)
        if isinstance(part, ToolCall):
            answer.call, answer.call_index = part, chunk.index
            return before
        answer.cited += part.citations if isinstance(part, Text) else ()
        return before + parts_of([part])

    def _event(self, candidates: list[Json]) -> bytes:
        fields = response_fields(self._usage, self._model, self._id, self._extra)
        return _framed({"candidates": candidates, **fields})


def _framed(body: Json) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\r\n\r\n"


def _candidate(choice: int, parts: list[Json]) -> Json:
    return {"content": {"parts": parts, "role": "model"}, "index": choice}


def _flushed(answer: _Written) -> list[Json]:
    call, answer.call = answer.call, None
    return [] if call is None else parts_of([call])


def _part(chunk: ChatChunk) -> AnyPart | None:
    """The part, or the piece of one, that a chunk tells."""
    beside: Json = {"signature": chunk.signature, "extra": chunk.extra}
    if chunk.part is not None:
        told = {name: value for name, value in beside.items() if value}
        return msgspec.structs.replace(chunk.part, **told) if told else chunk.part
    if chunk.tool_call is not None:
        call = chunk.tool_call
        return ToolCall(id=call.id, name=call.name, arguments=call.arguments, **beside)
    if chunk.reasoning:
        return Reasoning(text=chunk.reasoning, **beside)
    if chunk.text or chunk.refusal or chunk.signature is not None:
        return Text(text=chunk.text or chunk.refusal, **beside)
    return None
