"""What the limiter itself costs: reserve and settle beside the least that could hold three limits, and long queues.

Rounds alternate and a figure is the best round, since noise only ever adds. The package `limits` from the index is
measured in the same run where its folder is given: `limits.py FOLDER`, made with `pip install --target FOLDER limits`.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import sys
import time
import tracemalloc
from collections import deque
from collections.abc import Callable
from math import inf

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.limits.engine import Engine
from modelscan.limits.lease import CountedLease
from modelscan.limits.memory import MemoryLimiter
from modelscan.limits.queue import Waiter

CALLS = 20_000
ROUNDS = 7
QUOTAS = (
    Quota(key="requests", kind="rate", unit="requests", amount=10**9, window_s=60),
    Quota(key="tokens", kind="rate", unit="tokens", amount=10**12, window_s=60),
    Quota(key="concurrent", kind="gauge", unit="concurrent", amount=1000),
)
DEMAND = Demand(
    account="a/default", model="m", claims=tuple(Claim(*each) for each in zip(QUOTAS, (1, 900, 1), strict=True))
)
WORTHS = (1, 700, 1)
ONE = Quota(key="one", kind="gauge", unit="concurrent", amount=1)
SIZES = (1_000, 100_000)


class _Floor:
    """Three logs, each with a sum: what nobody can do without who counts at all. It knows no line, life or clock."""

    def __init__(self) -> None:
        self._logs: list[tuple[deque[list[float]], list[float]]] = [(deque(), [0.0, inf]) for _ in QUOTAS]

    def reserve(self, now: float) -> list[list[float]] | None:
        for (log, total), claim in zip(self._logs, DEMAND.claims, strict=True):
            while log and log[0][0] < now - 60:
                total[0] -= log.popleft()[1]
            if total[0] + claim.amount > total[1]:
                return None
        entries = []
        for (log, total), claim in zip(self._logs, DEMAND.claims, strict=True):
            entries.append(entry := [now, claim.amount])
            log.append(entry)
            total[0] += claim.amount
        return entries

    def settle(self, entries: list[list[float]]) -> None:
        for (_, total), entry, worth in zip(self._logs, entries, WORTHS, strict=True):
            total[0] += worth - entry[1]
            entry[1] = worth


def _floor() -> float:
    floor = _Floor()
    started = time.perf_counter()
    for _ in range(CALLS):
        entries = floor.reserve(time.monotonic())
        assert entries is not None
        floor.settle(entries)
    return (time.perf_counter() - started) / CALLS


def _engine() -> float:
    engine = Engine()
    started = time.perf_counter()
    for _ in range(CALLS):
        lease = engine.try_now(DEMAND, engine.clock())
        assert lease is not None
        lease.sent()
        lease.arrived()
        lease.settle(WORTHS)
    return (time.perf_counter() - started) / CALLS


def _limiter() -> float:
    async def calls() -> float:
        limiter = MemoryLimiter()
        started = time.perf_counter()
        for _ in range(CALLS):
            lease = await limiter.reserve(DEMAND)
            lease.sent()
            lease.arrived()
            lease.settle(WORTHS)
        return (time.perf_counter() - started) / CALLS

    return asyncio.run(calls())


def _moving_window(folder: str) -> Callable[[], float]:
    """One hit of one limit of the package `limits`."""
    sys.path.insert(0, folder)
    limits = importlib.import_module("limits")
    strategies = importlib.import_module("limits.strategies")
    storage = importlib.import_module("limits.storage")

    def hits() -> float:
        limiter = strategies.MovingWindowRateLimiter(storage.MemoryStorage())
        item = limits.RateLimitItemPerMinute(10**9)
        started = time.perf_counter()
        for _ in range(CALLS):
            assert limiter.hit(item, "key")
        return (time.perf_counter() - started) / CALLS

    return hits


class _Queue:
    """One call under way, and as many waiters behind it as asked for."""

    def __init__(self, waiters: int, tenants: int) -> None:
        self.engine = Engine(longest_wait_s=1e6)
        self.leases: deque[CountedLease] = deque()
        self.waiters: list[Waiter] = []
        for number in range(waiters):
            demand = Demand(account="a", model="m", claims=(Claim(ONE, 1),), tenant=f"{number % tenants}")
            lease = self.engine.try_now(demand, self.engine.clock())
            if lease is not None:
                self.leases.append(lease)
                continue
            waiter = self.engine.enqueue(demand, self.engine.clock(), self._granted)
            assert waiter is not None
            self.waiters.append(waiter)

    def _granted(self, outcome: CountedLease | Exception) -> None:
        assert isinstance(outcome, CountedLease)
        self.leases.append(outcome)

    def wakes(self, count: int) -> float:
        """Seconds for the end of one call and the grant to the next, with the timer looked at."""
        started = time.perf_counter()
        for _ in range(count):
            lease = self.leases.popleft()
            lease.sent()
            lease.settle((1,))
            self.engine.lines.wake_at(self.engine.clock())
        return (time.perf_counter() - started) / count

    def cancels(self, count: int) -> float:
        """Seconds for a waiter in the middle to leave, with the timer looked at."""
        middle = len(self.waiters) // 2
        leaving = self.waiters[middle - count : middle + count : 2]
        started = time.perf_counter()
        for waiter in leaving:
            self.engine.lines.leave(waiter, self.engine.clock())
            self.engine.lines.wake_at(self.engine.clock())
        return (time.perf_counter() - started) / len(leaving)


def _queues() -> list[str]:
    lines = [f"{'waiters':>9} {'tenants':>9} {'us a wake':>10} {'us a cancel':>12} {'bytes a waiter':>15}"]
    for size in SIZES:
        for tenants in (1, 10, size):
            gc.collect()
            tracemalloc.start()
            queue = _Queue(size, tenants)
            size_b = tracemalloc.get_traced_memory()[0] / size
            tracemalloc.stop()
            gc.collect()
            gc.disable()
            cancel, wake = 1e6 * queue.cancels(300), 1e6 * queue.wakes(300)
            gc.enable()
            lines.append(f"{size:9,} {tenants:9,} {wake:10.1f} {cancel:12.1f} {size_b:15.0f}")
    return lines


def main(folder: str = "") -> None:
    runs = {"floor": _floor, "engine": _engine, "limiter": _limiter}
    if folder:
        runs["limits, one hit"] = _moving_window(folder)
    best = dict.fromkeys(runs, inf)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            best[name] = min(best[name], run())
    lines = [f"{'reserve + settle over 3 limits':32} {'us':>6} {'x floor':>8}  gate"]
    gates = {"engine": "4 x the floor, below one hit", "limiter": ""}
    lines += [f"{name:32} {1e6 * s:6.2f} {s / best['floor']:8.2f}  {gates.get(name, '')}" for name, s in best.items()]
    if not folder:
        lines.append("left out: the package limits (give its folder)")
    sys.stdout.write("\n".join([*lines, "", *_queues()]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
