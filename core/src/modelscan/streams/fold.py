"""Folding: from the chunks of a streamed answer to the reply that the same call gives without streaming."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from modelscan.types.chat import ChatChunk, ChatReply, Choice, TokenLogprob
from modelscan.types.content import AnyPart, Citation, Reasoning, Refusal, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.types.usage import UNREPORTED, Usage


class _PartFold:
    """One part of the message, as it grows."""

    __slots__ = ("call_id", "citations", "extra", "kind", "name", "pieces", "signature", "whole")

    def __init__(self) -> None:
        self.kind = ""
        self.pieces: list[str] = []
        self.whole: AnyPart | None = None
        self.call_id = ""
        self.name = ""
        self.signature: str | None = None
        self.citations: tuple[Citation, ...] = ()
        self.extra: dict[str, Any] = {}

    def add(self, chunk: ChatChunk) -> None:
        if chunk.part is not None:
            self.whole = chunk.part
        if chunk.text:
            self._piece("text", chunk.text)
        if chunk.reasoning:
            self._piece("reasoning", chunk.reasoning)
        if chunk.refusal:
            self._piece("refusal", chunk.refusal)
        call = chunk.tool_call
        if call is not None:
            self._piece("tool_call", call.arguments)
            self.call_id = self.call_id or call.id
            self.name = self.name or call.name
        if chunk.signature is not None:
            self.signature = chunk.signature
        if chunk.citations:
            self.citations += chunk.citations
        if chunk.extra:
            self.extra = {**self.extra, **chunk.extra}

    def _piece(self, kind: str, piece: str) -> None:
        self.kind = kind
        self.pieces.append(piece)

    def part(self) -> AnyPart | None:
        part = self._bare()
        if part is None:
            return None
        changes: dict[str, Any] = {}
        if self.signature is not None:
            changes["signature"] = self.signature
        if self.citations and isinstance(part, Text):
            changes["citations"] = part.citations + self.citations
        if self.extra:
            changes["extra"] = {**part.extra, **self.extra}
        return msgspec.structs.replace(part, **changes) if changes else part

    def _bare(self) -> AnyPart | None:
        joined = "".join(self.pieces)
        if self.whole is not None:
            return _lengthened(self.whole, joined)
        if self.kind == "text":
            return Text(text=joined)
        if self.kind == "refusal":
            return Refusal(text=joined)
        if self.kind == "tool_call":
            return ToolCall(id=self.call_id, name=self.name, arguments=joined)
        if self.kind == "reasoning" or self.signature is not None:
            return Reasoning(text=joined)
        return Text(text="") if self.citations or self.extra else None


def _lengthened(part: AnyPart, joined: str) -> AnyPart:
    """A part that came whole, with the pieces that came beside it."""
    if not joined:
        return part
    if isinstance(part, ToolCall):
        return msgspec.structs.replace(part, arguments=part.arguments + joined)
    if isinstance(part, (Text, Reasoning, Refusal)):
        return msgspec.structs.replace(part, text=part.text + joined)
    return part


class _ChoiceFold:
    """One answer, as it grows."""

    __slots__ = ("finish", "logprobs", "parts")

    def __init__(self) -> None:
        self.parts: dict[int, _PartFold] = {}
        self.logprobs: list[TokenLogprob] = []
        self.finish: ChatChunk | None = None

    def add(self, chunk: ChatChunk) -> None:
        if _has_content(chunk):
            fold = self.parts.get(chunk.index)
            if fold is None:
                fold = self.parts[chunk.index] = _PartFold()
            fold.add(chunk)
        if chunk.logprobs:
            self.logprobs.extend(chunk.logprobs)
        if chunk.finish_reason is not None:
            self.finish = chunk

    def choice(self, wire: str) -> Choice:
        parts = [self.parts[index].part() for index in sorted(self.parts)]
        message = Message("assistant", tuple(part for part in parts if part is not None), wire=wire)
        finish = self.finish
        return Choice(
            message,
            finish_reason=finish.finish_reason if finish else None,
            raw_finish_reason=finish.raw_finish_reason if finish else "",
            logprobs=tuple(self.logprobs),
        )


def _has_content(chunk: ChatChunk) -> bool:
    return bool(
        chunk.text
        or chunk.tool_call is not None
        or chunk.reasoning
        or chunk.part is not None
        or chunk.refusal
        or chunk.signature is not None
        or chunk.citations
        or chunk.extra
    )


class ChatFold:
    """Takes chunks, gives the reply so far at any time.

    >>> fold = ChatFold()
    >>> fold.add(ChatChunk(text="Hel"))
    >>> fold.add(ChatChunk(text="lo", finish_reason="stop"))
    >>> fold.reply().text
    'Hello'
    """

    def __init__(self) -> None:
        self._choices: dict[int, _ChoiceFold] = {0: _ChoiceFold()}
        self._usage: Usage = UNREPORTED
        self._id = ""
        self._model = ""
        self._wire = ""
        self._extra: dict[str, Any] = {}

    def extend(self, chunks: Iterable[ChatChunk]) -> None:
        """Take several chunks, in the stream's order."""
        for chunk in chunks:
            self.add(chunk)

    def add(self, chunk: ChatChunk) -> None:
        """Take one chunk, in the stream's order."""
        choice = self._choices.get(chunk.choice)
        if choice is None:
            choice = self._choices[chunk.choice] = _ChoiceFold()
        choice.add(chunk)
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.id:
            self._id = chunk.id
        if chunk.model:
            self._model = chunk.model
        if chunk.wire:
            self._wire = chunk.wire
        if chunk.reply_extra:
            self._extra = {**self._extra, **chunk.reply_extra}

    def reply(self) -> ChatReply[None]:
        """The reply that the chunks so far make up."""
        first, *others = [self._choices[index].choice(self._wire) for index in sorted(self._choices)]
        return ChatReply(
            message=first.message,
            finish_reason=first.finish_reason,
            raw_finish_reason=first.raw_finish_reason,
            logprobs=first.logprobs,
            alternatives=tuple(others),
            usage=self._usage,
            id=self._id,
            model=self._model,
            extra=self._extra,
        )
