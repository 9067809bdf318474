"""The built-in limiter on a real event loop: nothing leaks, whatever is cancelled when."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from limits_world import demand, gauge, rate
from modelscan.contracts.limiter import Limiter, Quota
from modelscan.errors import LimitExceededError
from modelscan.limits import memory, unlimited
from modelscan.limits.lease import CountedLease
from modelscan.limits.memory import MemoryLimiter, SteadyWallClock

ONE = gauge(1)
BRIEF = rate(1, 0.05)


async def used(limiter: MemoryLimiter, quota: Quota = ONE) -> tuple[int, int]:
    """What is taken, and what is waited for."""
    (standing,) = await limiter.standing([quota])
    return standing.used, standing.waiting


def end(lease: CountedLease) -> None:
    lease.sent()
    lease.arrived()
    lease.settle([entry.amount for entry in lease.entries])


async def soon() -> None:
    """Let every task run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_hook_tells_of_the_limiter() -> None:
    assert memory.modelscan_limiter() is MemoryLimiter
    limiter = MemoryLimiter()
    assert isinstance(limiter, Limiter)
    assert limiter.name == "memory"
    assert unlimited.modelscan_limiter() is unlimited.Unlimited


async def test_what_has_room_is_granted_at_once() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    assert await used(limiter) == (1, 0)
    end(lease)
    assert await used(limiter) == (0, 0)


async def test_who_waits_is_woken_by_an_end() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    waiting = asyncio.create_task(limiter.reserve(demand((ONE, 1))))
    await soon()
    assert await used(limiter) == (1, 1)
    end(lease)
    end(await waiting)
    assert await used(limiter) == (0, 0)


async def test_who_waits_is_woken_by_time() -> None:
    limiter = MemoryLimiter()
    end(await limiter.reserve(demand((BRIEF, 1))))
    started = time.monotonic()
    assert 0 <= await limiter.wait_time(demand((BRIEF, 1))) <= 0.051
    end(await limiter.reserve(demand((BRIEF, 1))))
    assert time.monotonic() - started >= 0.045


async def test_there_is_one_timer_whoever_waits() -> None:
    limiter = MemoryLimiter()
    end(await limiter.reserve(demand((rate(1, 60.0), 1))))
    tasks = [asyncio.create_task(limiter.reserve(demand((rate(1, 60.0), 1)))) for _ in range(50)]
    await soon()
    timer = limiter._timer
    tasks.append(asyncio.create_task(limiter.reserve(demand((rate(1, 60.0), 1)))))
    await soon()
    assert limiter._timer is timer
    await limiter.close()
    assert limiter._timer is None
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} == {LimitExceededError}


async def test_a_closed_limiter_grants_nothing_and_its_leases_still_end() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    await limiter.close()
    with pytest.raises(LimitExceededError, match="closed"):
        await limiter.reserve(demand((gauge(5), 1)))
    end(lease)
    assert await used(limiter) == (0, 0)


async def test_a_caller_that_is_cancelled_while_it_waits_leaves_the_line() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    first, second = (asyncio.create_task(limiter.reserve(demand((ONE, 1)))) for _ in range(2))
    await soon()
    first.cancel()
    await soon()
    assert first.cancelled()
    assert await used(limiter) == (1, 1)
    end(lease)
    end(await second)
    assert await used(limiter) == (0, 0)


@pytest.mark.parametrize("is_cancelled_first", [True, False])
async def test_a_caller_that_is_cancelled_in_the_tick_of_its_grant_gives_the_lease_on(is_cancelled_first: bool) -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    first, second = (asyncio.create_task(limiter.reserve(demand((ONE, 1)))) for _ in range(2))
    await soon()
    if is_cancelled_first:
        first.cancel()
        end(lease)
    else:
        end(lease)
        first.cancel()
    await soon()
    assert first.cancelled()
    end(await second)
    assert await used(limiter) == (0, 0)


async def test_a_caller_that_is_cancelled_in_the_tick_of_its_refusal_leaves_nothing() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    task = asyncio.create_task(limiter.reserve(demand((ONE, 1))))
    await soon()
    task.cancel()
    await limiter.close()
    await soon()
    assert task.cancelled()
    end(lease)
    assert await used(limiter) == (0, 0)


async def test_a_call_that_is_thrown_away_unfinished_leaves_the_line() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    waiting = limiter.reserve(demand((ONE, 1)))
    waiting.send(None)
    assert await used(limiter) == (1, 1)
    waiting.close()
    end(lease)
    assert await used(limiter) == (0, 0)


async def test_a_deadline_ends_the_wait() -> None:
    limiter = MemoryLimiter()
    lease = await limiter.reserve(demand((ONE, 1)))
    with pytest.raises(LimitExceededError, match="longer than it may"):
        await limiter.reserve(demand((ONE, 1), deadline=time.monotonic() + 0.05))
    assert await used(limiter) == (1, 0)
    end(lease)


async def test_the_longest_wait_ends_the_wait() -> None:
    limiter = MemoryLimiter(longest_wait_s=0.05)
    lease = await limiter.reserve(demand((ONE, 1)))
    with pytest.raises(LimitExceededError):
        await limiter.reserve(demand((ONE, 1)))
    end(lease)


async def test_who_may_not_wait_hears_at_once() -> None:
    limiter = MemoryLimiter()
    await limiter.reserve(demand((ONE, 1)))
    with pytest.raises(LimitExceededError):
        await limiter.reserve(demand((ONE, 1), may_wait=False))


async def test_pauses_observations_and_tokens_reach_the_engine() -> None:
    heard: list[int] = []
    limiter = MemoryLimiter(watch=lambda _quota, taken: heard.append(taken), wall=lambda: 1.0)
    limiter.pause("gate", 0.05)
    started = time.monotonic()
    lease = await limiter.reserve(demand((gauge(5), 4), gates=("gate",)))
    assert time.monotonic() - started >= 0.045
    assert heard == [4]
    lease.sent()
    limiter.attach(lease.detach()).settle((4,))
    limiter.observe(gauge(5), 5, 60.0)
    assert await used(limiter, gauge(5)) == (5, 0)


def test_a_second_loop_after_the_first_is_served() -> None:
    limiter = MemoryLimiter()
    asyncio.run(_take(limiter))
    asyncio.run(_take(limiter))


async def _take(limiter: MemoryLimiter) -> CountedLease:
    return await limiter.reserve(demand((gauge(2), 1)))


async def test_a_second_loop_beside_the_first_is_an_error() -> None:
    limiter = MemoryLimiter()
    await _take(limiter)
    with pytest.raises(RuntimeError, match="serves another event loop"):
        await asyncio.to_thread(asyncio.run, _take(limiter))


def test_those_who_wait_in_a_loop_that_is_gone_are_forgotten() -> None:
    limiter = MemoryLimiter()
    gone = asyncio.new_event_loop()
    lease = gone.run_until_complete(limiter.reserve(demand((ONE, 1))))
    task = gone.create_task(limiter.reserve(demand((ONE, 1))))
    gone.run_until_complete(asyncio.sleep(0))
    with pytest.raises(RuntimeError, match="serves another event loop"):
        asyncio.run(_take(limiter))
    gone.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be
    assert asyncio.run(used_of_both(limiter)) == [(1, 0), (1, 0)]
    end(lease)


async def used_of_both(limiter: MemoryLimiter) -> list[tuple[int, int]]:
    await limiter.reserve(demand((gauge(3, key="other"), 1)))
    return [await used(limiter), await used(limiter, gauge(3, key="other"))]


def test_an_end_after_the_loop_is_gone_sets_no_timer() -> None:
    limiter = MemoryLimiter()
    loop = asyncio.new_event_loop()
    quota = rate(1, 60.0)
    lease = loop.run_until_complete(limiter.reserve(demand((quota, 1))))
    task = loop.create_task(limiter.reserve(demand((quota, 1))))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be
    end(lease)
    assert limiter._timer is None


async def test_in_a_forked_child_nobody_waits_and_everything_is_taken() -> None:
    limiter = MemoryLimiter()
    await limiter.reserve(demand((gauge(2), 2)))
    waiting = asyncio.create_task(limiter.reserve(demand((gauge(2), 1))))
    await soon()
    memory._after_fork()
    assert await used(limiter, gauge(2)) == (2, 0)
    waiting.cancel()
    await soon()
    assert await used(limiter, gauge(2)) == (2, 0)


FORKING = """
import asyncio, os, sys
from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.limits.memory import MemoryLimiter
limiter = MemoryLimiter()
quota = Quota(key="k", kind="rate", unit="requests", amount=2, window_s=0.2)
async def take():
    lease = await limiter.reserve(Demand(account="a", model="m", claims=(Claim(quota, 1),)))
    lease.sent(); lease.settle((1,))
asyncio.run(take())
if os.fork() == 0:
    before = asyncio.run(limiter.standing([quota]))[0].used
    asyncio.run(take())
    print(before, flush=True)
    os._exit(0)
os.wait()
print(asyncio.run(limiter.standing([quota]))[0].used)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")
def test_a_forked_child_starts_with_its_limits_full() -> None:
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["2", "0"]


def test_a_clock_that_is_set_is_read_both_ways() -> None:
    wall, steady = [1000.0], [5.0]
    clock = SteadyWallClock(lambda: wall[0], lambda: steady[0])
    steady[0] += 10.0
    wall[0] += 10.0
    assert (clock.late(), clock.early()) == (1010.0, 1010.0)
    wall[0] += 500.0
    assert (clock.late(), clock.early()) == (1010.0, 1510.0)
    wall[0] -= 1000.0
    assert (clock.late(), clock.early()) == (510.0, 1010.0)


@pytest.mark.parametrize("clocks", [(), ("CLOCK_MONOTONIC",), ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC")])
def test_time_passes_on_every_system(clocks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {"CLOCK_BOOTTIME", "CLOCK_MONOTONIC"}.difference(clocks):
        monkeypatch.delattr(time, name, raising=False)
    clock = SteadyWallClock()
    readings: list[Callable[[], float]] = [clock.late, clock.early]
    assert all(abs(reading() - time.time()) < 1.0 for reading in readings)
