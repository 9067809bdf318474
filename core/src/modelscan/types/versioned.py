"""Values on disk and on the wire between processes: JSON with a version, for recording, replay and storage."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

VERSION = 1
"""The vocabulary's version. A field may be added without a new one; anything else needs one, and a migration here."""

V = TypeVar("V")


class _Envelope(msgspec.Struct, frozen=True):
    version: int
    type: str
    value: msgspec.Raw


class VersionError(ValueError):
    """The value was written by another version of the vocabulary than this one reads."""


def dump(value: msgspec.Struct) -> bytes:
    """A request, chunk or reply as JSON with its version and type."""
    body = msgspec.json.encode(value)
    return msgspec.json.encode(_Envelope(VERSION, type(value).__name__, msgspec.Raw(body)))


def load(data: bytes, type_: type[V]) -> V:
    """The value that `dump` wrote. Raises `VersionError` for another version, `ValueError` for another type."""
    try:
        envelope = msgspec.json.decode(data, type=_Envelope)
    except msgspec.MsgspecError as error:
        raise ValueError(f"no stored value: {error}") from error
    if envelope.version != VERSION:
        raise VersionError(f"written in version {envelope.version} of the vocabulary; this is version {VERSION}")
    name = getattr(type_, "__name__", "")
    if envelope.type != name:
        raise ValueError(f"a {envelope.type} is stored, not a {name}")
    decoded: Any = msgspec.json.decode(envelope.value, type=type_)
    return decoded  # type: ignore[no-any-return]  # `type_` decides, which mypy can't follow through Raw
