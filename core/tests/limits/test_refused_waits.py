"""What a refusal says of the wait that was too long."""

from __future__ import annotations

import pytest

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.errors import LimitExceededError
from modelscan.limits.memory import MemoryLimiter
from modelscan.testing.clock import FakeClock

HOURLY = Quota(key="k", kind="rate", unit="requests", amount=1, window_s=3600)
DEMAND = Demand(account="a/default", model="m", claims=(Claim(HOURLY, 1),), may_wait=False)


async def test_who_is_refused_does_not_wait_behind_itself() -> None:
    limiter = MemoryLimiter(clock=FakeClock())
    lease = await limiter.reserve(DEMAND)
    lease.sent()
    lease.arrived()
    lease.settle((1,))
    with pytest.raises(LimitExceededError, match="about 3600.0 s") as refusal:
        await limiter.reserve(DEMAND)
    assert refusal.value.retry_after_s == pytest.approx(3600)
    assert await limiter.wait_time(DEMAND) == pytest.approx(3600)
    await limiter.close()
