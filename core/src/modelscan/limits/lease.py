"""A lease over entries of several counters, from `reserve` to its one end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from modelscan.contracts.limiter import LeaseState
from modelscan.limits.counters import Entry, Rate
from modelscan.types.money import Certainty

_UNDER_WAY = ("sent", "arrived")


class Keeper(Protocol):
    """Who granted the lease: it has a clock, hears when something came back, and keeps what is carried elsewhere."""

    clock: Callable[[], float]

    def changed(self, entries: Sequence[Entry], now: float) -> None:
        """What these entries hold has changed."""
        ...

    def dated(self, entries: Sequence[Entry], now: float) -> None:
        """It is known now when what these entries hold comes back, of those that have a date."""
        ...

    def carry(self, lease: CountedLease) -> bytes:
        """A token for the lease."""
        ...


class CountedLease:
    """Entries that begin and end together. A step out of order is a bug of the caller's: `RuntimeError`."""

    __slots__ = ("_keeper", "entries", "state")

    def __init__(self, keeper: Keeper, entries: Sequence[Entry]) -> None:
        self._keeper = keeper
        self.entries = entries
        self.state: LeaseState = "reserved"

    @property
    def pressure(self) -> float:
        fullest = 0.0
        for entry in self.entries:
            counter = entry.counter
            if type(counter) is Rate and counter.used > fullest * counter.amount:
                fullest = counter.used / max(1, counter.amount)
        return fullest

    def sent(self) -> None:
        if self.state != "reserved":
            raise _out_of_order(self.state, "sent")
        self.state = "sent"

    def arrived(self) -> None:
        if self.state != "sent":
            raise _out_of_order(self.state, "arrived")
        self.state = "arrived"
        now = self._keeper.clock()
        for entry in self.entries:
            entry.counter.date(entry, now)
        self._keeper.dated(self.entries, now)

    def settle(self, amounts: Sequence[int]) -> None:
        if self.state not in _UNDER_WAY:
            raise _out_of_order(self.state, "settled")
        if len(amounts) != len(self.entries):
            raise ValueError(f"the lease has {len(self.entries)} claims, and {len(amounts)} amounts came")
        self.state = "settled"
        now = self._keeper.clock()
        for entry, worth in zip(self.entries, amounts, strict=False):
            entry.counter.end(entry, worth, now)
        self._keeper.changed(self.entries, now)

    def forfeit(self, certainty: Certainty) -> None:
        if self.state not in _UNDER_WAY:
            raise _out_of_order(self.state, "forfeited")
        self.state = "forfeited"
        now = self._keeper.clock()
        for entry in self.entries:
            entry.counter.end(entry, entry.amount, now)
        self._keeper.changed(self.entries, now)

    def release(self) -> None:
        if self.state not in ("reserved", "sent"):
            raise _out_of_order(self.state, "released")
        self.state = "released"
        now = self._keeper.clock()
        for entry in self.entries:
            entry.counter.release(entry, now)
        self._keeper.changed(self.entries, now)

    def detach(self) -> bytes:
        if self.state not in ("reserved", *_UNDER_WAY):
            raise _out_of_order(self.state, "detached")
        token = self._keeper.carry(self)
        self.state = "detached"
        return token


def _out_of_order(state: LeaseState, to: LeaseState) -> RuntimeError:
    return RuntimeError(f"a lease can't go from {state} to {to}")
