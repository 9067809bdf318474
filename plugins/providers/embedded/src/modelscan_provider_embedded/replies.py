"""What the runtime says, as chunks.

Source: llama.cpp's chat completion chunks (`chat.completion.chunk`) as xllamacpp 2026.10.11549 delivers them, 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from modelscan.errors import (
    BadRequestError,
    ContextLengthError,
    DecodeError,
    ProviderError,
    ServerError,
    StreamCutError,
    UnsupportedError,
)
from modelscan.types.chat import ChatChunk, FinishReason, TokenLogprob, ToolCallDelta
from modelscan.types.usage import Usage
from modelscan_provider_embedded.tools import Plan

WIRE: Final = "llamacpp"
_FINISH: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}
_CALL_HEAD: Final = re.compile(r'\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*(?=\S)')


class Failure(msgspec.Struct):
    """An error in the runtime's words."""

    message: str = ""
    type: str = ""
    code: int = 500
    n_prompt_tokens: int = 0


class Progress(msgspec.Struct):
    """How much of the prompt has been read; `total` is the whole prompt in tokens."""

    total: int


class _Logprob(msgspec.Struct):
    token: str
    logprob: float
    bytes: tuple[int, ...] | None = None
    top_logprobs: list[_Logprob] = []

    def neutral(self) -> TokenLogprob:
        return TokenLogprob(self.token, self.logprob, self.bytes, tuple([top.neutral() for top in self.top_logprobs]))


class _Logprobs(msgspec.Struct):
    content: list[_Logprob] = []


class _Delta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _CachedTokens(msgspec.Struct):
    cached_tokens: int = 0


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _CachedTokens = msgspec.field(default_factory=_CachedTokens)


class Event(msgspec.Struct):
    """One event of the runtime; just what is read of it."""

    id: str = ""
    choices: list[_Choice] = []
    usage: _Usage | None = None
    prompt_progress: Progress | None = None
    error: Failure | None = None


_DECODER: Final = msgspec.json.Decoder(Event)


def read(data: bytes) -> Event:
    """The event in a piece of JSON. Raises `DecodeError` for anything else."""
    try:
        return _DECODER.decode(data)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"the runtime said something unexpected: {error}") from error


def failure(failed: Failure) -> ProviderError:
    """The runtime's error as one of ours."""
    if failed.type == "exceed_context_size_error":
        return ContextLengthError(
            failed.message,
            code=failed.type,
            status=failed.code,
            advice="Shorten the conversation, or raise context_length (MODELSCAN_EMBEDDED_CONTEXT).",
        )
    kind = BadRequestError if 400 <= failed.code < 500 else ServerError
    return kind(failed.message, code=failed.type, status=failed.code)


def refusal(error: Exception) -> Exception:
    """What the runtime raised instead of answering; schemas it has no grammar for among it."""
    if not isinstance(error, ValueError):
        return error
    _, found, schema_problem = str(error).partition("JSON schema error")
    if found:
        return UnsupportedError(f"the schema can't be turned into a grammar: JSON schema error{schema_problem}")
    return BadRequestError(str(error))


class CallReader:
    """Cuts a call, written as JSON in pieces, into its name and the text of its arguments, piece by piece.

    The last closing brace belongs to the call and not to its arguments, so what follows the newest one waits.
    """

    def __init__(self, call_id: str) -> None:
        self._id = call_id
        self._text = ""
        self._is_named = False
        self._arguments = ""

    def feed(self, piece: str) -> Iterator[ToolCallDelta]:
        """The deltas that this piece completes."""
        self._text += piece
        if not self._is_named:
            head = _CALL_HEAD.match(self._text)
            if head is None:
                return
            self._is_named = True
            self._text = self._text[head.end() :]
            yield ToolCallDelta(self._id, msgspec.json.decode(head[1], type=str))
        brace = self._text.rfind("}")
        ready = self._text if brace < 0 else self._text[:brace].rstrip()
        if ready:
            yield self._delta(ready)

    def finish(self) -> Iterator[ToolCallDelta]:
        """What waited, where the answer was cut and the brace does belong to the arguments."""
        if self._is_named and self._text and not _is_json(self._arguments):
            yield self._delta(self._text)

    def _delta(self, ready: str) -> ToolCallDelta:
        self._arguments += ready
        self._text = self._text[len(ready) :]
        return ToolCallDelta(arguments=ready)


class ChunkReader:
    """One answer's events as chunks."""

    def __init__(self, plan: Plan, model: str, call_id: str) -> None:
        self._model = model
        self._shape = plan.shape
        self._name = plan.name
        self._call_id = call_id
        self._call = CallReader(call_id)
        self._has_reasoning = False
        self._has_call = False
        self._is_finished = False

    def feed(self, data: bytes) -> Iterator[ChatChunk]:
        """The chunks of an event. Raises the error that it holds."""
        event = read(data)
        if event.error is not None:
            raise failure(event.error)
        pieces = [piece for choice in event.choices for piece in self._pieces(choice)]
        if event.usage is not None:
            pieces.append(ChatChunk(usage=_usage(event.usage)))
        for piece in pieces:
            yield msgspec.structs.replace(piece, id=event.id, model=self._model, wire=WIRE, raw=data)

    def finish(self) -> None:
        """The runtime is done. Raises `StreamCutError` where it never said why it stopped."""
        if not self._is_finished:
            raise StreamCutError("the model stopped before its end")

    def _pieces(self, choice: _Choice) -> Iterator[ChatChunk]:
        if choice.delta.reasoning_content:
            self._has_reasoning = True
            yield ChatChunk(reasoning=choice.delta.reasoning_content)
        if choice.delta.content:
            yield from self._content(choice.delta.content)
        if choice.logprobs is not None and choice.logprobs.content:
            yield ChatChunk(logprobs=tuple([logprob.neutral() for logprob in choice.logprobs.content]))
        if choice.finish_reason is not None:
            yield from self._end(choice.finish_reason)

    def _content(self, text: str) -> Iterator[ChatChunk]:
        if self._shape == "words or call":  # the first character decides
            self._shape = "call" if text.startswith("{") else "words"
        index = int(self._has_reasoning)
        if self._shape == "words":
            yield ChatChunk(text=text, index=index)
        elif self._shape == "arguments":
            first = not self._has_call
            self._has_call = True
            id_, name = (self._call_id, self._name) if first else ("", "")
            yield ChatChunk(tool_call=ToolCallDelta(id_, name, text), index=index)
        else:
            yield from self._deltas(self._call.feed(text), index)

    def _end(self, reason: str) -> Iterator[ChatChunk]:
        yield from self._deltas(self._call.finish(), int(self._has_reasoning))
        self._is_finished = True
        finish: FinishReason = _FINISH.get(reason, "other")
        if finish == "stop" and self._has_call:
            finish = "tool_calls"
        yield ChatChunk(finish_reason=finish, raw_finish_reason=reason)

    def _deltas(self, deltas: Iterator[ToolCallDelta], index: int) -> Iterator[ChatChunk]:
        for delta in deltas:
            self._has_call = True
            yield ChatChunk(tool_call=delta, index=index)


def _usage(usage: _Usage) -> Usage:
    return Usage(
        input_tokens=usage.prompt_tokens,
        output_tokens=usage.completion_tokens,
        cached_tokens=usage.prompt_tokens_details.cached_tokens,
    )


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True
