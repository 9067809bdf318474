"""A JSON array that arrives piece by piece: what Gemini streams unless it is asked for server-sent events."""

from __future__ import annotations

import re
from enum import Enum, auto

from modelscan.contracts.http import Frame
from modelscan.errors import DecodeError, StreamCutError
from modelscan.wire.framing import IncrementalFraming

_BLANK = re.compile(rb"[ \t\r\n]*")
_BRACKET_OR_QUOTE = re.compile(rb'["{}\[\]]')
_QUOTE_OR_BACKSLASH = re.compile(rb'["\\]')
_AFTER_SCALAR = re.compile(rb"[ \t\r\n,\]]")


class _At(Enum):
    ARRAY = auto()  # the bracket that opens it
    FIRST = auto()  # an element, or the end
    ELEMENT = auto()
    SCALAR = auto()  # within a number or a word
    NESTED = auto()  # within an object, an array or a string
    COMMA = auto()  # a comma, or the end
    END = auto()


class JsonArray(IncrementalFraming):
    """Cuts `[{...}, {...}]` into one frame an element, at the element's last byte and not at the comma after it.

    Only the array itself is checked: whether an element is right inside is for its reader to say. An element longer
    than `max_element_bytes`, or anything but an array, raises `DecodeError`.
    """

    __slots__ = ("_at", "_depth", "_element", "_in_string", "_max_element_bytes", "_skip")

    def __init__(self, max_element_bytes: int = 32 * 1024 * 1024) -> None:
        super().__init__()
        self._max_element_bytes = max_element_bytes
        self._element = bytearray()
        self._at = _At.ARRAY
        self._depth = 0
        self._in_string = False
        self._skip = 0

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        place = 0
        while place < len(data):
            if self._at is _At.NESTED or self._at is _At.SCALAR:
                place = self._more_of_element(data, place, frames)
            else:
                place = self._between(data, place)

    def _end(self, frames: list[Frame]) -> None:
        if self._at is not _At.END:
            raise StreamCutError("the stream ended before its array did")

    def _between(self, data: bytes, place: int) -> int:
        """What stands before, between and after the elements; the place after it."""
        blank = _BLANK.match(data, place)
        place = blank.end() if blank else place
        byte = data[place : place + 1]
        if not byte:
            return place
        if self._at is _At.ARRAY and byte == b"[":
            self._at = _At.FIRST
        elif self._at is _At.COMMA and byte == b",":
            self._at = _At.ELEMENT
        elif self._at in (_At.COMMA, _At.FIRST) and byte == b"]":
            self._at = _At.END
        elif self._at in (_At.ELEMENT, _At.FIRST) and byte not in b",]}:":
            self._at = _At.NESTED if byte in b'{["' else _At.SCALAR
            return place
        else:
            raise DecodeError(f"the stream isn't an array of JSON: unexpected {byte!r}")
        return place + 1

    def _more_of_element(self, data: bytes, place: int, frames: list[Frame]) -> int:
        end = self._end_of_scalar(data, place) if self._at is _At.SCALAR else self._end_of_nested(data, place)
        self._element += data[place:] if end is None else data[place:end]
        if len(self._element) > self._max_element_bytes:
            self._element.clear()
            raise DecodeError(f"an element of the array is longer than {self._max_element_bytes} bytes")
        if end is None:
            return len(data)
        frames.append(Frame(bytes(self._element)))
        self._element.clear()
        self._at = _At.COMMA
        return end

    def _end_of_scalar(self, data: bytes, place: int) -> int | None:
        found = _AFTER_SCALAR.search(data, place)
        return found.start() if found else None

    def _end_of_nested(self, data: bytes, place: int) -> int | None:
        """The place after the element, or None where these bytes don't hold its end."""
        place, self._skip = place + self._skip, 0
        while found := (_QUOTE_OR_BACKSLASH if self._in_string else _BRACKET_OR_QUOTE).search(data, place):
            place = found.end()
            byte = found[0]
            if byte == b"\\":
                place += 1
                self._skip = int(place > len(data))
                continue
            if byte == b'"':
                self._in_string = not self._in_string
            else:
                self._depth += 1 if byte in b"{[" else -1
            if not self._depth and not self._in_string:
                return place
        return None
