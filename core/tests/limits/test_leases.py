"""The lease's life cycle, and the holder that ends it exactly once."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan import Usage
from modelscan.client.tickets import FreeTicket
from modelscan.contracts.limiter import Demand, Lease, Limiter, Quota, Standing
from modelscan.limits.held import HeldLease
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.types.usage import UNREPORTED

DEMAND = Demand(account="a/default", model="m")


async def test_the_unlimited_limiter_grants_everything_at_once() -> None:
    limiter = Unlimited()
    assert isinstance(limiter, Limiter)
    lease = await limiter.reserve(DEMAND)
    assert isinstance(lease, Lease)
    assert await limiter.wait_time(DEMAND) == 0
    quota = Quota(key="k", kind="gauge", unit="concurrent", amount=1)
    limiter.observe(quota, 1, None)
    limiter.pause("a/default", 1.0)
    assert await limiter.standing([quota]) == (Standing(used=0),)
    await limiter.close()


LIVES = [
    (["sent", "arrived", "settle"], "settled"),
    (["sent", "settle"], "settled"),
    (["sent", "arrived", "forfeit"], "forfeited"),
    (["sent", "release"], "released"),
    (["release"], "released"),
    (["detach"], "detached"),
]
ARGUMENTS: dict[str, tuple[Any, ...]] = {"settle": ((),), "forfeit": ("bound",)}


@pytest.mark.parametrize(("steps", "state"), LIVES)
def test_a_lease_lives_by_its_steps(steps: list[str], state: str) -> None:
    lease = UnlimitedLease()
    for step in steps:
        getattr(lease, step)(*ARGUMENTS.get(step, ()))
    assert lease.state == state
    for step in ("sent", "arrived", "settle", "forfeit", "release", "detach"):
        with pytest.raises(RuntimeError, match=f"a lease can't go from {state}"):
            getattr(lease, step)(*ARGUMENTS.get(step, ()))


def test_a_detached_lease_goes_on_elsewhere() -> None:
    limiter = Unlimited()
    token = UnlimitedLease().detach()
    lease = limiter.attach(token)
    lease.arrived()
    lease.settle(())
    assert lease.state == "settled"


def held() -> tuple[HeldLease, UnlimitedLease]:
    lease = UnlimitedLease()
    return HeldLease(lease, FreeTicket()), lease


def test_what_was_never_sent_is_given_back() -> None:
    holder, lease = held()
    holder.close()
    holder.close()
    assert lease.state == "released"


def test_what_was_sent_and_never_heard_of_is_charged() -> None:
    holder, lease = held()
    holder.sent()
    holder.close()
    assert lease.state == "forfeited"


def test_only_the_first_end_counts() -> None:
    holder, lease = held()
    holder.sent()
    holder.arrived()
    holder.settle(Usage(output_tokens=1))
    holder.settle(Usage())
    holder.forfeit("bound")
    holder.release()
    holder.close()
    assert lease.state == "settled"


def test_a_reply_without_a_count_is_charged_as_estimated() -> None:
    class Noting(UnlimitedLease):
        certainty = ""

        def forfeit(self, certainty: Any) -> None:
            super().forfeit(certainty)
            self.certainty = certainty

    lease = Noting()
    holder = HeldLease(lease, FreeTicket())
    holder.sent()
    holder.settle(UNREPORTED)
    assert lease.certainty == "estimated"


def test_a_lease_that_has_ended_is_carried_nowhere() -> None:
    holder, lease = held()
    holder.release()
    assert holder.carry(Unlimited().attach) == b""
    assert lease.state == "released"
