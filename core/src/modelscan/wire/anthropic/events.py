"""The other direction: chunks as the events of a streamed answer."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelscan.errors import ProviderError
from modelscan.types.chat import ChatChunk
from modelscan.types.content import AnyPart, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.anthropic.blocks import block_of
from modelscan.wire.anthropic.citations import citation_block
from modelscan.wire.anthropic.replies import USAGE_EXTRA, error_body, stop_reason
from modelscan.wire.anthropic.usage import usage_block

_HEADERS: Final = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_DELTA_EXTRA: Final = ("stop_sequence", "stop_details", "container")

Json = dict[str, Any]


class MessagesEncoder:
    """Writes one streamed answer.

    Each part becomes a block in the order in which the parts begin; a part's block is closed when the next begins, and
    a piece that comes for it later still is a delta of its index. The reason to stop and the usage are held until
    `finish`, since the format tells both in one event.
    """

    def __init__(self, model: str, request_id: str = "") -> None:
        headers = (*_HEADERS, ("request-id", request_id)) if request_id else _HEADERS
        self.head: tuple[int, tuple[tuple[str, str], ...]] = (200, headers)
        self._model = model
        self._has_begun = False
        self._blocks: dict[int, int] = {}
        self._open: int | None = None
        self._usage: Usage = UNREPORTED
        self._extra: Json = {}
        self._end: tuple[str | None, str] = (None, "")

    def encode(self, chunk: ChatChunk) -> bytes:
        """The events of one chunk."""
        if chunk.usage is not None:
            self._usage = chunk.usage
        self._extra |= chunk.reply_extra
        if chunk.finish_reason is not None:
            self._end = (chunk.finish_reason, chunk.raw_finish_reason)
        out = [] if self._has_begun else [self._begin(chunk)]
        begins = None if chunk.index in self._blocks else _first_block(chunk)
        if begins is not None:
            out += [self._close(), self._start(chunk.index, begins)]
        if (index := self._blocks.get(chunk.index)) is not None:
            out += [
                _event("content_block_delta", index=index, delta=delta)
                for delta in _deltas(chunk, has_begun=begins is None)
            ]
        return b"".join(out)

    def error(self, error: ProviderError) -> bytes:
        """An error in mid-stream."""
        return b"event: error\ndata: " + msgspec.json.encode(error_body(error)) + b"\n\n"

    def finish(self) -> bytes:
        """The end: the block that is open, the reason, the usage."""
        begin = b"" if self._has_begun else self._begin(ChatChunk())
        told: Json = {name: self._extra[name] for name in _DELTA_EXTRA if name in self._extra}
        beside: Json = {name: self._extra[name] for name in ("context_management",) if name in self._extra}
        delta: Json = {"stop_reason": stop_reason(*self._end), "stop_sequence": None, **told}
        end = _event("message_delta", delta=delta, usage=self._usage_block(), **beside)
        return begin + self._close() + end + _event("message_stop")

    def _begin(self, chunk: ChatChunk) -> bytes:
        self._has_begun = True
        message: Json = {
            "id": chunk.id,
            "type": "message",
            "role": "assistant",
            "model": chunk.model or self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": self._usage_block(),
            **{name: self._extra[name] for name in ("diagnostics",) if name in self._extra},
        }
        return _event("message_start", message=message)

    def _usage_block(self) -> Json:
        return {**usage_block(self._usage), **{name: self._extra[name] for name in USAGE_EXTRA if name in self._extra}}

    def _start(self, index: int, block: Json) -> bytes:
        self._open = self._blocks[index] = len(self._blocks)
        return _event("content_block_start", index=self._open, content_block=block)

    def _close(self) -> bytes:
        index, self._open = self._open, None
        return b"" if index is None else _event("content_block_stop", index=index)


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode({"type": kind, **fields}) + b"\n\n"


def _first_block(chunk: ChatChunk) -> Json | None:
    """The block that a part begins with; what it holds beyond that follows as deltas."""
    part = chunk.part
    if part is not None and not isinstance(part, (Text, ToolCall)):
        if isinstance(part, Reasoning) and part.encrypted is None:
            return {"type": "thinking", "thinking": "", "signature": ""}
        return {**block_of(part), **chunk.extra}
    call = _call(chunk, part)
    if call is not None:
        return {"type": "tool_use", "id": call[0], "name": call[1], "input": {}, **_extra(part), **chunk.extra}
    if chunk.reasoning or chunk.signature is not None:
        return {"type": "thinking", "thinking": "", "signature": ""}
    if chunk.text or chunk.refusal or chunk.citations or isinstance(part, Text):
        return {"type": "text", "text": "", **_extra(part), **chunk.extra}
    return None


def _call(chunk: ChatChunk, part: AnyPart | None) -> tuple[str, str] | None:
    if isinstance(part, ToolCall):
        return part.id, part.name
    return (chunk.tool_call.id, chunk.tool_call.name) if chunk.tool_call is not None else None


def _extra(part: AnyPart | None) -> Json:
    return part.extra if part is not None else {}


def _deltas(chunk: ChatChunk, *, has_begun: bool) -> list[Json]:
    part = chunk.part
    if isinstance(part, ProviderPart) or (isinstance(part, Reasoning) and part.encrypted is not None):
        return []
    deltas: list[Json] = []
    cited = (*(part.citations if isinstance(part, Text) else ()), *chunk.citations)
    deltas += [{"type": "citations_delta", "citation": block} for one in cited if (block := citation_block(one))]
    text = (part.text if isinstance(part, Text) else "") + chunk.text + chunk.refusal
    if text:
        deltas.append({"type": "text_delta", "text": text})
    thought = (part.text if isinstance(part, Reasoning) else "") + chunk.reasoning
    if thought:
        deltas.append({"type": "thinking_delta", "thinking": thought})
    arguments = part.arguments if isinstance(part, ToolCall) else chunk.tool_call.arguments if chunk.tool_call else ""
    if arguments:
        deltas.append({"type": "input_json_delta", "partial_json": arguments})
    signature = chunk.signature or (part.signature if isinstance(part, Reasoning) else None)
    if signature:
        deltas.append({"type": "signature_delta", "signature": signature})
    return deltas
