"""The frames of a streamed answer."""

from __future__ import annotations

from modelscan.contracts.http import Frame, Framing, ResponseHead
from modelscan.wire.json_array import JsonArray
from modelscan.wire.sse import ServerSentEvents


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


def framing_of(head: ResponseHead) -> Framing:
    """The framing that a response's head tells: an array of JSON, or server-sent events."""
    return JsonArray() if head.media_type == "application/json" else GeminiEvents()
