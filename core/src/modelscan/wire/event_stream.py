"""The binary event stream of AWS (`application/vnd.amazon.eventstream`), which Bedrock, Transcribe and Polly speak.

Source: Smithy 2.0, "Amazon Event Stream Specification", and the Amazon Transcribe developer guide, "Event stream
encoding" (read 2026-01). All numbers are big-endian. A message is a prelude (its whole length, its headers' length, the
CRC-32 of these eight bytes), headers, payload, and the CRC-32 of everything before it. A header is its name's
length in one byte, the name, a type in one byte, and the value.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zlib import crc32

from modelscan.contracts.http import Frame
from modelscan.errors import DecodeError, StreamCutError
from modelscan.wire.framing import IncrementalFraming

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_SMALLEST = _PRELUDE.size + _CRC.size
_LARGEST_HEADERS = 128 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAMES_OF_KIND = {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}


class EventStream(IncrementalFraming):
    """Cuts a stream into one frame a message, both checksums verified.

    `Frame.data` is the payload. `Frame.headers` are the message's headers as text, in their order: booleans as `true`
    and `false`, integers in decimal, bytes in base64, timestamps in ISO 8601 (UTC), UUIDs in their usual form.
    `Frame.event` says what the message is: its event type, or for a message of type `exception` or `error` the
    exception's type or the error's code; `:message-type` in the headers tells these apart. A message longer than
    `max_message_bytes`, a wrong checksum or a broken header raises `DecodeError`.
    """

    __slots__ = ("_max_message_bytes", "_pending")

    def __init__(self, max_message_bytes: int = 32 * 1024 * 1024) -> None:
        super().__init__()
        self._max_message_bytes = max_message_bytes
        self._pending = bytearray()

    def _cut(self, data: bytes, frames: list[Frame]) -> None:
        pending = self._pending
        pending += data
        while len(pending) >= _PRELUDE.size:
            length, headers_length = self._prelude(pending)
            if len(pending) < length:
                return
            message = bytes(pending[:length])
            del pending[:length]
            frames.append(_frame(message, headers_length))

    def _end(self, frames: list[Frame]) -> None:
        if self._pending:
            raise StreamCutError(f"the stream ended {len(self._pending)} bytes into a message")

    def _prelude(self, pending: bytearray) -> tuple[int, int]:
        """The lengths of the message and of its headers, once they are known to be sane."""
        length, headers_length, checksum = _PRELUDE.unpack_from(pending)
        if crc32(pending[:8]) != checksum:
            raise DecodeError("a message's prelude doesn't match its checksum")
        if length > self._max_message_bytes:
            raise DecodeError(f"a message of {length} bytes is longer than {self._max_message_bytes}")
        if headers_length > _LARGEST_HEADERS or length < _SMALLEST + headers_length:
            raise DecodeError(f"a message of {length} bytes can't have {headers_length} bytes of headers")
        return length, headers_length


def _frame(message: bytes, headers_length: int) -> Frame:
    end = len(message) - _CRC.size
    if crc32(memoryview(message)[:end]) != _CRC.unpack_from(message, end)[0]:
        raise DecodeError("a message doesn't match its checksum")
    start = _PRELUDE.size + headers_length
    try:
        headers = tuple(_headers(message[_PRELUDE.size : start]))
    except (struct.error, KeyError, ValueError, OverflowError) as error:
        raise DecodeError(f"a message's headers can't be read: {error!r}") from error
    found = dict(headers)
    name = _NAMES_OF_KIND.get(found.get(":message-type", "event"), "")
    return Frame(data=message[start:end], event=found.get(name, ""), headers=headers)


def _headers(block: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(block):
        value_at = at + 2 + block[at]
        name = _exactly(block, at + 1, block[at]).decode()
        kind = _exactly(block, value_at - 1, 1)[0]
        value, at = _VALUES[kind](block, value_at)
        yield name, value


def _exactly(block: bytes, at: int, size: int) -> bytes:
    found = block[at : at + size]
    if len(found) < size:
        raise ValueError("a header is longer than the block of headers")
    return found


_Reader = Callable[[bytes, int], tuple[str, int]]
"""Reads a value at a place of the block: the value as text, and the place after it."""


def _fixed(size: int, text: Callable[[bytes], str]) -> _Reader:
    return lambda block, at: (text(_exactly(block, at, size)), at + size)


def _sized(text: Callable[[bytes], str]) -> _Reader:
    def read(block: bytes, at: int) -> tuple[str, int]:
        size = int.from_bytes(_exactly(block, at, 2), "big")
        return text(_exactly(block, at + 2, size)), at + 2 + size

    return read


def _integer(value: bytes) -> str:
    return str(int.from_bytes(value, "big", signed=True))


def _timestamp(value: bytes) -> str:
    moment = _EPOCH + timedelta(milliseconds=int.from_bytes(value, "big", signed=True))
    return moment.isoformat(timespec="milliseconds")


_VALUES: dict[int, _Reader] = {
    0: _fixed(0, lambda _: "true"),
    1: _fixed(0, lambda _: "false"),
    2: _fixed(1, _integer),
    3: _fixed(2, _integer),
    4: _fixed(4, _integer),
    5: _fixed(8, _integer),
    6: _sized(lambda value: b64encode(value).decode()),
    7: _sized(bytes.decode),
    8: _fixed(8, _timestamp),
    9: _fixed(16, lambda value: str(UUID(bytes=value))),
}
