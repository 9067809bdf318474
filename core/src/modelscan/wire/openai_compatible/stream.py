"""A streamed answer of chat completions: frames to chunks whose fold is the whole answer.

A piece's index says which part of the message it belongs to, the same for every stream: reasoning, text, refusal and
sound have one each, however their pieces are interleaved; pictures and calls follow in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import Frame, Framing, HttpResponse, ResponseHead
from modelscan.contracts.operations import Errors
from modelscan.errors import DecodeError, StreamCutError
from modelscan.types.chat import ChatChunk
from modelscan.types.content import Reasoning
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import reasoning_details
from modelscan.wire.openai_compatible.called import CallSlots
from modelscan.wire.openai_compatible.decode import KEPT, audio_of, plain_reasoning
from modelscan.wire.openai_compatible.parts import (
    WIRE,
    citations,
    decoded,
    finish_reason,
    image_of,
    logprobs_of,
    text_and_reasoning,
)
from modelscan.wire.openai_compatible.structs import (
    AudioBlock,
    Call,
    CalledFunction,
    Completion,
    CompletionChoice,
    Said,
    TextPiece,
    UsageBlock,
)
from modelscan.wire.unreadable import UNREADABLE
from modelscan.wire.whole import came_whole

REASONING: Final = 0
TEXT: Final = 1
REFUSAL: Final = 2
AUDIO: Final = 3
IMAGES: Final = 4

_pieces: Final = msgspec.json.Decoder(Completion)
_text_pieces: Final = msgspec.json.Decoder(TextPiece)
_STRANGE_ENOUGH: Final = 8
_NO_CHUNKS: Final[Sequence[ChatChunk]] = ()
_DONE: Final = b"[DONE]"
_NOT_YET: Final = "\0"
_NO_CALL: Final = CalledFunction("", "")


class _OpenChoice:
    """One answer while it comes, with what of it can only be told at its end."""

    __slots__ = ("_audio", "_details", "_has_news", "_images", "_sound", "calls", "has_refusal", "is_finished")

    def __init__(self) -> None:
        self.calls = CallSlots()
        self.has_refusal = False
        self.is_finished = False
        self._details: list[dict[str, Any]] = []
        self._audio: AudioBlock | None = None
        self._sound: list[bytes] = []
        self._images = 0
        self._has_news = False

    def think(self, blocks: Sequence[dict[str, Any]]) -> str:
        """Takes pieces of reasoning that are kept for the vendor; returns what of them can be read."""
        self._details += blocks
        self._has_news = True
        return reasoning_details.readable(blocks)

    def hear(self, piece: AudioBlock) -> None:
        """Takes a piece of the spoken answer; the pieces of its sound are base64 each for itself."""
        before = self._audio or AudioBlock(transcript="")
        self._audio = AudioBlock(
            id=piece.id or before.id,
            transcript=(before.transcript or "") + (piece.transcript or ""),
            expires_at=piece.expires_at if piece.expires_at is not None else before.expires_at,
        )
        self._has_news = True
        if piece.data:
            self._sound.append(decoded(piece.data))

    def pictures(self, blocks: Sequence[dict[str, Any]], number: int, raw: bytes) -> list[ChatChunk]:
        """The chunks of pictures, each of which comes whole."""
        chunks = []
        for image in filter(None, map(image_of, blocks)):
            chunks.append(ChatChunk(part=image, index=IMAGES + self._images, choice=number, raw=raw))
            self._images += 1
        return chunks

    def whole_parts(self, number: int, audio_format: str, raw: bytes) -> list[ChatChunk]:
        """What is told as one part when the answer is at its end. Telling it again replaces what was told before."""
        chunks = self.calls.made_up_ids(number, raw)
        if not self._has_news:
            return chunks
        self._has_news = False
        if self._details:
            part = Reasoning(extra={reasoning_details.FIELD: reasoning_details.joined(self._details)})
            chunks.append(ChatChunk(part=part, index=REASONING, choice=number, raw=raw))
        if self._audio is not None and (self._sound or self._audio.id):
            sound = audio_of(self._audio, b"".join(self._sound), audio_format)
            chunks.append(ChatChunk(part=sound, index=AUDIO, choice=number, raw=raw))
        return chunks


class ChatDecoder:
    """Reads one stream."""

    def __init__(
        self,
        framing: Framing,
        errors: Errors,
        head: ResponseHead,
        usage_of: Callable[[UsageBlock | None], Usage],
        audio_format: str = "wav",
    ) -> None:
        self.framing = framing
        self._errors = errors
        self._head = head
        self._usage_of = usage_of
        self._audio_format = audio_format
        self._choices: dict[int, _OpenChoice] = {}
        self._id: str | None = _NOT_YET
        self._model: str | None = _NOT_YET
        self._kept: dict[str, Any] = {}
        self._fingerprint: str | None = None
        self._tier: str | None = None
        self._is_done = False
        self._strange = 0  # pieces in a row that were more than text

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        """The chunks in one frame. Raises a `ProviderError` for an error in mid-stream, `DecodeError` for nonsense."""
        data = frame.data
        if self._strange < _STRANGE_ENOUGH and (text := self._more_text(data)):
            return (ChatChunk(text=text, index=TEXT, raw=data),)
        try:
            piece = _pieces.decode(data)
        except UNREADABLE as error:
            return self._unreadable(data, error)
        choices = piece.choices
        if piece.error is not None or not choices:
            self._raise_error(piece, frame)
        chunks: list[ChatChunk] = []
        if piece.id != self._id or piece.model != self._model or piece.system_fingerprint or piece.service_tier:
            self._begin(piece, data, chunks)
        if choices:
            for choice in choices:
                self._choice(choice, data, chunks)
        if piece.usage is not None or piece.x_groq is not None:
            self._usage(piece, data, chunks)
        return chunks

    def _more_text(self, data: bytes) -> str:
        """The text of a piece of this stream that adds to its first answer and does nothing else; empty for any other.

        A server whose pieces are never such (they hold a field of its own) is soon read the long way only.
        """
        try:
            piece = _text_pieces.decode(data)
        except UNREADABLE:
            self._strange += 1
            return ""
        self._strange = 0
        choice = piece.choices[0]
        is_more = (
            piece.id == self._id
            and choice.index == 0
            and piece.model == self._model
            and piece.system_fingerprint == self._fingerprint
            and piece.service_tier == self._tier
            and 0 in self._choices
        )
        return choice.delta.content if is_more else ""

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        """What is left. Raises `StreamCutError` where neither a finish reason for each answer nor `[DONE]` came."""
        choices = self._choices.values()
        if not self._is_done and not (choices and all(choice.is_finished for choice in choices)):
            how = "the connection broke" if cut else "the stream ended"
            raise StreamCutError(f"{how} before the answer did: no finish reason came, and no [DONE]")
        chunks: list[ChatChunk] = []
        for number, choice in self._choices.items():
            chunks += choice.whole_parts(number, self._audio_format, b"")
        return chunks

    def _unreadable(self, data: bytes, error: Exception) -> Sequence[ChatChunk]:
        text = data.strip()
        if text == _DONE:
            self._is_done = True
        elif text:
            raise DecodeError(f"a frame of the stream is no piece of a chat completion: {error}") from error
        return _NO_CHUNKS

    def _raise_error(self, piece: Completion, frame: Frame) -> None:
        """Raises where a frame tells an error: by its own words, or by its event's name alone."""
        found = self._errors.error(HttpResponse(self._head, frame.data))
        if found is not None:
            raise found
        if frame.event == "error":
            raise DecodeError(f"an error event that tells no error: {frame.data[:300].decode('utf-8', 'replace')}")

    def _begin(self, piece: Completion, raw: bytes, chunks: list[ChatChunk]) -> None:
        """What stands beside the answer, where it is new: with the first piece, mostly, and in some streams later."""
        new = {name: value for name in KEPT if (value := getattr(piece, name)) and value != self._kept.get(name)}
        is_new = piece.id != self._id or piece.model != self._model
        self._fingerprint, self._tier = piece.system_fingerprint, piece.service_tier
        if not is_new and not new:
            return
        self._id, self._model = piece.id, piece.model
        self._kept |= new
        chunks.append(ChatChunk(id=piece.id or "", model=piece.model or "", wire=WIRE, reply_extra=new, raw=raw))

    def _choice(self, choice: CompletionChoice, raw: bytes, chunks: list[ChatChunk]) -> None:
        number = choice.index or 0
        opened = self._choices.get(number)
        if opened is None:
            opened = self._choices[number] = _OpenChoice()
        is_whole = choice.message is not None and (choice.delta is None or came_whole(self.framing))
        said = choice.message if is_whole else choice.delta
        logprobs = () if choice.logprobs is None else logprobs_of(choice.logprobs)
        if said is not None:
            content = said.content
            if content and type(content) is str:
                chunks.append(ChatChunk(text=content, index=TEXT, choice=number, logprobs=logprobs, raw=raw))
                logprobs = ()
            self._reasoning(said, number, opened, raw, chunks)
            self._beside_text(said, number, opened, raw, chunks)
        if logprobs:
            chunks.append(ChatChunk(logprobs=logprobs, choice=number, raw=raw))
        opened.is_finished |= is_whole
        if choice.finish_reason:
            self._finish_choice(choice.finish_reason, number, opened, raw, chunks)

    def _reasoning(self, said: Said, number: int, opened: _OpenChoice, raw: bytes, chunks: list[ChatChunk]) -> None:
        reasoning = plain_reasoning(said)
        if said.content and type(said.content) is not str:
            text, thinking = text_and_reasoning(said.content)
            reasoning = reasoning or thinking
            if text:
                chunks.append(ChatChunk(text=text, index=TEXT, choice=number, raw=raw))
        if said.reasoning_details:
            told = opened.think(said.reasoning_details)
            reasoning = reasoning or told
        if reasoning:
            chunks.append(ChatChunk(reasoning=reasoning, index=REASONING, choice=number, raw=raw))

    def _beside_text(self, said: Said, number: int, opened: _OpenChoice, raw: bytes, chunks: list[ChatChunk]) -> None:
        if said.refusal:
            opened.has_refusal = True
            chunks.append(ChatChunk(refusal=said.refusal, index=REFUSAL, choice=number, raw=raw))
        if said.annotations:
            found = citations(said.annotations)
            chunks.append(ChatChunk(citations=found, index=TEXT, choice=number, raw=raw))
        if said.tool_calls:
            chunks += [opened.calls.chunk(call, number, raw) for call in said.tool_calls]
        elif said.function_call is not None and said.function_call != _NO_CALL:
            chunks.append(opened.calls.chunk(Call(index=0, function=said.function_call), number, raw))
        if said.audio is not None:
            opened.hear(said.audio)
        if said.images:
            chunks += opened.pictures(said.images, number, raw)

    def _finish_choice(
        self, reason: str, number: int, opened: _OpenChoice, raw: bytes, chunks: list[ChatChunk]
    ) -> None:
        opened.is_finished = True
        chunks += opened.whole_parts(number, self._audio_format, raw)
        normalised = finish_reason(reason, has_calls=bool(len(opened.calls)), has_refusal=opened.has_refusal)
        chunks.append(ChatChunk(finish_reason=normalised, raw_finish_reason=reason, choice=number, raw=raw))

    def _usage(self, piece: Completion, raw: bytes, chunks: list[ChatChunk]) -> None:
        block = piece.usage if piece.usage is not None or piece.x_groq is None else piece.x_groq.usage
        usage = self._usage_of(block)
        if usage.is_reported:
            chunks.append(ChatChunk(usage=usage, raw=raw))
