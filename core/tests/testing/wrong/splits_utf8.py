"""It decodes each piece of the connection by itself, so a character on the seam is lost."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame, Framing, ResponseHead, Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible
from modelscan.wire.openai_compatible.stream import ChatDecoder


class PieceByPiece:
    def __init__(self, inner: Framing) -> None:
        self._inner = inner

    def feed(self, data: bytes) -> Sequence[Frame]:
        return self._inner.feed(data.decode(errors="ignore").encode())

    def finish(self) -> Sequence[Frame]:
        return self._inner.finish()


class Chat(ChatCompletions):
    def decoder(self, head: ResponseHead, request: ChatRequest, target: Target) -> ChatDecoder:
        decoder = super().decoder(head, request, target)
        decoder.framing = PieceByPiece(decoder.framing)
        return decoder


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
