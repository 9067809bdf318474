"""Chunks as the events of a streamed chat completion."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelscan.contracts.http import Headers
from modelscan.errors import ProviderError
from modelscan.types.chat import ChatChunk
from modelscan.types.content import Text, ToolCall
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible.decode import KEPT
from modelscan.wire.openai_compatible.server.chat_reply import call_block, finish_word, logprob_block, said
from modelscan.wire.openai_compatible.server.refusals import error_body
from modelscan.wire.openai_compatible.usage import usage_block

Json = dict[str, Any]
EVENT_STREAM: Final[Headers] = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))


class ChatEncoder:
    """Writes one streamed answer. The usage is held until `finish`, where this format has it."""

    def __init__(self, model: str) -> None:
        self.head: tuple[int, Headers] = (200, EVENT_STREAM)
        self._id = ""
        self._model = model
        self._usage: Usage = UNREPORTED
        self._kept: Json = {}
        self._begun: set[int] = set()
        self._calls: dict[int, dict[int, int]] = {}

    def encode(self, chunk: ChatChunk) -> bytes:
        """The event of one chunk; empty for a chunk that only tells what comes with a later one."""
        self._id = chunk.id or self._id
        self._model = chunk.model or self._model
        self._kept |= {name: chunk.reply_extra[name] for name in KEPT if name in chunk.reply_extra}
        if chunk.usage is not None:
            self._usage = chunk.usage
        delta = self._delta(chunk)
        finish = finish_word(chunk.finish_reason, chunk.raw_finish_reason)
        if not delta and not chunk.logprobs and finish is None:
            return b""
        if chunk.choice not in self._begun:
            self._begun.add(chunk.choice)
            delta = {"role": "assistant", **delta}
        choice = {
            "index": chunk.choice,
            "delta": delta,
            "logprobs": logprob_block(chunk.logprobs),
            "finish_reason": finish,
        }
        return self._event(choices=[choice])

    def error(self, error: ProviderError) -> bytes:
        """An error in mid-stream."""
        return _framed(error_body(error))

    def finish(self) -> bytes:
        """The end: the usage where there is one, and the mark."""
        usage = usage_block(self._usage)
        last = b"" if usage is None else self._event(choices=[], usage=usage)
        return last + b"data: [DONE]\n\n"

    def _delta(self, chunk: ChatChunk) -> Json:
        delta: Json = {} if chunk.part is None or isinstance(chunk.part, ToolCall) else said((chunk.part,))
        for name, piece in (
            ("content", chunk.text),
            ("reasoning_content", chunk.reasoning),
            ("refusal", chunk.refusal),
        ):
            if piece:
                delta[name] = delta.get(name, "") + piece
        if chunk.citations:
            delta["annotations"] = said((Text(text="", citations=chunk.citations),))["annotations"]
        if (block := _call_piece(chunk)) is not None:
            places = self._calls.setdefault(chunk.choice, {})
            delta["tool_calls"] = [{"index": places.setdefault(chunk.index, len(places)), **block}]
        return delta

    def _event(self, **fields: Any) -> bytes:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": 0, "model": self._model}
        return _framed({**head, **self._kept, **fields})


def _call_piece(chunk: ChatChunk) -> Json | None:
    """A call, or a piece of one; its id and name only where the piece tells them."""
    if isinstance(chunk.part, ToolCall):
        return call_block(chunk.part)
    delta = chunk.tool_call
    if delta is None:
        return None
    if chunk.extra.get("type") == "custom":
        custom = {"name": delta.name, "input": delta.arguments}
        return {"id": delta.id or None, **chunk.extra, "custom": custom}
    function = {"name": delta.name, "arguments": delta.arguments} if delta.name else {"arguments": delta.arguments}
    named = {"id": delta.id, "type": "function"} if delta.id else {}
    return {**named, "function": function, **chunk.extra}


def _framed(value: Json) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"
