"""A streamed answer of the Responses API: events to chunks whose fold is the whole answer.

An item's pieces are told as they come; what an item has beside them (an id, sources, encrypted thoughts) is told when
it is done. Source: OpenAI's OpenAPI description (mirror of 2026-08), schema `ResponseStreamEvent`, and recordings, read
2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError, StreamCutError
from modelscan.types.chat import ChatChunk, TokenLogprob, ToolCallDelta
from modelscan.types.content import AnyPart, Reasoning, Refusal, Text, ToolCall
from modelscan.wire.openai_compatible.parts import logprobs_of
from modelscan.wire.openai_compatible.responses.items import (
    BETWEEN_SUMMARIES,
    WIRE,
    call_head,
    finish_of,
    logprobs_in,
    parts_of,
    reply_extra,
    usage_of,
)
from modelscan.wire.openai_compatible.responses.structs import Event, Item, Response
from modelscan.wire.unreadable import UNREADABLE

_events: Final = msgspec.json.Decoder(Event)
_responses: Final = msgspec.json.Decoder(Response)
_NO_CHUNKS: Final[Sequence[ChatChunk]] = ()
_DONE: Final = b"[DONE]"
_PARTS_PER_ITEM: Final = 1000
_CALLS: Final = ("function_call", "custom_tool_call")


class ResponsesDecoder:
    """Reads one stream."""

    def __init__(self, framing: Framing, errors: Errors, head: ResponseHead) -> None:
        self.framing = framing
        self._errors = errors
        self._head = head
        self._told: dict[int, list[str]] = {}
        self._paragraphs: dict[int, int] = {}
        self._places: dict[str, int] = {}
        self._begun: dict[int, str] = {}
        self._parts: dict[int, list[AnyPart]] = {}
        self._has_logprobs = False
        self._is_whole = False
        self._on: Mapping[str, Callable[[Event, bytes], Sequence[ChatChunk]]] = {
            "response.output_text.delta": self._text,
            "response.refusal.delta": self._refusal,
            "response.function_call_arguments.delta": self._arguments,
            "response.custom_tool_call_input.delta": self._arguments,
            "response.reasoning_summary_text.delta": self._summary,
            "response.reasoning_text.delta": self._thought,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.created": self._created,
            "response.completed": self._ended,
            "response.incomplete": self._ended,
            "response.cancelled": self._ended,
            "response.failed": self._failed,
        }

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one event. Raises a `ProviderError` for an error event, `DecodeError` for what is no event."""
        data = frame.data
        try:
            event = _events.decode(data)
        except UNREADABLE as error:
            return self._unreadable(data, error)
        kind = event.type or frame.event
        handle = self._on.get(kind)
        if handle is not None:
            return handle(event, data)
        if kind in ("error", ""):
            self._raise_error(data, is_sure=kind == "error")
            if event.object == "response":
                return self._whole_body(data)
        return _NO_CHUNKS

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        """Nothing more. Raises `StreamCutError` where no event told that the response is at its end."""
        if not self._is_whole:
            how = "the connection broke" if cut else "the stream ended"
            raise StreamCutError(f"{how} before the response did: no event told its end")
        return _NO_CHUNKS

    def _unreadable(self, data: bytes, error: Exception) -> Sequence[ChatChunk]:
        text = data.strip()
        if text == _DONE:
            self._is_whole = True
        elif text:
            raise DecodeError(f"a frame of the stream is no event of the Responses API: {error}") from error
        return _NO_CHUNKS

    def _raise_error(self, data: bytes, *, is_sure: bool) -> None:
        found = self._errors.error(HttpResponse(self._head, data))
        if found is not None:
            raise found
        if is_sure:
            raise DecodeError(f"an error event that tells no error: {data[:300].decode('utf-8', 'replace')}")

    def _created(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        response = event.response or Response()
        return (ChatChunk(id=response.id or "", model=response.model or "", wire=WIRE, raw=raw),)

    def _text(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        logprobs: tuple[TokenLogprob, ...] = ()
        if event.logprobs:
            logprobs = logprobs_of({"content": event.logprobs})
            self._has_logprobs = True
        index = self._index(event)
        text = self._piece(index, event)
        return (ChatChunk(text=text, index=index, logprobs=logprobs, raw=raw),) if text or logprobs else _NO_CHUNKS

    def _refusal(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = self._index(event)
        piece = self._piece(index, event)
        return (ChatChunk(refusal=piece, index=index, raw=raw),) if piece else _NO_CHUNKS

    def _arguments(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = self._index(event)
        piece = self._piece(index, event)
        return (ChatChunk(tool_call=ToolCallDelta(arguments=piece), index=index, raw=raw),) if piece else _NO_CHUNKS

    def _summary(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = self._index(event, is_item=True)
        paragraph = event.summary_index or 0
        piece = self._piece(index, event)
        if not piece:
            return _NO_CHUNKS
        if self._paragraphs.setdefault(index, paragraph) != paragraph:
            self._paragraphs[index] = paragraph
            self._told[index].insert(-1, BETWEEN_SUMMARIES)
            piece = BETWEEN_SUMMARIES + piece
        return (ChatChunk(reasoning=piece, index=index, raw=raw),)

    def _thought(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        index = self._index(event, is_item=True)
        piece = self._piece(index, event)
        return (ChatChunk(reasoning=piece, index=index, raw=raw),) if piece else _NO_CHUNKS

    def _place(self, event: Event) -> int:
        """Where the event's item stands among the output: by its index, else by its id, in the order of appearance."""
        name = str(event.item_id or (event.item or {}).get("id") or "")
        if event.output_index is None:
            return self._places.setdefault(name, len(self._places))
        if event.item is not None:
            self._places[name] = event.output_index
        return event.output_index

    def _index(self, event: Event, *, is_item: bool = False) -> int:
        """Which part a piece belongs to: the pieces of an item that isn't a message are one part."""
        return self._place(event) * _PARTS_PER_ITEM + (0 if is_item else event.content_index or 0)

    def _piece(self, index: int, event: Event) -> str:
        piece = event.delta if isinstance(event.delta, str) else ""
        if piece:
            self._told.setdefault(index, []).append(piece)
        return piece

    def _item_added(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        item = event.item or {}
        place = self._place(event)
        kind = str(item.get("type") or "")
        self._begun[place] = kind
        if kind not in _CALLS:
            return _NO_CHUNKS
        call = call_head(item)
        return (ChatChunk(tool_call=ToolCallDelta(call.id, call.name), index=place * _PARTS_PER_ITEM, raw=raw),)

    def _item_done(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        return self._close(self._place(event), event.item or {}, raw)

    def _close(self, place: int, item: Item, raw: bytes) -> list[ChatChunk]:
        """What an item says that its pieces didn't."""
        parts = self._parts[place] = parts_of(item)
        has_begun = place in self._begun
        self._begun[place] = str(item.get("type") or "")
        chunks = []
        for number, part in enumerate(parts):
            index = place * _PARTS_PER_ITEM + number
            chunk = _rest(part, "".join(self._told.get(index, ())), index, raw, has_begun=has_begun)
            if chunk is not None:
                chunks.append(chunk)
        return chunks

    def _ended(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        self._is_whole = True
        response = event.response or Response(status=(event.type or "").rpartition(".")[2])
        output = response.output or []
        chunks = []
        for place, item in enumerate(output):
            if place not in self._parts and self._begun.get(place, item.get("type")) == item.get("type"):
                chunks += self._close(place, item, raw)
        finish, raw_finish = finish_of(response, [part for parts in self._parts.values() for part in parts])
        usage = usage_of(response)
        chunks.append(
            ChatChunk(
                finish_reason=finish,
                raw_finish_reason=raw_finish,
                usage=usage if usage.is_reported else None,
                id=response.id or "",
                model=response.model or "",
                wire=WIRE,
                logprobs=() if self._has_logprobs else logprobs_in(output),
                reply_extra=reply_extra(response),
                raw=raw,
            )
        )
        return chunks

    def _failed(self, event: Event, raw: bytes) -> Sequence[ChatChunk]:
        error = event.response.error if event.response is not None else None
        self._raise_error(msgspec.json.encode({"error": error or "the response failed"}), is_sure=True)
        return _NO_CHUNKS

    def _whole_body(self, raw: bytes) -> Sequence[ChatChunk]:
        try:
            response = _responses.decode(raw)
        except UNREADABLE as error:
            raise DecodeError(f"the body is no response of the Responses API: {error}") from error
        return self._ended(Event(response=response), raw)


def _rest(part: AnyPart, told: str, index: int, raw: bytes, *, has_begun: bool) -> ChatChunk | None:
    """A part without what has been told of it already; None where nothing is left."""
    if isinstance(part, Text):
        rest = _after(part.text, told)
        if not (rest or part.citations or part.extra):
            return ChatChunk(part=part, index=index, raw=raw) if not told else None
        return ChatChunk(text=rest, citations=part.citations, extra=part.extra, index=index, raw=raw)
    if isinstance(part, Refusal) and part.text:
        return ChatChunk(refusal=_after(part.text, told), extra=part.extra, index=index, raw=raw)
    if isinstance(part, ToolCall):
        head = ToolCallDelta() if has_begun else ToolCallDelta(part.id, part.name)
        delta = msgspec.structs.replace(head, arguments=_after(part.arguments, told))
        return ChatChunk(tool_call=delta, extra=part.extra, index=index, raw=raw)
    if isinstance(part, Reasoning):
        kept = msgspec.structs.replace(part, text="")
        return ChatChunk(part=kept, reasoning=_after(part.text, told), index=index, raw=raw)
    return ChatChunk(part=part, index=index, raw=raw)


def _after(whole: str, told: str) -> str:
    """What of the whole hasn't been told; nothing where the two contradict each other, for it can't be taken back."""
    return whole[len(told) :] if whole.startswith(told) else ""
