"""Limiters: every limit that a call touches, reserved in one step before a byte is sent, and settled after.

A limiter is one atomic domain: memory, or a server that several machines share. It counts whole numbers under keys and
knows nothing of models, prices or plans; what a call claims of which quota is worked out before it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec

from modelscan.types.limits import LimitKind
from modelscan.types.money import Certainty

CalendarPeriod = Literal["minute", "hour", "day", "week", "month", "year", "total"]


class Quota(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One counter and the most it may hold. Equal keys are one counter, whoever claims of it.

    `amount` is a whole number of `unit`; money is counted in billionths (`USD`: nano-dollars). A `rate` holds it in any
    `window_s` seconds, a `gauge` at any moment, a `calendar` quota from one reset to the next: `period`, `zone` and
    `anchor` are those of `modelscan.catalog.format` (`total` never resets). `account` says which quotas a shared store
    keeps together. Where `blocks` is False it is counted and never refuses.
    """

    key: str
    kind: LimitKind
    unit: str
    amount: int
    account: str = ""
    window_s: float = 0.0
    period: CalendarPeriod = "day"
    zone: str = "UTC"
    anchor: str = ""
    blocks: bool = True

    @property
    def is_money(self) -> bool:
        """Whether its unit is a currency."""
        return self.unit.isupper()


class Claim(msgspec.Struct, frozen=True):
    """What one attempt takes of one quota."""

    quota: Quota
    amount: int


class Demand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one attempt needs, for whom, and how long it may wait. All claims are granted together or not at all.

    `gates` are names that `Limiter.pause` may have shut (an account, a model of it). `deadline` is a moment of the
    loop's monotonic clock; None waits as long as the limiter allows. Of those who wait, a higher `priority` goes first,
    and `tenant`s of one priority take turns.
    """

    account: str
    model: str
    claims: tuple[Claim, ...] = ()
    gates: tuple[str, ...] = ()
    tenant: str = ""
    priority: int = 0
    deadline: float | None = None
    may_wait: bool = True


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a quota stands: what is taken of it, seconds until some of that comes back (None: nothing will by itself).

    `open` is the part of `used` that calls under way have reserved: some of it may come back as they end. `waiting` is
    how much of the quota those who wait have asked for.
    """

    used: int
    open: int = 0
    reset_s: float | None = None
    waiting: int = 0


@runtime_checkable
class Lease(Protocol):
    """A reservation's life: `sent`, `arrived`, then `settle` or `forfeit`.

    `release` is for before `sent`, and for after a transport error of phase `connect`. None of these waits: a shared
    store hears of them soon after. `pressure` is how full the fullest rate was when this was granted, from 0 to 1.
    """

    @property
    def pressure(self) -> float:
        """The largest part taken of a rate that the lease has a share of; 0 where nobody knows."""
        ...

    def sent(self) -> None:
        """The first byte is about to go out."""
        ...

    def arrived(self) -> None:
        """The response's head is here: this dates the entries."""
        ...

    def settle(self, amounts: Sequence[int]) -> None:
        """The call is over, and this is what it took of each claim's quota, in the claims' order.

        Changes amounts, never dates. More than was reserved is carried as debt.
        """
        ...

    def forfeit(self, certainty: Certainty) -> None:
        """The call is over, and what it used can't be known: charged at what was reserved."""
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
        """A lease over all that the demand claims, at once; waits in line for it.

        Raises `LimitExceededError` where it can't be granted ever or in time, `BudgetExceededError` for money.
        """
        ...

    def attach(self, token: bytes) -> Lease:
        """The lease that `detach` gave a token for."""
        ...

    async def wait_time(self, demand: Demand) -> float:
        """Seconds until the demand could be granted as things stand; `inf` for never. Reserves nothing."""
        ...

    def observe(self, quota: Quota, used: int, reset_s: float | None) -> None:
        """The provider says that `used` of the quota is taken, until `reset_s` seconds from now where it tells.

        A snapshot that doesn't know the calls sent since: it may add to what is counted as taken, never take away.
        """
        ...

    def pause(self, gate: str, seconds: float) -> None:
        """Grant nothing through a gate for so long: the provider asked for it."""
        ...

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        """How each quota stands."""
        ...

    async def close(self) -> None:
        """Hand over what is still to be told to a shared store; waiting demands are refused."""
        ...


LeaseState = Literal["reserved", "sent", "arrived", "settled", "forfeited", "released", "detached"]
Watcher = Callable[[Quota, int], None]
"""Hears that a quota is 80% taken, with what is taken; once until it has fallen below again."""
