"""Its streams don't tell which model answered."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from modelscan.contracts.http import Frame, ResponseHead, Target
from modelscan.types.chat import ChatChunk, ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible
from modelscan.wire.openai_compatible.stream import ChatDecoder


class Decoder:
    def __init__(self, inner: ChatDecoder) -> None:
        self.framing = inner.framing
        self._inner = inner

    def feed(self, frame: Frame) -> Sequence[ChatChunk]:
        return [msgspec.structs.replace(chunk, model="") for chunk in self._inner.feed(frame)]

    def finish(self, *, cut: bool) -> Sequence[ChatChunk]:
        return [msgspec.structs.replace(chunk, model="") for chunk in self._inner.finish(cut=cut)]


class Chat(ChatCompletions):
    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> Decoder:  # type: ignore[override]
        return Decoder(super().decoder(head, request, target))


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
