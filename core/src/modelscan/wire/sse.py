"""Server-sent events, as the WHATWG's HTML standard defines them (section 9.2, "Server-sent events", read 2026-01)."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.http import Frame
from modelscan.errors import DecodeError
from modelscan.wire.framing import IncrementalFraming

_BOM = b"\xef\xbb\xbf"


class ServerSentEvents(IncrementalFraming):
    """Cuts an event stream (`text/event-stream`) into one frame an event.

    `Frame.data` holds the event's data lines joined by a line feed, still as bytes; `Frame.event` its type (empty where
    the server gave none); `Frame.id` the last id seen so far. `retry_ms` is the reconnection time that the server last
    asked for. A block without a data line is no event: comments and keep-alives yield nothing.

    Two things differ from a browser. An event that the end of the stream interrupts is returned by `finish`, since
    several providers end without the last blank line and the standard's rule would lose their final event; who knows
    that the connection broke should not call `finish`, for such an event may be half. And a block of lines longer than
    `max_event_bytes` raises `DecodeError`.
    """

    __slots__ = ("_after_cr", "_at_start", "_id", "_is_between", "_max_event_bytes", "_pending", "retry_ms")

    def __init__(self, max_event_bytes: int = 32 * 1024 * 1024) -> None:
        super().__init__()
        self.retry_ms: int | None = None
        self._max_event_bytes = max_event_bytes
        self._pending = bytearray()
        self._id = ""
        self._at_start = True
        self._after_cr = False
        self._is_between = False  # nothing pending and nothing wrong: the next bytes begin an event

    def feed(self, data: bytes) -> Sequence[Frame]:
        """The frames that these bytes complete. Raises `DecodeError` for an event that is too long."""
        if (
            self._is_between
            and data[:6] == b"data: "
            and data[-2:] == b"\n\n"
            and data.find(b"\n") == len(data) - 2  # one line and the blank one: what a model's next token comes in
            and b"\r" not in data
            and len(data) <= self._max_event_bytes
        ):
            return (Frame(data[6:-2], "", self._id),)
        self._is_between = False
        frames = super().feed(data)
        self._is_between = not (self._pending or self._at_start or self._after_cr or self._error is not None)
        return frames

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        if self._after_cr or b"\r" in data:
            data = self._with_line_feeds(data)
        if self._at_start:
            data = self._without_bom(data)
        pending = self._pending
        if pending:
            searched = len(pending) - 1
            pending += data
            if pending.find(b"\n\n", searched) < 0:
                self._check_pending()
                return
            data = bytes(pending)
            pending.clear()
        blocks = data.split(b"\n\n")
        if tail := blocks.pop():
            pending += tail
        self._events(blocks, frames)
        self._check_pending()

    def _end(self, frames: list[Frame]) -> None:
        block = bytes(self._pending).removesuffix(b"\n")
        self._pending.clear()
        self._events([block], frames)

    def _events(self, blocks: list[bytes], frames: list[Frame]) -> None:
        for block in blocks:
            if len(block) > self._max_event_bytes:
                raise self._too_long()
            head, found, data = block.partition(b"data: ")
            if found and b"\n" not in data:  # the two forms that nearly every provider sends, and nothing else
                if not head:
                    frames.append(Frame(data, "", self._id))
                    continue
                if head[:7] == b"event: " and head.find(b"\n") == len(head) - 1:
                    frames.append(Frame(data, head[7:-1].decode("utf-8", "replace"), self._id))
                    continue
            if (frame := self._event(block)) is not None:
                frames.append(frame)

    def _event(self, block: bytes) -> Frame | None:
        data = []
        event = b""
        for line in block.split(b"\n"):
            name, _, value = line.partition(b":")
            if value[:1] == b" ":
                value = value[1:]
            if name == b"data":
                data.append(value)
            elif name == b"event":
                event = value
            elif name == b"id" and b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
            elif name == b"retry" and value.isdigit() and len(value) < 16:
                self.retry_ms = int(value)
        if not data:
            return None
        return Frame(b"\n".join(data), event.decode("utf-8", "replace"), self._id)

    def _with_line_feeds(self, data: bytes) -> bytes:
        """Every line end as a line feed; a CR ends its line at once, an LF after it is part of the same end."""
        if self._after_cr and data:
            self._after_cr = False
            data = data.removeprefix(b"\n")
        if data.endswith(b"\r"):
            self._after_cr = True
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _without_bom(self, data: bytes) -> bytes:
        """The bytes after a byte order mark; a piece of one is held until it is known for what it is."""
        data = bytes(self._pending) + data
        self._pending.clear()
        if data != _BOM and _BOM.startswith(data):
            self._pending += data
            return b""
        self._at_start = False
        return data.removeprefix(_BOM)

    def _check_pending(self) -> None:
        # One more than the cap: the last byte may be the first half of the blank line.
        if len(self._pending) > self._max_event_bytes + 1:
            self._pending.clear()
            raise self._too_long()

    def _too_long(self) -> DecodeError:
        return DecodeError(f"an event of the stream is longer than {self._max_event_bytes} bytes")
