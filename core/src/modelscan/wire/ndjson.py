"""Newline-delimited JSON: one value a line (`application/x-ndjson`, `application/jsonl`)."""

from __future__ import annotations

from modelscan.contracts.http import Frame
from modelscan.errors import DecodeError
from modelscan.wire.framing import IncrementalFraming


class NdJson(IncrementalFraming):
    """Cuts a stream into one frame a line, without the line's end and the white space around it.

    Blank lines yield nothing; the last line needs no end. A line longer than `max_line_bytes` raises `DecodeError`.
    The lines' JSON isn't looked at.
    """

    __slots__ = ("_max_line_bytes", "_pending")

    def __init__(self, max_line_bytes: int = 32 * 1024 * 1024) -> None:
        super().__init__()
        self._max_line_bytes = max_line_bytes
        self._pending = bytearray()

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        first, newline, rest = data.partition(b"\n")
        self._pending += first
        if newline:
            lines = rest.split(b"\n")
            lines.insert(0, bytes(self._pending))
            self._pending[:] = lines.pop()
            for line in lines:
                self._add(line, frames)
        self._check(len(self._pending))

    def _end(self, frames: list[Frame]) -> None:
        self._add(bytes(self._pending), frames)
        self._pending.clear()

    def _add(self, line: bytes, frames: list[Frame]) -> None:
        self._check(len(line))
        if line := line.strip():
            frames.append(Frame(line))

    def _check(self, size: int) -> None:
        if size > self._max_line_bytes:
            self._pending.clear()
            raise DecodeError(f"a line of the stream is longer than {self._max_line_bytes} bytes")
