"""Tokens that carry a lease to another process: what it has claimed and how far it has come."""

from __future__ import annotations

import os
from typing import Literal, cast

import msgspec

from modelscan.contracts.limiter import Claim, LeaseState
from modelscan.errors import InvalidRequestError
from modelscan.limits.lease import CountedLease

_Living = Literal["reserved", "sent", "arrived"]


class _Token(msgspec.Struct, frozen=True, array_like=True):
    id: bytes
    state: _Living
    claims: tuple[Claim, ...]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Token)


def token_of(lease: CountedLease) -> bytes:
    """A token like no other."""
    claims = tuple(Claim(entry.counter.quota, entry.amount) for entry in lease.entries)
    return _ENCODER.encode(_Token(os.urandom(12), cast(_Living, lease.state), claims))


def told(token: bytes) -> tuple[LeaseState, tuple[Claim, ...]]:
    """What a token says. Raises `InvalidRequestError` for bytes that are none."""
    try:
        found = _DECODER.decode(token)
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"this is no token of a lease: {error}") from None
    return found.state, found.claims
