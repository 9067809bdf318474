"""Content codings undone piece by piece: gzip, deflate, and br where its package is installed."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, Protocol

from modelscan.errors import DecodeError

_ZLIB_HEAD_BYTES: Final = 2


class Decoder(Protocol):
    """Undoes one coding."""

    def feed(self, data: bytes) -> bytes:
        """What these bytes give; may be nothing yet."""
        ...

    def finish(self) -> bytes:
        """The rest. Raises `DecodeError` where the coded data isn't whole."""
        ...


class _Zlib:
    """gzip and deflate. `wbits` None: zlib's frame or none at all, since some servers call the bare format deflate."""

    def __init__(self, wbits: int | None) -> None:
        self._wbits = wbits
        self._beginning = b""
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> bytes:
        out = b""
        while data:
            if self._wbits is None:
                data, self._beginning = self._beginning + data, b""
                if len(data) < _ZLIB_HEAD_BYTES:
                    self._beginning = data
                    break
                self._wbits = zlib.MAX_WBITS if _is_zlib(data) else -zlib.MAX_WBITS
            if self._inflate is None or self._inflate.eof:  # gzip may hold several members, one after the other
                self._inflate = zlib.decompressobj(self._wbits)
            try:
                out += self._inflate.decompress(data)
            except zlib.error as error:
                raise DecodeError(f"the answer's compression is broken: {error}") from error
            data = self._inflate.unused_data
        return out

    def finish(self) -> bytes:
        if self._beginning or (self._inflate is not None and not self._inflate.eof):
            raise DecodeError("the answer's compressed data ends too early")
        return b""


def _is_zlib(data: bytes) -> bool:
    """Whether it begins with zlib's two bytes (RFC 1950, 2.2)."""
    return data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:_ZLIB_HEAD_BYTES]) % 31 == 0


class _Brotli:
    def __init__(self) -> None:
        try:
            brotli: Any = import_module("brotli")  # no dependency: br is only undone for requests that ask for it
        except ImportError:
            raise DecodeError(
                "the answer is compressed with br, which nobody asked for",
                advice="Install the package brotli, or don't ask for br in accept-encoding.",
            ) from None
        self._error: type[Exception] = brotli.error
        self._inflate = brotli.Decompressor()
        self._is_begun = False

    def feed(self, data: bytes) -> bytes:
        self._is_begun = True
        try:
            out: bytes = self._inflate.process(data)
        except self._error as error:
            raise DecodeError(f"the answer's compression is broken: {error}") from error
        return out

    def finish(self) -> bytes:
        if self._is_begun and not self._inflate.is_finished():
            raise DecodeError("the answer's compressed data ends too early")
        return b""


class _Chain:
    def __init__(self, decoders: list[Decoder]) -> None:
        self._decoders = decoders

    def feed(self, data: bytes) -> bytes:
        for decoder in self._decoders:
            data = decoder.feed(data)
        return data

    def finish(self) -> bytes:
        for decoder in self._decoders:
            decoder.finish()
        return b""


_CODINGS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "x-gzip": lambda: _Zlib(zlib.MAX_WBITS | 16),
    "deflate": lambda: _Zlib(None),
    "br": _Brotli,
}


def decoder_for(content_encoding: str) -> Decoder | None:
    """What undoes a `content-encoding` header; None for none. Raises `DecodeError` for a coding that isn't known."""
    names = [name.strip().lower() for name in content_encoding.split(",")]
    names = [name for name in names if name and name != "identity"]
    if not names:
        return None
    unknown = [name for name in names if name not in _CODINGS]
    if unknown:
        raise DecodeError(f"the answer is compressed with {unknown[0]}, which nobody asked for")
    decoders = [_CODINGS[name]() for name in reversed(names)]
    return decoders[0] if len(decoders) == 1 else _Chain(decoders)
