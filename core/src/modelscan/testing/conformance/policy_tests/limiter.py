"""What every limiter must do."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, ClassVar

from modelscan.contracts.limiter import Claim, Demand, Lease, Limiter, Quota
from modelscan.testing.conformance.policy_tests.limiter_kinds import KindsOfQuota
from modelscan.testing.conformance.policy_tests.limiter_waits import Waiting
from modelscan.testing.conformance.suite import counts_for

ACCOUNT = "provider/default"
REQUESTS = Quota(key="requests", kind="rate", unit="requests", amount=1_000, account=ACCOUNT, window_s=60)
TOKENS = Quota(key="tokens", kind="rate", unit="tokens", amount=100_000, account=ACCOUNT, window_s=60)
OPEN = Quota(key="concurrent", kind="gauge", unit="concurrent", amount=100, account=ACCOUNT)
DEMAND = Demand(
    account=ACCOUNT,
    model="model",
    claims=(Claim(REQUESTS, 1), Claim(TOKENS, 20), Claim(OPEN, 1)),
    gates=(ACCOUNT, f"{ACCOUNT}/model"),
)
_TAKEN = (1, 13, 1)
_MANY = 20


class LimiterSuite(KindsOfQuota, Waiting):
    """A limiter's leases live their life, and take nothing with them: `limiter = "name"`, or its class.

    What is made must grant `DEMAND` twenty times over without waiting. One that holds the quotas of a demand says so,
    `counts = True`, and is held to what each kind of quota means.
    """

    kind = "limiter"
    limiter: ClassVar[str | Callable[..., Limiter]]

    @counts_for("bronze")
    def test_it_is_a_limiter(self, made: Any) -> None:
        """Its factory gives one without any option beyond `options`."""
        assert isinstance(made, Limiter), f"{made!r} lacks a method of `Limiter`"

    @counts_for("bronze", is_evidence=True)
    async def test_a_lease_lives_its_life(self, made: Limiter) -> None:
        """Sent, arrived, settled."""
        lease = await made.reserve(DEMAND)
        assert isinstance(lease, Lease), f"{lease!r} is no lease"
        lease.sent()
        lease.arrived()
        lease.settle(_TAKEN)

    @counts_for("bronze")
    async def test_every_end_of_a_lease_is_known(self, made: Limiter) -> None:
        """Given back before sending, given up after, settled before the head arrived."""
        (await made.reserve(DEMAND)).release()
        sent = await made.reserve(DEMAND)
        sent.sent()
        sent.forfeit("bound")
        unsure = await made.reserve(DEMAND)
        unsure.sent()
        unsure.settle(_TAKEN)

    @counts_for("silver")
    async def test_a_lease_goes_on_in_another_process(self, made: Limiter) -> None:
        """By a token of bytes."""
        lease = await made.reserve(DEMAND)
        lease.sent()
        token = lease.detach()
        assert isinstance(token, bytes), f"a lease's token is a {type(token).__name__}, and must be bytes"
        again = made.attach(token)
        again.arrived()
        again.settle(_TAKEN)

    @counts_for("silver")
    async def test_a_wait_is_no_time_or_some_or_forever(self, made: Limiter) -> None:
        """Never less than none, and asking for it reserves nothing."""
        for _ in range(_MANY * 5):
            wait_s = await made.wait_time(DEMAND)
            assert wait_s >= 0, f"a wait of {wait_s} s is less than none"
            assert not math.isnan(wait_s), "a wait is no number"
        await asyncio.wait_for(made.reserve(DEMAND), 1.0)

    @counts_for("silver")
    async def test_given_back_leases_take_nothing(self, made: Limiter) -> None:
        """However many there were."""
        for _ in range(_MANY * 5):
            lease = await asyncio.wait_for(made.reserve(DEMAND), 1.0)
            lease.release()

    @counts_for("silver")
    async def test_a_cancelled_wait_leaves_nothing_behind(self, made: Limiter) -> None:
        """A call that gave up must not hold what others wait for."""
        waiting = [asyncio.ensure_future(made.reserve(DEMAND)) for _ in range(_MANY)]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        for found in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(found, Lease):
                found.release()
        lease = await asyncio.wait_for(made.reserve(DEMAND), 1.0)
        lease.release()

    @counts_for("gold")
    async def test_many_leases_at_once_are_each_their_own(self, made: Limiter) -> None:
        """Twenty calls at the same time."""

        async def call() -> None:
            lease = await made.reserve(DEMAND)
            lease.sent()
            await asyncio.sleep(0)
            lease.arrived()
            lease.settle(_TAKEN)

        await asyncio.wait_for(asyncio.gather(*(call() for _ in range(_MANY))), 5.0)
