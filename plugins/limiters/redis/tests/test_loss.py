"""The server is lost: each policy does what it says, and what was granted meanwhile is told when the server is back."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from eventually import eventually
from modelscan.contracts.limiter import Lease, Limiter, Quota
from modelscan.errors import BudgetExceededError, LimitError, LimitExceededError
from modelscan.testing.conformance.policy_tests.limiter_made import Quotas, arrived, demand, granted, refusal, used
from modelscan_limiter_redis import RedisLimiter
from modelscan_limiter_redis.server import Server, ServerLostError
from redis_server import RedisServer

Making = Callable[..., RedisLimiter]


@pytest.fixture
async def make(own_server: RedisServer) -> AsyncIterator[Making]:
    """Makes limiters as several processes would, and closes them."""
    made: list[RedisLimiter] = []

    def one(**options: Any) -> RedisLimiter:  # the limiter's options
        made.append(RedisLimiter(url=own_server.url, **options))
        return made[-1]

    yield one
    for limiter in made:
        await limiter.close()


async def back(limiter: RedisLimiter) -> None:
    """Wait until a limiter has found the server again."""
    await eventually(lambda: limiter._absence is None)


async def known(*limiters: Limiter, quotas: Quotas) -> None:
    """Let each of them see how many there are."""
    for _ in range(2):
        for limiter in limiters:
            await used(limiter, quotas.gauge(4))


async def test_closed_refuses_every_call_and_says_why(make: Making, own_server: RedisServer) -> None:
    limiter = make(on_loss="closed")
    rate = Quotas().rate(10)
    await granted(limiter, (rate, 1))
    own_server.stop()
    with pytest.raises(LimitError, match="shared limits can't be asked"):
        await limiter.reserve(demand((rate, 1)))
    assert await limiter.wait_time(demand((rate, 1))) == float("inf")
    assert [standing.used for standing in await limiter.standing([rate])] == [0]
    own_server.start()
    await back(limiter)
    await granted(limiter, (rate, 1))


async def test_open_lets_every_call_through_and_tells_of_it_later(make: Making, own_server: RedisServer) -> None:
    limiter = make(on_loss="open")
    quotas = Quotas()
    rate, gauge = quotas.rate(10, window_s=60), quotas.gauge(1)
    own_server.stop()
    done = arrived(await granted(limiter, (rate, 9), (gauge, 1)))
    done.settle((7, 1))
    under_way = await granted(limiter, (rate, 9), (gauge, 1))
    under_way.sent()
    assert [standing.used for standing in await limiter.standing([rate])] == [0]
    own_server.start()
    await back(limiter)
    assert [await used(limiter, quota) for quota in (rate, gauge)] == [16, 1]
    under_way.arrived()
    under_way.settle((2, 1))
    assert [await used(limiter, quota) for quota in (rate, gauge)] == [9, 0]


async def test_share_keeps_to_one_part_in_as_many_as_there_are(
    make: Making, own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    quotas = Quotas()
    one, other = make(), make()
    rate, gauge = quotas.rate(8, window_s=60), quotas.gauge(4)
    await known(one, other, quotas=quotas)
    own_server.stop()
    with caplog.at_level(logging.WARNING, "modelscan"):
        for limiter in (one, other):
            for _ in range(2):
                await granted(limiter, (rate, 2), (gauge, 1))
            await refusal(limiter, (rate, 1))
            await refusal(limiter, (gauge, 1))
    assert "each process keeps to its share" in caplog.text
    with pytest.raises(LimitExceededError):
        await one.reserve(demand((rate, 5)))
    own_server.start()
    await back(one)
    await back(other)
    assert [await used(one, quota) for quota in (rate, gauge)] == [8, 4]


async def test_share_counts_what_was_taken_before(make: Making, own_server: RedisServer) -> None:
    quotas = Quotas()
    one, other = make(), make()
    await known(one, other, quotas=quotas)
    rate, budget, gauge = quotas.rate(20, window_s=0.5), quotas.calendar(100, unit="USD"), quotas.gauge(4)
    arrived(await granted(other, (rate, 4), (budget, 40))).settle((4, 40))
    mine = await granted(one, (rate, 6), (budget, 10), (gauge, 1))
    mine.sent()
    own_server.stop()
    await refusal(one, (rate, 3))
    await granted(one, (rate, 2))
    with pytest.raises(BudgetExceededError):
        await one.reserve(demand((budget, 51)))
    await refusal(one, (budget, 21))
    await refusal(one, (gauge, 2))
    mine.arrived()
    mine.settle((1, 20, 1))
    await granted(one, (gauge, 2))
    (await asyncio.wait_for(one.reserve(demand((rate, 8))), 3.0)).release()
    assert await one.wait_time(demand((budget, 1))) == 0
    assert await one.wait_time(demand((budget, 25))) > 0


async def test_whoever_waits_goes_on_when_the_server_is_back(make: Making, own_server: RedisServer) -> None:
    quotas = Quotas()
    one, other = make(), make()
    await known(one, other, quotas=quotas)
    rate = quotas.rate(2, window_s=60)
    before = asyncio.ensure_future(one.reserve(demand((quotas.gauge(4), 4))))
    (await before).release()
    held = await granted(one, (quotas.gauge(4), 4))
    waiting = asyncio.ensure_future(one.reserve(demand((quotas.gauge(4), 1))))
    await asyncio.sleep(0.05)
    own_server.stop()
    arrived(await granted(one, (rate, 1))).settle((1,))
    later = asyncio.ensure_future(one.reserve(demand((rate, 1))))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    assert not later.done()
    held.release()
    own_server.start()
    await back(one)
    for lease in await asyncio.wait_for(asyncio.gather(waiting, later), 10.0):  # the other's share is kept for 4 s
        lease.release()


async def test_a_server_that_lost_its_memory_is_told_what_it_should_know(make: Making, own_server: RedisServer) -> None:
    quotas = Quotas()
    limiter = make()
    rate, gauge, budget = quotas.rate(10, window_s=60), quotas.gauge(3), quotas.calendar(100, unit="USD")
    lease = arrived(await granted(limiter, (rate, 4), (gauge, 2), (budget, 30)))
    arrived(await granted(limiter, (rate, 3), (budget, 20))).settle((3, 20))
    assert [await used(limiter, quota) for quota in (rate, gauge, budget)] == [7, 2, 50]
    own_server.stop()
    own_server.start()
    assert [await used(limiter, quota) for quota in (rate, gauge, budget)] == [7, 2, 50]
    lease.settle((1, 2, 10))
    assert [await used(limiter, quota) for quota in (rate, gauge, budget)] == [4, 0, 30]


async def test_without_having_ever_seen_the_server_a_share_is_nothing(
    make: Making, own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = make()
    own_server.stop()
    with caplog.at_level(logging.WARNING, "modelscan"), pytest.raises(LimitError, match="can't be asked"):
        await limiter.reserve(demand((Quotas().rate(1), 1)))
    assert "every call is refused" in caplog.text


async def test_every_end_of_a_lease_is_known_without_the_server(make: Making, own_server: RedisServer) -> None:
    quotas = Quotas()
    limiter = make()
    gauge, rate = quotas.gauge(4), quotas.rate(100, window_s=60)
    await known(limiter, quotas=quotas)
    earlier = [await granted(limiter, (rate, 1)) for _ in range(2)]
    own_server.stop()
    (await granted(limiter, (gauge, 1), (rate, 5))).release()
    forfeited = await granted(limiter, (gauge, 1), (rate, 5))
    forfeited.sent()
    forfeited.forfeit("bound")
    carried = await granted(limiter, (gauge, 1), (rate, 5))
    carried.sent()
    carried.arrived()
    token = carried.detach()
    earlier[0].release()
    earlier[1].sent()
    earlier[1].forfeit("bound")
    limiter.observe(rate, 50, 30.0)
    assert (await granted(limiter, (quotas.calendar(9), 1))).pressure == 0
    limiter.pause(quotas.account, 0.05)
    await refusal(limiter, (quotas.calendar(9), 1))
    own_server.start()
    await back(limiter)
    assert await used(limiter, gauge) == 1
    limiter.attach(token).settle((1, 2))
    assert await used(limiter, gauge) == 0
    assert await used(limiter, rate) >= 50


async def test_a_limiter_is_closed_without_the_server(make: Making, own_server: RedisServer) -> None:
    limiter = make()
    gauge = Quotas().gauge(1)
    await granted(limiter, (gauge, 1))
    own_server.stop()
    waiting = asyncio.ensure_future(limiter.reserve(demand((gauge, 1))))
    await asyncio.sleep(0.3)
    await asyncio.wait_for(limiter.close(), 3.0)
    with pytest.raises(LimitError):
        await waiting


async def test_a_batch_whose_answer_was_lost_is_done_once(
    make: Making, own_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = make()
    quotas = Quotas()
    rate, gauge = quotas.rate(10, window_s=60), quotas.gauge(10)
    lease = arrived(await granted(limiter, (rate, 3), (gauge, 1)))
    run, lost = Server.run, [True]

    async def loses_the_answer(server: Server, steps: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        answers = await run(server, steps)
        if lost.pop():
            raise ServerLostError("the answer was lost")
        return answers

    monkeypatch.setattr(Server, "run", loses_the_answer)
    lost[:] = [False, True]
    lease.settle((2, 1))
    await granted(limiter, (rate, 4), (gauge, 1))
    monkeypatch.undo()
    assert [await used(limiter, quota) for quota in (rate, gauge)] == [6, 1]


async def persistent(limiter: Limiter, *claims: tuple[Quota, int]) -> Lease:
    """The lease of whoever asks again where the server can't be reached just then."""
    while True:
        try:
            return await limiter.reserve(demand(*claims))
        except LimitError:
            await asyncio.sleep(0.05)


async def test_a_connection_that_was_cut_is_made_again(make: Making, own_server: RedisServer) -> None:
    one, other = make(), make()
    gauge = Quotas().gauge(1)
    lease = await granted(one, (gauge, 1))
    waiting = asyncio.ensure_future(persistent(other, (gauge, 1)))
    await asyncio.sleep(0.05)
    for kind in ("normal", "pubsub"):
        own_server.ask("CLIENT", "KILL", "TYPE", kind)
    await asyncio.sleep(0.7)
    arrived(lease).settle((1,))
    (await asyncio.wait_for(waiting, 2.0)).release()
    assert one._absence is None


async def test_a_server_that_hangs_is_lost(make: Making, own_server: RedisServer) -> None:
    limiter = make(on_loss="open")
    gauge = Quotas().gauge(1)
    await granted(limiter, (gauge, 1))
    limiter._courier.server._timeout_s = 0.2
    own_server.signal(signal.SIGSTOP)
    began = asyncio.get_running_loop().time()
    late = msgspec.structs.replace(demand((gauge, 1)), deadline=began + 0.1)
    with pytest.raises(LimitExceededError):
        await limiter.reserve(late)
    (await asyncio.wait_for(limiter.reserve(demand((gauge, 1))), 3.0)).release()
    own_server.signal(signal.SIGCONT)
    await back(limiter)
    assert await used(limiter, gauge) == 1


async def test_a_domain_in_which_nothing_happens_is_forgotten(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan_limiter_redis.courier._FORGOTTEN_S", 0.1)
    limiter = make(ttl_s=0.3)
    one, other = Quotas().gauge(1), Quotas().gauge(1)
    for gauge in (one, other):
        lease = await granted(limiter, (gauge, 1))
        waiting = asyncio.ensure_future(limiter.reserve(demand((gauge, 1))))
        await asyncio.sleep(0.02)
        lease.release()
        (await asyncio.wait_for(waiting, 2.0)).release()
    await eventually(lambda: not limiter._courier.domains)
    await eventually(lambda: not limiter._courier._wakes._gone)
    await granted(limiter, (one, 1))


async def test_questions_on_their_way_are_answered_without_the_server(make: Making, own_server: RedisServer) -> None:
    quotas = Quotas()
    limiter, other = make(), make()
    gauge, budget = quotas.gauge(4), quotas.calendar(100, unit="USD")
    await known(limiter, other, quotas=quotas)
    arrived(await granted(limiter, (budget, 10))).settle((10,))
    await used(limiter, budget)
    own_server.stop()
    assert await limiter.wait_time(demand((gauge, 1))) == 0
    own_server.start()
    await back(limiter)
    own_server.stop()
    assert [standing.used for standing in await limiter.standing([gauge])] == [0]
    arrived(await granted(limiter, (budget, 45))).settle((45,))
    with pytest.raises(BudgetExceededError):
        await limiter.reserve(demand((budget, 1)))


async def test_what_is_asked_while_the_last_batch_is_lost_is_answered_too(
    make: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = make(on_loss="open")
    gauge = Quotas().gauge(4)
    await granted(limiter, (gauge, 1))
    goes_down = asyncio.Event()

    async def breaks(_: Server, steps: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        await goes_down.wait()
        raise ServerLostError(f"{len(steps)} batches are lost")

    monkeypatch.setattr(Server, "run", breaks)
    reserving = asyncio.ensure_future(limiter.reserve(demand((gauge, 1))))
    await asyncio.sleep(0.02)
    asked = asyncio.ensure_future(limiter.standing([gauge]))
    more = asyncio.ensure_future(limiter.reserve(demand((gauge, 4))))
    await asyncio.sleep(0.02)
    goes_down.set()
    await asyncio.wait_for(asyncio.gather(reserving, asked, more), 2.0)
    monkeypatch.undo()


async def test_an_answer_that_nobody_can_read_is_a_loss(make: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = make(on_loss="closed")
    gauge = Quotas().gauge(4)
    await granted(limiter, (gauge, 1))

    async def babbles(_: Server, steps: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return [b"\xc1" for _ in steps]

    monkeypatch.setattr(Server, "run", babbles)
    with pytest.raises(LimitError, match="can't be read"):
        await limiter.reserve(demand((gauge, 1)))
    monkeypatch.undo()
    await back(limiter)
    await granted(limiter, (gauge, 1))


async def test_whoever_stands_aside_for_a_budget_hears_of_a_loss_and_of_the_end(
    make: Making, own_server: RedisServer
) -> None:
    limiter = make(on_loss="open")
    budget = Quotas().calendar(10, unit="USD")
    first = await granted(limiter, (budget, 9))
    waiting = asyncio.ensure_future(limiter.reserve(demand((budget, 5))))
    await asyncio.sleep(0.05)
    own_server.stop()
    first.release()
    (await asyncio.wait_for(waiting, 2.0)).release()
    own_server.start()
    await back(limiter)
    await granted(limiter, (budget, 9))
    waiting = asyncio.ensure_future(limiter.reserve(demand((budget, 5))))
    await asyncio.sleep(0.05)
    await limiter.close()
    with pytest.raises(LimitError, match="closed"):
        await waiting
