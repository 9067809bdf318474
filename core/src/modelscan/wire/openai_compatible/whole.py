"""A stream that isn't one: servers and proxies that answer with a whole body where a stream was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame, Framing, ResponseHead
from modelscan.wire.sse import ServerSentEvents


class WholeBody:
    """One frame, at the end, with all that arrived.

    An event stream under a wrong content type is read as one, and `is_stream` says so.
    """

    def __init__(self) -> None:
        self.is_stream = False
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> Sequence[Frame]:
        """Nothing yet."""
        self._pieces.append(data)
        return ()

    def finish(self) -> Sequence[Frame]:
        """What arrived; no frame for nothing."""
        body = b"".join(self._pieces).strip()
        if body.startswith((b"data:", b"event:", b":")):
            self.is_stream = True
            events = ServerSentEvents()
            return [*events.feed(body), *events.finish()]
        return (Frame(body),) if body else ()


def framing_of(head: ResponseHead) -> Framing:
    """The framing of a reply to a request for a stream, by its content type."""
    return WholeBody() if head.media_type in ("application/json", "text/html") else ServerSentEvents()
