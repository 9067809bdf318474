"""A streamed answer of the Gemini API: chunks of responses to chunks whose fold is the whole answer.

There is no event that ends the stream: a candidate's finish reason is the evidence that it is whole. Older models tell
STOP with every chunk, so the reason is held until the stream's end. Source: ai.google.dev's page on text generation and
recordings, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError, StreamCutError
from modelscan.types.chat import ChatChunk, ToolCallDelta
from modelscan.types.content import AnyPart, Audio, Reasoning, Text, ToolCall
from modelscan.types.usage import UNREPORTED
from modelscan.wire.gemini.audio import as_wav, is_raw
from modelscan.wire.gemini.citations import citations_of, recited_in
from modelscan.wire.gemini.decode import (
    WIRE,
    call_id,
    finish_reason,
    grounding_extra,
    logprobs_of,
    reply_extra,
    response_body,
)
from modelscan.wire.gemini.partial_calls import PartialCall, is_partial
from modelscan.wire.gemini.parts import body_of, joined, joins, part_of
from modelscan.wire.gemini.structs import Candidate, FunctionCall, ResponseBody, UsageMetadata
from modelscan.wire.gemini.usage import merged, searches_in, usage_of

_NO_CHUNKS: Final[Sequence[ChatChunk]] = ()


class GenerateContentDecoder:
    """Reads one stream. `wants_wav`: raw samples of speech are told as a WAV file."""

    def __init__(self, framing: Framing, errors: Errors, head: ResponseHead, *, wants_wav: bool = False) -> None:
        self.framing = framing
        self._errors = errors
        self._head = head
        self._wants_wav = wants_wav
        self._candidates: dict[int, _Answer] = {}
        self._usage: UsageMetadata | None = None
        self._id = ""
        self._model = ""
        self._extra: dict[str, Any] = {}

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one frame.

        Raises a `ProviderError` for an error, `ContentFilterError` for a blocked prompt, `DecodeError` for nonsense.
        """
        body = self._body(frame.data)
        self._usage = merged(self._usage, body.usage_metadata)
        is_first = not self._id and not self._model
        self._id = self._id or body.response_id or ""
        self._model = self._model or body.model_version or ""
        chunks = [chunk for candidate in body.candidates or () for chunk in self._answered(candidate, frame.data)]
        first = next((candidate for candidate in body.candidates or () if not candidate.index), Candidate())
        self._extra |= reply_extra(body, first, {})
        usage = None if body.usage_metadata is None else usage_of(self._usage)
        news: dict[str, Any] = {} if usage is None or usage is UNREPORTED else {"usage": usage}
        if is_first and (self._id or self._model):
            news |= {"id": self._id, "model": self._model, "wire": WIRE}
        if not news:
            return chunks
        if not chunks:
            return (ChatChunk(**news, raw=frame.data),)
        return (msgspec.structs.replace(chunks[0], **news), *chunks[1:])

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        """What was held until the end. Raises `StreamCutError` where an answer has no finish reason."""
        answers = self._candidates.values()
        if not answers or any(answer.reason is None for answer in answers):
            how = "the connection broke" if cut else "the stream ended"
            raise StreamCutError(f"{how} before the answer did: no finish reason came")
        chunks = [chunk for answer in answers for chunk in answer.finish()]
        searches = sum(searches_in(answer.grounding) for answer in answers)
        if 0 in self._candidates and (grounding := self._candidates[0].grounding_extra()):
            self._extra["groundingMetadata"] = grounding
        usage = usage_of(self._usage, searches) if searches else None
        return [*chunks, ChatChunk(usage=usage, wire=WIRE, reply_extra=self._extra)]

    def _body(self, data: bytes) -> ResponseBody:
        try:
            body = response_body(data)
        except DecodeError:
            # An error in mid-stream may come as an array that holds it.
            if (found := self._errors.error(HttpResponse(self._head, data))) is not None:
                raise found from None
            raise
        feedback = body.prompt_feedback
        may_be_error = body.error is not None or (feedback is not None and not body.candidates)
        if may_be_error and (found := self._errors.error(HttpResponse(self._head, data))) is not None:
            raise found
        return body

    def _answered(self, candidate: Candidate, raw: bytes) -> Iterator[ChatChunk]:
        index = candidate.index or 0
        answer = self._candidates.get(index)
        if answer is None:
            answer = self._candidates[index] = _Answer(index, self._wants_wav)
        return answer.feed(candidate, self._id, raw)


class _Answer:
    """One candidate, as it grows."""

    def __init__(self, choice: int, wants_wav: bool) -> None:
        self.reason: str | None = None
        self.grounding: dict[str, Any] = {}
        self._choice = choice
        self._wants_wav = wants_wav
        self._recited: list[dict[str, Any]] = []
        self._next = 0
        self._last: AnyPart | None = None
        self._text_at: int | None = None
        self._calls = 0
        self._partial: PartialCall | None = None
        self._samples: Audio | None = None

    def feed(self, candidate: Candidate, response_id: str, frame: bytes) -> Iterator[ChatChunk]:
        if candidate.finish_reason is not None:
            self.reason = str(candidate.finish_reason)
        if candidate.grounding_metadata:
            self.grounding |= candidate.grounding_metadata
        self._recited += [one for one in recited_in(candidate.citation_metadata) if one not in self._recited]
        for raw in (candidate.content.parts if candidate.content else None) or ():
            yield from self._part(raw, response_id, frame)
        if logprobs := logprobs_of(candidate.logprobs_result):
            yield ChatChunk(choice=self._choice, logprobs=logprobs, raw=frame)

    def finish(self) -> Iterator[ChatChunk]:
        yield from self._flush()
        if self._text_at is not None and (cited := citations_of(self.grounding, self._recited)):
            yield ChatChunk(citations=cited, index=self._text_at, choice=self._choice)
        reason = finish_reason(self.reason, calls=self._calls > 0)
        yield ChatChunk(choice=self._choice, finish_reason=reason, raw_finish_reason=self.reason or "")

    def grounding_extra(self) -> dict[str, Any]:
        return grounding_extra(self.grounding, is_cited=self._text_at is not None)

    def _part(self, raw: msgspec.Raw, response_id: str, frame: bytes) -> Iterator[ChatChunk]:
        body = body_of(raw)
        call = body.function_call
        if call is not None and (self._partial is not None or is_partial(call)):
            yield from self._piece_of_call(call, body.thought_signature or None, response_id, frame)
            return
        part = part_of(body, raw, call_id(response_id, self._choice, self._calls))
        if part is None:
            return
        goes_on = joins(self._last, part)
        if not goes_on:
            yield from self._flush(frame)
        if isinstance(part, Audio) and is_raw(part):
            # Samples are held, since a part that comes whole can't grow: all that belong together are one part.
            held = joined(self._samples, part) if self._samples is not None else part
            self._samples = held if isinstance(held, Audio) else None
        else:
            yield self._chunk(part, self._next - 1 if goes_on else self._place(part), frame)
        self._last = part

    def _place(self, part: AnyPart | None) -> int:
        index, self._next = self._next, self._next + 1
        if type(part) is Text and self._text_at is None:
            self._text_at = index
        return index

    def _chunk(self, part: AnyPart, index: int, frame: bytes) -> ChatChunk:
        choice, signature = self._choice, part.signature
        if isinstance(part, ToolCall):
            self._calls += 1
            delta = ToolCallDelta(part.id, part.name, part.arguments)
            return ChatChunk(
                tool_call=delta, index=index, choice=choice, signature=signature, extra=part.extra, raw=frame
            )
        if isinstance(part, Text) and part.text:
            return ChatChunk(text=part.text, index=index, choice=choice, signature=signature, raw=frame)
        if isinstance(part, Reasoning) and part.text:
            return ChatChunk(reasoning=part.text, index=index, choice=choice, signature=signature, raw=frame)
        return ChatChunk(part=part, index=index, choice=choice, raw=frame)

    def _flush(self, frame: bytes = b"") -> Iterator[ChatChunk]:
        """What was held because it might have gone on."""
        if self._samples is not None:
            part = as_wav(self._samples) if self._wants_wav else self._samples
            self._samples = None
            yield self._chunk(part, self._place(part), frame)
        if self._partial is not None:
            yield self._arguments(self._partial, frame)

    def _piece_of_call(
        self, call: FunctionCall, signature: str | None, response_id: str, frame: bytes
    ) -> Iterator[ChatChunk]:
        if self._partial is not None and call.name:
            yield self._arguments(self._partial, frame)
        if self._partial is None:
            yield from self._flush(frame)
            self._partial = PartialCall(self._place(None), call)
            named = call_id(response_id, self._choice, self._calls)
            self._calls += 1
            self._last = None
            delta = ToolCallDelta(call.id or named, call.name or "")
            yield ChatChunk(
                tool_call=delta, index=self._partial.index, choice=self._choice, signature=signature, raw=frame
            )
        else:
            self._partial.add(call)
        if not call.will_continue:
            yield self._arguments(self._partial, frame)

    def _arguments(self, call: PartialCall, frame: bytes) -> ChatChunk:
        self._partial = None
        delta = ToolCallDelta(arguments=call.arguments())
        return ChatChunk(tool_call=delta, index=call.index, choice=self._choice, raw=frame)
