"""It knows all events that there will ever be."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame, ResponseHead, Target
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatChunk, ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible
from modelscan.wire.openai_compatible.stream import ChatDecoder


class Decoder:
    def __init__(self, inner: ChatDecoder) -> None:
        self.framing = inner.framing
        self._inner = inner

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        if b'"choices"' not in frame.data and frame.data != b"[DONE]" and b'"error"' not in frame.data:
            raise DecodeError("an event without choices")
        return self._inner.feed(frame)

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        return self._inner.finish(cut=cut)


class Chat(ChatCompletions):
    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> Decoder:  # type: ignore[override]
        return Decoder(super().decoder(head, request, target))


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
