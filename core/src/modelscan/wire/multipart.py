"""A multipart reply (`multipart/mixed` and its relatives), as RFC 2046, section 5.1, defines it."""

from __future__ import annotations

import re
from enum import Enum, auto

from modelscan.contracts.http import Frame, Headers
from modelscan.errors import DecodeError, StreamCutError
from modelscan.wire.framing import IncrementalFraming

_BOUNDARY = re.compile(r';\s*boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_LINE_END = b"\r\n"
_CLOSES_LINE = re.compile(rb"[ \t]{0,64}(?=\r\n)|--")
_MAY_CLOSE_LINE = re.compile(rb"(?:[ \t]{0,64}\r?|-)\Z")


def boundary_of(content_type: str) -> str:
    """The boundary that a content type names. Raises `DecodeError` where it names none."""
    if found := _BOUNDARY.search(content_type):
        return found[1] or found[2]
    raise DecodeError(f"the content type {content_type!r} names no boundary")


class _Within(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    BODY = auto()
    EPILOGUE = auto()


class MultipartMixed(IncrementalFraming):
    """Cuts a multipart body into one frame a part: its headers (names in lower case) and its bytes.

    What stands before the first part and after the last is dropped. A part whose headers or whose body are longer than
    `max_part_bytes` raises `DecodeError`.
    """

    __slots__ = ("_delimiter", "_headers", "_max_part_bytes", "_pending", "_searched", "_within")

    def __init__(self, boundary: str, max_part_bytes: int = 32 * 1024 * 1024) -> None:
        super().__init__()
        self._delimiter = b"\r\n--" + boundary.encode()
        self._max_part_bytes = max_part_bytes
        # A delimiter starts with a line end. That may be the stream's start or the end of a part's headers too,
        # so both leave a line end at the front of what is pending.
        self._pending = bytearray(_LINE_END)
        self._searched = 0
        self._headers: Headers = ()
        self._within = _Within.PREAMBLE

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        if self._within is _Within.EPILOGUE:
            return
        self._pending += data
        goes_on = True
        while goes_on:
            goes_on = self._read_headers() if self._within is _Within.HEADERS else self._read_body(frames)

    def _end(self, frames: list[Frame]) -> None:
        if self._within is not _Within.EPILOGUE:
            raise StreamCutError("the stream ended before its last part did")

    def _read_headers(self) -> bool:
        """Reads the headers of a part if they are all there; whether there may be more to read."""
        end = self._pending.find(b"\r\n\r\n", self._searched)
        self._check(end if end >= 0 else len(self._pending) - 3)
        if end < 0:
            self._searched = max(0, len(self._pending) - 3)
            return False
        self._headers = _headers(bytes(self._pending[:end]))
        self._drop(end + 2)
        self._within = _Within.BODY
        return True

    def _read_body(self, frames: list[Frame]) -> bool:
        """Reads up to a delimiter if there is one; whether there may be more to read."""
        at = self._pending.find(self._delimiter, self._searched)
        if at < 0:
            self._searched = max(0, len(self._pending) - len(self._delimiter) + 1)
            self._hold(self._searched)
            return False
        after = at + len(self._delimiter)
        closed = _CLOSES_LINE.match(self._pending, after)
        if closed is None:  # half a delimiter, or a line that only starts like one
            undecided = _MAY_CLOSE_LINE.match(self._pending, after) is not None
            self._searched = at if undecided else at + 1
            self._hold(at)
            return not undecided
        if self._within is _Within.BODY:
            self._check(at - len(_LINE_END))
            frames.append(Frame(bytes(self._pending[len(_LINE_END) : at]), headers=self._headers))
        self._within = _Within.EPILOGUE if closed[0] == b"--" else _Within.HEADERS
        self._drop(closed.end() if self._within is _Within.HEADERS else len(self._pending))
        return self._within is _Within.HEADERS

    def _hold(self, size: int) -> None:
        """Keeps a body whose first `size` bytes are certain; of a preamble nothing is kept."""
        if self._within is _Within.BODY:
            self._check(size - len(_LINE_END))
        else:
            del self._pending[:size]
            self._searched -= size

    def _check(self, size: int) -> None:
        if size > self._max_part_bytes:
            self._pending.clear()
            raise DecodeError(f"a part of the reply is longer than {self._max_part_bytes} bytes")

    def _drop(self, size: int) -> None:
        del self._pending[:size]
        self._searched = 0


def _headers(block: bytes) -> Headers:
    lines = block.decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    for name, colon, _ in pairs:
        if not colon:
            raise DecodeError(f"a part of the reply has a header without a colon: {name[:80]!r}")
    return tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
