"""Chunks as the events of a streamed response."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.contracts.http import Headers
from modelscan.errors import ProviderError
from modelscan.types.chat import ChatChunk, FinishReason
from modelscan.types.content import AnyPart, Reasoning, Refusal, Text, ToolCall
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible.server.chat_events import EVENT_STREAM
from modelscan.wire.openai_compatible.server.refusals import error_body
from modelscan.wire.openai_compatible.server.response_reply import bare_response, ending, output_of, usage_body

Json = dict[str, Any]
_TextPart = Text | Reasoning | Refusal


class ResponseEncoder:
    """Writes one streamed answer: each part becomes an item, in the order in which the parts begin.

    Items are done at the end, for a part may grow until then. This format has one answer: pieces of others are dropped.
    """

    def __init__(self, model: str) -> None:
        self.head: tuple[int, Headers] = (200, EVENT_STREAM)
        self._model = model
        self._id = ""
        self._number = 0
        self._parts: dict[int, AnyPart] = {}
        self._usage: Usage = UNREPORTED
        self._extra: Json = {}
        self._end: tuple[FinishReason | None, str] = (None, "")

    def encode(self, chunk: ChatChunk) -> bytes:
        """The events of one chunk."""
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        self._extra |= chunk.reply_extra
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.finish_reason is not None:
            self._end = (chunk.finish_reason, chunk.raw_finish_reason)
        out = [] if self._number else [self._begin()]
        if chunk.choice == 0:
            out += self._grow(chunk)
        return b"".join(out)

    def error(self, error: ProviderError) -> bytes:
        """An error in mid-stream."""
        told = error_body(error)["error"]
        return self._event("error", code=told["code"] or told["type"], message=told["message"], param=None)

    def finish(self) -> bytes:
        """The end: every item is done, and so is the response."""
        out = [] if self._number else [self._begin()]
        items = [self._item(place, part) for place, part in enumerate(self._parts.values())]
        out += [
            self._event("response.output_item.done", output_index=place, item=item) for place, item in enumerate(items)
        ]
        response = {**bare_response(self._id, self._model), **ending(*self._end), "output": items}
        response |= {"usage": usage_body(self._usage), **self._extra}
        kind = "response.incomplete" if response["status"] == "incomplete" else "response.completed"
        return b"".join([*out, self._event(kind, response=response)])

    def _begin(self) -> bytes:
        return self._event("response.created", response=bare_response(self._id, self._model))

    def _grow(self, chunk: ChatChunk) -> list[bytes]:
        before = self._parts.get(chunk.index)
        part = _grown(before, chunk)
        if part is None:
            return []
        self._parts[chunk.index] = part
        place = list(self._parts).index(chunk.index)
        item = self._item(place, part)
        out = []
        if before is None:
            bare = {**item, "status": "in_progress"}
            hollow = {name: type(bare[name])() for name in ("content", "arguments", "input", "summary") if name in bare}
            out.append(self._event("response.output_item.added", output_index=place, item={**bare, **hollow}))
        for kind, piece, where in _pieces(chunk, part):
            out.append(self._event(kind, output_index=place, item_id=item.get("id"), delta=piece, **where))
        return out

    def _item(self, place: int, part: AnyPart) -> Json:
        (item,) = output_of((part,))
        return {**item, "id": f"item_{place}"} if item.get("id") == "item_0" else item

    def _event(self, kind: str, **fields: Any) -> bytes:
        body = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return f"event: {kind}\ndata: ".encode() + msgspec.json.encode(body) + b"\n\n"


def _pieces(chunk: ChatChunk, part: AnyPart) -> list[tuple[str, str, Json]]:
    """The events that a chunk's pieces are, with what each says and where it belongs."""
    pieces: list[tuple[str, str, Json]] = []
    if chunk.text:
        pieces.append(("response.output_text.delta", chunk.text, {"content_index": 0}))
    if chunk.refusal:
        pieces.append(("response.refusal.delta", chunk.refusal, {"content_index": 0}))
    if chunk.reasoning:
        pieces.append(("response.reasoning_summary_text.delta", chunk.reasoning, {"summary_index": 0}))
    if chunk.tool_call is not None and chunk.tool_call.arguments:
        is_custom = part.extra.get("type") == "custom_tool_call"
        name = "custom_tool_call_input" if is_custom else "function_call_arguments"
        pieces.append((f"response.{name}.delta", chunk.tool_call.arguments, {}))
    return pieces


def _grown(before: AnyPart | None, chunk: ChatChunk) -> AnyPart | None:
    """The part with what a chunk adds to it; None for a chunk that is no piece of any."""
    part = chunk.part if chunk.part is not None else before
    if chunk.part is not None and isinstance(before, _TextPart) and isinstance(part, _TextPart):
        part = msgspec.structs.replace(part, text=before.text + part.text)
    if chunk.tool_call is not None:
        call = part if isinstance(part, ToolCall) else ToolCall(id="", name="")
        delta = chunk.tool_call
        part = ToolCall(
            id=call.id or delta.id,
            name=call.name or delta.name,
            arguments=call.arguments + delta.arguments,
            extra=call.extra,
        )
    for kind, piece in ((Text, chunk.text), (Reasoning, chunk.reasoning), (Refusal, chunk.refusal)):
        if piece:
            held = part if isinstance(part, _TextPart) else kind(text="")
            part = msgspec.structs.replace(held, text=held.text + piece)
    if part is None and (chunk.citations or chunk.extra):
        part = Text(text="")
    if chunk.citations and isinstance(part, Text):
        part = msgspec.structs.replace(part, citations=part.citations + chunk.citations)
    if chunk.extra and part is not None:
        part = msgspec.structs.replace(part, extra={**part.extra, **chunk.extra})
    return part
