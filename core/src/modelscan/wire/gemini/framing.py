"""The frames of a streamed answer."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame, Framing, ResponseHead
from modelscan.wire.json_array import JsonArray
from modelscan.wire.sse import ServerSentEvents
from modelscan.wire.whole import WholeBody, is_whole


class GeminiEvents(ServerSentEvents):
    """Server-sent events, and beside them an error that the service writes into the stream without any framing.

    Recorded streams of Vertex AI end in `{"error": ...}` on lines of their own; a reader of the standard passes over
    it, and the answer would seem whole.
    """

    __slots__ = ()

    def _event(self, block: bytes) -> Frame | None:
        frame = super()._event(block)
        if frame is None and block.lstrip().startswith((b"{", b"[")):
            return Frame(block, "error")
        return frame


class ArrayOrWhole:
    """An array of answers as they come; anything else (one whole answer, an error, a proxy's page) as one frame."""

    __slots__ = ("_framing",)

    def __init__(self) -> None:
        self._framing: Framing | None = None

    def feed(self, data: bytes) -> Sequence[Frame]:
        """The answers that these bytes complete. Raises `DecodeError` for an array that is none."""
        if self._framing is None:
            start = data.lstrip()
            if not start:
                return ()
            self._framing = JsonArray() if start.startswith(b"[") else WholeBody()
        return self._framing.feed(data)

    def finish(self) -> Sequence[Frame]:
        """What is left. Raises `StreamCutError` for an array without its end."""
        return () if self._framing is None else self._framing.finish()


def framing_of(head: ResponseHead) -> Framing:
    """The framing that a response's head tells: an array of JSON or a whole body, or server-sent events."""
    return ArrayOrWhole() if is_whole(head) else GeminiEvents()
