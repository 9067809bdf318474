"""A lease over quotas that other processes share. Its steps are taken here at once, and told soon after, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from modelscan.contracts.limiter import Claim, Lease, LeaseState
from modelscan.errors import InvalidRequestError
from modelscan.types.money import Certainty
from modelscan_limiter_redis.server import EXACT_BELOW

if TYPE_CHECKING:
    from modelscan_limiter_redis.lines import Part

_UNDER_WAY: Final[tuple[LeaseState, ...]] = ("sent", "arrived")


class Keeper(Protocol):
    """Whom a lease tells of its life."""

    def has_arrived(self, lease: RedisLease) -> None: ...

    def has_ended(self, lease: RedisLease, amounts: Sequence[int] | None) -> None:
        """Settled with these amounts, or forfeited."""
        ...

    def was_released(self, lease: RedisLease) -> None: ...

    def carry(self, lease: RedisLease) -> bytes:
        """A token for it."""
        ...


class RedisLease:
    """Entries of one or several domains that begin and end together. A step out of order raises `RuntimeError`.

    `parts` says which claims lie in which domain. `local` is the lease of this process's own share, for one that was
    granted while the server couldn't be asked.
    """

    __slots__ = ("_keeper", "arrived_at", "claims", "granted_at", "holder", "local", "number", "parts", "state")

    def __init__(
        self,
        keeper: Keeper,
        holder: str,
        number: int,
        claims: Sequence[Claim],
        parts: Sequence[Part],
        local: Lease | None = None,
    ) -> None:
        self._keeper = keeper
        self.holder = holder
        self.number = number
        self.claims = claims
        self.parts = parts
        self.local = local
        self.state: LeaseState = "reserved"
        self.granted_at = time.monotonic()
        self.arrived_at: float | None = None

    @property
    def pressure(self) -> float:
        if self.local is not None:
            return self.local.pressure
        rates = [(part, claim.quota) for part in self.parts for claim in part.claims if claim.quota.kind == "rate"]
        seen = [(part.domain.seen.get(quota.key), quota.amount) for part, quota in rates]
        return max((one.used / amount for one, amount in seen if one is not None), default=0.0)

    def sent(self) -> None:
        self._step("sent", "reserved")
        if self.local is not None:
            self.local.sent()

    def arrived(self) -> None:
        self._step("arrived", "sent")
        self.arrived_at = time.monotonic()
        self._keeper.has_arrived(self)

    def settle(self, amounts: Sequence[int]) -> None:
        if len(amounts) != len(self.claims) or max(amounts, default=0) >= EXACT_BELOW:
            raise ValueError(f"{len(self.claims)} amounts of less than 2^53 are needed, not {amounts}")
        self._step("settled", *_UNDER_WAY)
        self._keeper.has_ended(self, amounts)

    def forfeit(self, certainty: Certainty) -> None:
        self._step("forfeited", *_UNDER_WAY)
        self._keeper.has_ended(self, None)

    def release(self) -> None:
        self._step("released", "reserved", "sent")
        self._keeper.was_released(self)

    def detach(self) -> bytes:
        before = self.state
        self._step("detached", "reserved", *_UNDER_WAY)
        self.state = before
        token = self._keeper.carry(self)
        self.state = "detached"
        return token

    def _step(self, to: LeaseState, *allowed: LeaseState) -> None:
        if self.state not in allowed:
            raise RuntimeError(f"a lease can't go from {self.state} to {to}")
        self.state = to


class Token(msgspec.Struct, frozen=True, array_like=True):
    """What a token says: whose name the lease has now, how far it had come, what it claimed in which account."""

    holder: str
    number: int
    state: LeaseState
    claims: tuple[Claim, ...]
    parts: tuple[tuple[str, tuple[int, ...]], ...]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Token)


def token_of(lease: RedisLease, holder: str) -> bytes:
    """A token for a lease that `holder` has from now on."""
    parts = tuple((part.domain.account, part.places) for part in lease.parts)
    return _ENCODER.encode(Token(holder, lease.number, lease.state, tuple(lease.claims), parts))


def told(token: bytes) -> Token:
    """What a token says. Raises `InvalidRequestError` for bytes that are none."""
    try:
        return _DECODER.decode(token)
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"this is no token of a lease: {error}") from None
