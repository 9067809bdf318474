"""Processes that use one server hold one set of limits; what one of them leaves behind comes back."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from eventually import eventually
from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.errors import BudgetExceededError, ConfigurationError, InvalidRequestError, LimitError
from modelscan.testing.conformance.policy_tests.limiter_made import Quotas, arrived, demand, granted, refusal, used
from modelscan_limiter_redis import RedisLimiter
from modelscan_limiter_redis.leases import RedisLease
from redis_server import RedisServer

Making = Callable[..., RedisLimiter]


@pytest.fixture
async def make(url: str) -> AsyncIterator[Making]:
    """Makes limiters as several processes would, and closes them."""
    made: list[RedisLimiter] = []

    def one(**options: float) -> RedisLimiter:
        made.append(RedisLimiter(url=url, **options))  # type: ignore[arg-type]  # numbers only
        return made[-1]

    yield one
    for limiter in made:
        await limiter.close()


async def crash(limiter: RedisLimiter) -> None:
    """What is left of a process that was killed: nothing is told any more."""
    for task in limiter._courier._tasks:
        task.cancel()
    await asyncio.gather(*limiter._courier._tasks, return_exceptions=True)
    await limiter._courier._wakes.close()
    await limiter._courier.server.close()


async def test_two_processes_hold_one_limit(make: Making) -> None:
    one, other = make(), make()
    gauge = Quotas().gauge(1)
    lease = await granted(one, (gauge, 1))
    await refusal(other, (gauge, 1))
    waiting = asyncio.ensure_future(other.reserve(demand((gauge, 1))))
    await asyncio.sleep(0.1)
    arrived(lease).settle((1,))
    (await asyncio.wait_for(waiting, 2.0)).release()


async def test_a_process_that_waits_hears_of_what_came_back_before_it_listened(make: Making) -> None:
    one, other = make(), make()
    quotas = Quotas()
    gauge = quotas.gauge(1)
    lease = await granted(one, (gauge, 1))
    waiting = asyncio.ensure_future(other.reserve(demand((gauge, 1))))
    await eventually(lambda: other._queue._lines, every_s=0.0001)
    lease.release()
    await asyncio.wait_for(waiting, 1.0)


async def test_what_a_dead_process_held_is_freed_and_what_it_may_have_sent_is_charged(make: Making) -> None:
    dying, other = make(ttl_s=0.3), make()
    quotas = Quotas()
    gauge, rate, budget = quotas.gauge(1), quotas.rate(10, window_s=0.4), quotas.calendar(100, unit="USD")
    lease = await granted(dying, (gauge, 1), (rate, 7), (budget, 60))
    lease.sent()
    await crash(dying)
    began = time.monotonic()
    (await asyncio.wait_for(other.reserve(demand((gauge, 1))), 2.0)).release()
    assert time.monotonic() - began > 0.15, "a lease was freed while its process might still live"
    assert [await used(other, quota) for quota in (gauge, rate, budget)] == [0, 7, 60]
    with pytest.raises(BudgetExceededError):
        await other.reserve(demand((budget, 50)))
    await asyncio.sleep(0.45)
    assert await used(other, rate) == 0, "what a dead process sent doesn't age"


async def test_a_lease_that_was_taken_away_settles_nothing(make: Making) -> None:
    asleep, other = make(ttl_s=0.2), make()
    quotas = Quotas()
    gauge, rate = quotas.gauge(1), quotas.rate(100, window_s=60)
    lease = await granted(asleep, (gauge, 1), (rate, 40))
    lease.sent()
    asleep._courier._tasks[1].cancel()  # it isn't heard of for longer than its leases live
    held = await asyncio.wait_for(other.reserve(demand((gauge, 1))), 2.0)
    lease.arrived()
    lease.settle((1, 90))
    await used(asleep, rate)
    assert await used(other, gauge) == 1, "it gave back a place that isn't its own any more"
    assert await used(other, rate) == 40
    held.release()


async def test_a_process_that_is_heard_of_keeps_its_leases(make: Making) -> None:
    one, other = make(ttl_s=0.3), make(ttl_s=0.3)
    gauge = Quotas().gauge(1)
    lease = await granted(one, (gauge, 1))
    await asyncio.sleep(0.7)
    await refusal(other, (gauge, 1))
    lease.release()


async def test_a_token_outlives_the_process_that_made_it(make: Making) -> None:
    dying, other = make(ttl_s=0.2), make()
    gauge = Quotas().gauge(1)
    lease = await granted(dying, (gauge, 1))
    lease.sent()
    token = lease.detach()
    await used(dying, gauge)
    await crash(dying)
    await asyncio.sleep(0.4)
    await refusal(other, (gauge, 1))
    found = other.attach(token)
    again = other.attach(found.detach())
    again.arrived()
    again.settle((1,))
    assert await used(other, gauge) == 0
    with pytest.raises(RuntimeError):
        found.arrived()
    with pytest.raises(InvalidRequestError):
        other.attach(b"\xc1")


async def test_a_step_out_of_order_is_a_bug(make: Making) -> None:
    limiter = make()
    rate = Quotas().rate(10)
    lease = await granted(limiter, (rate, 1))
    with pytest.raises(RuntimeError):
        lease.arrived()
    arrived(lease)
    with pytest.raises(ValueError):
        lease.settle((1, 2))
    with pytest.raises(ValueError):
        lease.settle((2**53,))
    lease.settle((1,))
    with pytest.raises(RuntimeError):
        lease.release()


async def test_calls_at_once_are_asked_for_together(make: Making, shared_server: RedisServer) -> None:
    limiter = make()
    rate = Quotas().rate(1000, window_s=60)
    await granted(limiter, (rate, 1))
    before = calls_of_the_script(shared_server)
    for lease in await asyncio.gather(*(granted(limiter, (rate, 1)) for _ in range(50))):
        arrived(lease).settle((1,))
    assert await used(limiter, rate) == 51
    assert calls_of_the_script(shared_server) - before <= 6


def calls_of_the_script(server: RedisServer) -> int:
    for line in server.ask("INFO", "commandstats").decode().splitlines():
        if line.startswith("cmdstat_evalsha:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


async def test_a_server_that_forgot_the_script_is_sent_it_again(make: Making, shared_server: RedisServer) -> None:
    limiter = make()
    rate = Quotas().rate(10)
    await granted(limiter, (rate, 1))
    shared_server.ask("SCRIPT", "FLUSH")
    await granted(limiter, (rate, 1))
    assert await used(limiter, rate) == 2


async def test_all_keys_of_an_account_lie_together_and_expire(make: Making, shared_server: RedisServer) -> None:
    limiter = make()
    quotas = Quotas()
    claims = [(quotas.rate(10), 1), (quotas.gauge(10), 1), (quotas.calendar(10, period="year"), 1)]
    lease = await granted(limiter, *claims)
    limiter.pause(quotas.account, 0.01)
    arrived(lease)
    await used(limiter, claims[0][0])
    found = shared_server.ask("KEYS", f"*{quotas.account}*").decode().split("\r\n")[2::2]
    assert len(found) >= 8
    assert {key.partition("{")[2].partition("}")[0] for key in found} == {quotas.account}
    assert [key for key in found if shared_server.ask("PTTL", key).startswith(b":-1")] == []
    lease.settle((1, 1, 1))


async def test_a_long_window_takes_bounded_memory(make: Making, shared_server: RedisServer) -> None:
    limiter = make()
    rate = Quotas().rate(10_000, window_s=60)
    for _ in range(20):
        for lease in await asyncio.gather(*(granted(limiter, (rate, 1)) for _ in range(50))):
            arrived(lease).settle((1,))
            await asyncio.sleep(0)
    assert await used(limiter, rate) == 1000
    (key,) = shared_server.ask("KEYS", f"*d:{rate.account}*").decode().split("\r\n")[2::2]
    assert int(shared_server.ask("ZCARD", key)[1:]) <= 2 * 256 + 2


async def test_a_password_is_never_shown() -> None:
    limiter = RedisLimiter(url="redis://user:canary@127.0.0.1:1/0", on_loss="closed")
    with pytest.raises(LimitError) as caught:
        await granted(limiter, (Quotas().rate(1), 1))
    assert "canary" not in f"{caught.value}{limiter!r}{limiter._courier.server!r}"
    assert "127.0.0.1:1" in f"{caught.value}"
    await limiter.close()


async def test_what_can_t_be_counted_exactly_is_refused(make: Making) -> None:
    limiter = make()
    rate = msgspec.structs.replace(Quotas().rate(1), amount=2**53)
    with pytest.raises(ConfigurationError, match="2\\^53"):
        await limiter.reserve(demand((rate, 1)))
    for options in ({"on_loss": "shut"}, {"ttl_s": 0}):
        with pytest.raises(ConfigurationError):
            RedisLimiter(**options)
    with pytest.raises(LimitError, match="URL"):
        await granted(RedisLimiter(url="amqp://127.0.0.1"), (Quotas().rate(1), 1))


async def test_a_demand_of_nothing_is_granted(make: Making) -> None:
    limiter = make()
    lease = await limiter.reserve(Demand(account="a", model="m"))
    assert isinstance(lease, RedisLease)
    assert lease.pressure == 0
    lease.release()


async def test_a_lease_tells_how_full_its_rates_are(make: Making) -> None:
    limiter = make()
    rate = Quotas().rate(10, window_s=60)
    assert (await granted(limiter, (rate, 4))).pressure == pytest.approx(0.4)
    assert (await granted(limiter, (rate, 4))).pressure == pytest.approx(0.8)


async def test_whoever_watches_hears_once_that_a_quota_is_nearly_used_up(url: str) -> None:
    heard: list[tuple[str, int]] = []
    limiter = RedisLimiter(url=url, watch=lambda quota, amount: heard.append((quota.key, amount)))
    gauge = Quotas().gauge(10)
    (await granted(limiter, (gauge, 7))).release()
    nearly = await granted(limiter, (gauge, 8))
    await granted(limiter, (gauge, 1))
    nearly.release()
    await used(limiter, gauge)
    await granted(limiter, (gauge, 8))
    await asyncio.sleep(0)
    assert heard == [(gauge.key, 8), (gauge.key, 9)]
    await limiter.close()


async def test_a_lease_across_a_reset_counts_on_both_sides(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    length_us = 400_000

    def period(quota: Quota, at_s: float) -> tuple[int, int]:
        begin = int(at_s * 1e6) // length_us * length_us
        return (begin, begin + length_us) if quota.kind == "calendar" else (0, 0)

    monkeypatch.setattr("modelscan_limiter_redis.domains.period_us", period)
    limiter = make()
    quota = msgspec.structs.replace(Quotas().calendar(10, period="year"), key=f"{time.monotonic()}")
    await used(limiter, quota)
    await eventually(lambda: (limiter._courier.server.time_s * 1e6) % length_us < 0.2 * length_us)
    across = arrived(await granted(limiter, (quota, 4)))
    arrived(await granted(limiter, (quota, 6))).settle((6,))
    await refusal(limiter, (quota, 1))
    began = time.monotonic()
    assert 0 < await limiter.wait_time(demand((quota, 1))) <= 0.4
    (await asyncio.wait_for(limiter.reserve(demand((quota, 6))), 1.0)).release()
    assert time.monotonic() - began > 0.2
    assert await used(limiter, quota) == 4
    across.settle((3,))
    assert await used(limiter, quota) == 3


async def test_a_process_whose_clock_is_wrong_reckons_by_the_server_s(make: Making) -> None:
    limiter = make()
    quota = Quotas().calendar(10, period="year")
    await granted(limiter, (quota, 1))
    limiter._courier.server._ahead_s += 3 * 366 * 86400
    await granted(limiter, (quota, 1))
    assert await used(limiter, quota) == 2


async def test_a_forked_process_is_another_holder(make: Making) -> None:
    limiter = make()
    gauge = Quotas().gauge(2)
    await granted(limiter, (gauge, 1))
    parent = limiter._courier
    limiter.forked()
    assert limiter._courier.holder != parent.holder
    await granted(limiter, (gauge, 1))
    await refusal(limiter, (gauge, 1))
    for task in parent._tasks:
        task.cancel()
    await parent.server.close()


async def test_whoever_waits_when_the_limiter_closes_is_refused(make: Making) -> None:
    limiter = make()
    gauge = Quotas().gauge(1)
    await granted(limiter, (gauge, 1))
    waiting = asyncio.ensure_future(limiter.reserve(demand((gauge, 1))))
    await asyncio.sleep(0.05)
    await limiter.close()
    await limiter.close()
    with pytest.raises(LimitError, match="closed"):
        await waiting
    for asked in (
        limiter.reserve(demand((gauge, 1))),
        limiter.standing([gauge]),
        limiter.wait_time(demand((gauge, 1))),
    ):
        with pytest.raises(LimitError, match="closed"):
            await asked


async def test_a_gate_that_was_shut_before_anybody_came_is_shut_for_all(make: Making) -> None:
    one, other = make(), make()
    rate = Quotas().rate(10)
    one.pause(rate.account, 0.3)
    await refusal(one, (rate, 1))
    await refusal(other, (rate, 1))
    await asyncio.wait_for(other.reserve(demand((rate, 1))), 1.0)


async def test_a_call_cancelled_on_its_way_leaves_nothing_taken(make: Making) -> None:
    limiter = make()
    quotas, others = Quotas(), Quotas()
    rate, elsewhere = quotas.rate(100, window_s=60), others.rate(100, window_s=60)
    for steps in range(12):
        asking = asyncio.ensure_future(limiter.reserve(demand((rate, 1), (elsewhere, 1))))
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        for found in await asyncio.gather(asking, return_exceptions=True):
            if isinstance(found, RedisLease):
                found.release()
    await asyncio.sleep(0.05)
    assert [await used(limiter, quota) for quota in (rate, elsewhere)] == [0, 0]


async def test_a_line_of_many_asks_for_one_at_a_time(make: Making, shared_server: RedisServer) -> None:
    limiter = make()
    gauge = Quotas().gauge(1)
    held = await granted(limiter, (gauge, 1))
    waiting = [asyncio.ensure_future(limiter.reserve(demand((gauge, 1)))) for _ in range(200)]
    await asyncio.sleep(0.1)
    before = calls_of_the_script(shared_server)
    await asyncio.sleep(0.2)
    assert calls_of_the_script(shared_server) - before <= 2, "those who wait ask again and again"
    (standing,) = await limiter.standing([gauge])
    assert standing.waiting == 200
    held.release()
    (await waiting[0]).release()
    (await waiting[1]).release()
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    claim = Claim(gauge, 1)
    await asyncio.wait_for(limiter.reserve(Demand(account=gauge.account, model="m", claims=(claim,))), 1.0)


async def test_whoever_waits_for_a_budget_holds_up_nobody_else(make: Making) -> None:
    limiter = make()
    quotas, mine, yours = Quotas(), Quotas(), Quotas()
    rate = quotas.rate(100, window_s=60)
    budget, another = mine.calendar(10, unit="USD"), yours.calendar(10, unit="USD")
    first = arrived(await granted(limiter, (rate, 1), (budget, 9)))
    order: list[int] = []

    async def call(number: int) -> None:
        lease = await limiter.reserve(demand((rate, 1), (budget, 4)))
        order.append(number)
        arrived(lease).settle((1, 2))

    waiting = [asyncio.ensure_future(call(number)) for number in range(6)]
    quitting = asyncio.ensure_future(limiter.reserve(demand((rate, 1), (budget, 4))))
    await asyncio.sleep(0.05)
    (await asyncio.wait_for(limiter.reserve(demand((rate, 1), (another, 9))), 1.0)).release()
    (standing,) = await limiter.standing([budget])
    assert standing.waiting == 28
    quitting.cancel()
    first.settle((1, 0))
    results = await asyncio.wait_for(asyncio.gather(*waiting, quitting, return_exceptions=True), 3.0)
    assert order == [0, 1, 2, 3]
    assert [type(each) for each in results[4:]] == [BudgetExceededError, BudgetExceededError, asyncio.CancelledError]


async def test_a_large_call_of_one_process_isn_t_kept_waiting_by_small_ones_of_another(make: Making) -> None:
    one, other = make(), make()
    gauge = Quotas().gauge(10)
    is_over = asyncio.Event()
    luck = random.Random(3)

    async def small() -> None:
        while not is_over.is_set():
            lease = await one.reserve(demand((gauge, 1)))
            await asyncio.sleep(luck.uniform(0.02, 0.2))
            arrived(lease).settle((1,))

    flood = [asyncio.ensure_future(small()) for _ in range(30)]
    await asyncio.sleep(0.1)
    large = await asyncio.wait_for(other.reserve(demand((gauge, 9))), 15.0)
    large.release()
    quitting = asyncio.ensure_future(other.reserve(demand((gauge, 10))))
    await asyncio.sleep(0.02)
    quitting.cancel()
    is_over.set()
    await asyncio.wait_for(asyncio.gather(*flood), 15.0)
    assert await used(one, gauge) == 0
    await granted(one, (gauge, 10))


async def test_a_provider_s_lower_count_frees_what_it_counted_before(make: Making) -> None:
    limiter = make()
    rate = Quotas().rate(10, window_s=60)
    limiter.observe(rate, 9, None)
    await refusal(limiter, (rate, 2))
    assert 50 < await limiter.wait_time(demand((rate, 2))) <= 60.1
    waiting = asyncio.ensure_future(limiter.reserve(demand((rate, 2))))
    await asyncio.sleep(0.05)
    limiter.observe(rate, 1, None)
    (await asyncio.wait_for(waiting, 1.0)).release()
    gauge, quota = Quotas().gauge(10), Quotas().calendar(10)
    limiter.observe(gauge, 9, 0.2)
    limiter.observe(quota, 9, 0.2)
    assert 0 < await limiter.wait_time(demand((gauge, 2))) <= 0.2
    assert await limiter.wait_time(demand((quota, 2))) == float("inf")
    (await asyncio.wait_for(limiter.reserve(demand((gauge, 2))), 1.0)).release()
