"""The limiter that always grants: for providers without limits, and until limits are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.limiter import Demand, LeaseState, Quota, Standing
from modelscan.hookspecs import hookimpl
from modelscan.types.money import Certainty


class UnlimitedLease:
    """A lease over nothing that still insists on its life cycle: a call that skips a step is a bug."""

    __slots__ = ("state",)

    pressure = 0.0

    def __init__(self) -> None:
        self.state: LeaseState = "reserved"

    def sent(self) -> None:
        self._step("sent", "reserved")

    def arrived(self) -> None:
        self._step("arrived", "sent")

    def settle(self, amounts: Sequence[int]) -> None:
        self._step("settled", "sent", "arrived")

    def forfeit(self, certainty: Certainty) -> None:
        self._step("forfeited", "sent", "arrived")

    def release(self) -> None:
        self._step("released", "reserved", "sent")

    def detach(self) -> bytes:
        self._step("detached", "reserved", "sent", "arrived")
        return b"unlimited"

    def _step(self, to: LeaseState, *allowed: LeaseState) -> None:
        if self.state not in allowed:
            raise RuntimeError(f"a lease can't go from {self.state} to {to}")
        self.state = to


class Unlimited:
    """Grants every demand at once."""

    name = "unlimited"

    async def reserve(self, demand: Demand) -> UnlimitedLease:
        return UnlimitedLease()

    def attach(self, token: bytes) -> UnlimitedLease:
        lease = UnlimitedLease()
        lease.state = "sent"
        return lease

    async def wait_time(self, demand: Demand) -> float:
        return 0.0

    def observe(self, quota: Quota, used: int, reset_s: float | None) -> None:
        return None

    def pause(self, gate: str, seconds: float) -> None:
        return None

    async def standing(self, quotas: Sequence[Quota]) -> Sequence[Standing]:
        return tuple(Standing(used=0) for _ in quotas)

    async def close(self) -> None:
        return None


@hookimpl
def modelscan_limiter() -> type[Unlimited]:
    """The built-in limiter `unlimited`."""
    return Unlimited
