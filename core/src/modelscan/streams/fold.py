"""Folding: from the chunks of a streamed answer to the reply that the same call gives without streaming."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from modelscan.types.chat import ChatChunk, ChatReply, Choice, TokenLogprob, ToolCallDelta
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
        if chunk.text:
            self.kind = "text"
            self.pieces.append(chunk.text)
        elif chunk.reasoning:
            self.kind = "reasoning"
            self.pieces.append(chunk.reasoning)
        elif chunk.refusal:
            self.kind = "refusal"
            self.pieces.append(chunk.refusal)
        elif chunk.tool_call is not None:
            self._add_call(chunk.tool_call)
        if chunk.part is not None:
            self.whole = chunk.part
        if chunk.signature is not None:
            self.signature = chunk.signature
        if chunk.citations:
            self.citations += chunk.citations
        if chunk.extra:
            self.extra = {**self.extra, **chunk.extra}

    def _add_call(self, call: ToolCallDelta) -> None:
        self.kind = "tool_call"
        self.pieces.append(call.arguments)
        self.call_id = self.call_id or call.id
        self.name = self.name or call.name

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
    """Whether the chunk adds to a part, other than by text."""
    return bool(
        chunk.tool_call is not None
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
        if chunk.text or _has_content(chunk):
            part = choice.parts.get(chunk.index)
            if part is None:
                part = choice.parts[chunk.index] = _PartFold()
            part.add(chunk)
        if chunk.logprobs:
            choice.logprobs.extend(chunk.logprobs)
        if chunk.finish_reason is not None:
            choice.finish = chunk
        if chunk.usage is not None:
            self._usage = chunk.usage
        if chunk.id or chunk.model or chunk.wire or chunk.reply_extra:
            self._id = chunk.id or self._id
            self._model = chunk.model or self._model
            self._wire = chunk.wire or self._wire
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
