"""Limiters: every limit that a call touches, reserved in one step before a byte is sent, and settled after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

import msgspec

from modelscan.types.money import Certainty
from modelscan.types.usage import Usage


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What one attempt needs: amounts per unit, from whom, for whom, and how long it may wait.

    `estimates` are what a rate reserves, `bounds` what `strict` limits and hard budgets reserve (None: unbounded).
    `deadline` is a moment of the loop's monotonic clock; None waits as long as the limiter allows.
    """

    account: str
    model: str
    estimates: Mapping[str, int] = {}
    bounds: Mapping[str, int | None] = {}
    tenant: str = ""
    priority: int = 0
    deadline: float | None = None
    may_wait: bool = True


@runtime_checkable
class Lease(Protocol):
    """A reservation's life: `sent`, `arrived`, then `settle` or `forfeit`.

    `release` is for before `sent`, and for after a transport error of phase `connect`.
    """

    def sent(self) -> None:
        """The first byte is about to go out."""
        ...

    def arrived(self) -> None:
        """The response's head is here: this dates the entries."""
        ...

    def settle(self, usage: Usage) -> None:
        """The call is over, and this is what it used. Changes amounts, never dates."""
        ...

    def forfeit(self, certainty: Certainty) -> None:
        """The call is over, and what it used can't be known: charged at its reservation or its bound."""
        ...

    def release(self) -> None:
        """Nothing was sent: give everything back."""
        ...

    def detach(self) -> bytes:
        """A token that carries the lease to another process (jobs, batches); this object is done with."""
        ...


@runtime_checkable
class Limiter(Protocol):
    """Grants leases."""

    async def reserve(self, demand: Demand) -> Lease:
        """A lease over all that the demand touches, at once; waits in line for it.

        Raises `LimitExceededError` where it can't be granted ever or in time, `BudgetExceededError` for money.
        """
        ...

    def attach(self, token: bytes) -> Lease:
        """The lease that `detach` gave a token for."""
        ...

    def wait_time(self, demand: Demand) -> float:
        """Seconds until the demand could be granted as things stand; `inf` for never."""
        ...

    def learn(self, account: str, model: str, headers: tuple[tuple[str, str], ...], status: int) -> None:
        """What a response's headers say about limits."""
        ...


LeaseState = Literal["reserved", "sent", "arrived", "settled", "forfeited", "released", "detached"]
