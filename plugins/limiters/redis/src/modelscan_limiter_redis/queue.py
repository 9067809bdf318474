"""Demands on their way to a lease: who asks the server, who waits, and what an answer means for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from math import inf
from typing import Final

from modelscan.contracts.limiter import Claim, Demand
from modelscan.errors import ConfigurationError
from modelscan_limiter_redis.courier import Courier
from modelscan_limiter_redis.domains import Domain
from modelscan_limiter_redis.leases import RedisLease
from modelscan_limiter_redis.lines import WIDEST, Line, LineKey, Part, Waiter
from modelscan_limiter_redis.operations import Answer, Ask, AwayError, GiveWay, Step
from modelscan_limiter_redis.parking import Parking
from modelscan_limiter_redis.refusals import beyond, broke, never, too_late
from modelscan_limiter_redis.server import EXACT_BELOW

_SOON_S: Final = 0.001
_ASKS_AGAIN_S: Final = 5.0  # who goes before all others, before the server forgets that it does
_IS_GRANTED: Final = 1

Granted = Callable[[Waiter], RedisLease]


class Queue:
    """The lines of this process. `granted` makes a lease of what the server has granted."""

    def __init__(self, courier: Callable[[], Courier], granted: Granted, longest_wait_s: float) -> None:
        self._courier = courier
        self._granted = granted
        self._longest_wait_s = longest_wait_s
        self._numbers = count(1)
        self._lines: dict[LineKey, Line] = {}
        self._ready: dict[Line, None] = {}
        self._opened = 0
        self._parking = Parking(self._unpark)

    async def lease(self, demand: Demand) -> RedisLease:
        """A lease from the server, after as long a wait as need be. Raises `AwayError` where it can't be asked."""
        loop = asyncio.get_running_loop()
        waiter = Waiter(demand, self.parts(demand), self.number(), loop.create_future())
        if not waiter.parts:
            return self._granted(waiter)
        line = self._line(demand, waiter.parts)
        is_first = line.add(waiter)
        if line.is_blocked and not is_first and not demand.may_wait:
            line.drop(waiter)
            raise too_late(demand, line.wait_s)
        if demand.deadline is not None and demand.deadline > loop.time():
            waiter.timer = loop.call_at(demand.deadline, self._is_late, waiter, line)
        if not line.is_blocked or is_first:
            self._ready[line] = None
            self._courier().wake()
        try:
            return await waiter.future
        except asyncio.CancelledError:
            self._abandon(waiter, line)
            raise

    def number(self) -> int:
        """A number that no lease of this process has had."""
        return next(self._numbers)

    def parts(self, demand: Demand) -> list[Part]:
        """What is to be asked of which domain, in the order in which everybody asks."""
        places: dict[str, list[int]] = {demand.account: []} if demand.gates else {}
        for place, claim in enumerate(demand.claims):
            checked(demand, claim)
            places.setdefault(claim.quota.account, []).append(place)
        found: list[Part] = []
        for account in sorted(places) if len(places) > 1 else places:
            mine = tuple(places[account])
            claims = demand.claims if len(mine) == len(demand.claims) else tuple(demand.claims[each] for each in mine)
            gates = demand.gates if account == demand.account else ()
            found.append(Part(self._courier().domain(account), claims, gates, mine))
        return found

    def waiting(self, key: str) -> int:
        """How much of a quota those who wait in this process have asked for."""
        in_line = [waiter for line in self._lines.values() for waiter in line.everybody()]
        demands = [waiter.demand for waiter in (*in_line, *self._parking.everybody())]
        return sum(claim.amount for demand in demands for claim in demand.claims if claim.quota.key == key)

    def prepare(self) -> None:
        """Let those ask whose turn it is."""
        ready, self._ready = self._ready, {}
        for line in ready:
            if line.asking:  # it asks again when it has its answers: something came back meanwhile
                self._ready[line] = None
            if line.asking or not line.size:
                continue
            waiters = line.take(line.width)
            line.asking = len(waiters)
            for waiter in waiters:
                waiter.parts[0].domain.operations.append(Ask(waiter, line, self))

    def came_back(self, domain: Domain, keys: Sequence[str] | None = None) -> None:
        """Something may have come back of these quotas (None: of any): the first of each line asks again."""
        for line in domain.lines:
            if keys is None or not line.keys.isdisjoint(keys):
                self._ready[line] = None
        self._parking.came_back(keys)
        if self._ready:
            self._courier().wake()

    def refuse_all(self, error: Callable[[], Exception]) -> None:
        """Nobody who waits is answered by the server any more."""
        lines, self._lines, self._ready = self._lines, {}, {}
        for line in lines.values():
            line.close()
            for waiter in (*line.everybody(), *line.refused):
                _fail(waiter, error())
            line.refused = []
        for waiter in self._parking.everybody():
            _fail(waiter, error())
        self._parking.clear()

    # --- Answers -----------------------------------------------------------------------------------------------------

    def answered(self, ask: Ask, answer: Answer) -> None:
        waiter, line = ask.waiter, ask.line
        if answer == _IS_GRANTED:
            waiter.granted += 1
            if not waiter.is_over and waiter.granted < len(waiter.parts):
                self._courier().tell(waiter.parts[waiter.granted].domain, Ask(waiter, line, self))
                return
            if waiter.is_over or waiter.future.done():
                self._give_back(waiter)
            else:
                waiter.end()
                waiter.future.set_result(self._granted(waiter))
            self._parking.passed(waiter)
        else:
            claims = waiter.parts[waiter.granted].claims
            self._give_back(waiter)
            if not waiter.is_over:
                self._refused(waiter, line, claims, answer)
        line.asking -= 1
        if not line.asking:
            self._go_on(line)

    def unanswered(self, ask: Ask) -> None:
        """It may have been granted: should it have been, it is given back when the server is there again."""
        ask.waiter.granted += 1
        self._give_back(ask.waiter)
        _fail(ask.waiter, AwayError())

    def _refused(self, waiter: Waiter, line: Line, claims: Sequence[Claim], answer: tuple[str, int, int, int]) -> None:
        why, place, wait_us, least_us = answer
        demand = waiter.demand
        if why == "budget":
            _fail(waiter, broke(demand, claims[place], wait_us))
        elif why == "never":
            _fail(waiter, never(demand, claims[place].quota))
        elif why == "stale" or (why == "behind" and not line.refused):
            self._keep(waiter, line, 0.0)  # it wasn't looked at: it is asked about once more
        else:
            wait_s = line.wait_s if why == "behind" else wait_us / 1e6
            now = asyncio.get_running_loop().time()
            until = min(inf if demand.deadline is None else demand.deadline, now + self._longest_wait_s)
            if not demand.may_wait or until < now + least_us / 1e6 or until <= now:
                _fail(waiter, too_late(demand, wait_s, claims[place].quota if place >= 0 else None))
            elif why == "short":
                self._parking.park(waiter, claims[place].quota.key, wait_s)
                self._arm(waiter, line)
                self._courier().listen([part.domain for part in waiter.parts])
            else:
                waiter.refusals += why == "wait"
                self._keep(waiter, line, min(wait_s, _ASKS_AGAIN_S) if waiter.is_overtaken else wait_s)
        if waiter.is_over:
            self._parking.passed(waiter)

    def _keep(self, waiter: Waiter, line: Line, wait_s: float) -> None:
        if not line.refused:
            line.wait_s = wait_s
        line.refused.append(waiter)
        self._arm(waiter, line)

    def _arm(self, waiter: Waiter, line: Line) -> None:
        if waiter.timer is None:
            waiter.timer = asyncio.get_running_loop().call_later(self._longest_wait_s, self._is_late, waiter, line)

    def _go_on(self, line: Line) -> None:
        """A line has all its answers: whoever was refused keeps their place."""
        refused, line.refused = [each for each in line.refused if not each.is_over], []
        line.put_back(refused)
        line.width = 1 if refused else min(2 * line.width, WIDEST)
        if refused and line.wait_s > 0:
            line.hold(asyncio.get_running_loop().call_later(max(_SOON_S, line.wait_s), self._ask_again, line))
            self._courier().listen(line.domains)
        else:
            line.hold(None)
            self._ask_again(line)

    def _ask_again(self, line: Line) -> None:
        if line.size or line.asking:
            self._ready[line] = None
            self._courier().wake()
        elif self._lines.get(line.key) is line:
            del self._lines[line.key]
            line.close()

    def _unpark(self, waiter: Waiter) -> None:
        line = self._line(waiter.demand, waiter.parts)
        line.put_back([waiter])
        if not line.is_blocked:
            self._ready[line] = None
            self._courier().wake()

    def _line(self, demand: Demand, parts: Sequence[Part]) -> Line:
        quotas = (claim.quota for claim in demand.claims)
        keys = tuple(quota.key for quota in quotas if quota.blocks and not quota.is_money)
        key = (demand.account, keys, demand.gates)
        line = self._lines.get(key)
        if line is None:
            self._opened += 1
            line = self._lines[key] = Line(self._opened, key, [part.domain for part in parts])
        return line

    def _is_late(self, waiter: Waiter, line: Line) -> None:
        _fail(waiter, too_late(waiter.demand, line.wait_s))
        self._leave(waiter, line)

    def _abandon(self, waiter: Waiter, line: Line) -> None:
        """Nobody wants the lease any more; one that is on its way is given back when it comes."""
        future = waiter.future
        if future.done() and not future.cancelled() and future.exception() is None:
            future.result().release()
        waiter.end()
        self._leave(waiter, line)

    def _leave(self, waiter: Waiter, line: Line) -> None:
        self._parking.drop(waiter)
        if waiter.is_overtaken:
            for part in waiter.parts:
                self._courier().tell(part.domain, GiveWay(waiter.number, part.claims))
        line = self._lines.get(line.key, line)  # it may be another by now, if it was empty in between
        was_first = line.first() is waiter
        if line.drop(waiter) and (was_first or not line.size):
            if not line.size:
                line.hold(None)
            self._ask_again(line)

    def _give_back(self, waiter: Waiter) -> None:
        courier = self._courier()
        for part in waiter.parts[: waiter.granted]:
            courier.tell(part.domain, Step("x", courier.holder, waiter.number))
        waiter.granted = 0


def checked(demand: Demand, claim: Claim) -> None:
    """Raises for a claim that can never be granted, or not be counted."""
    quota = claim.quota
    if quota.amount >= EXACT_BELOW or claim.amount >= EXACT_BELOW:
        raise ConfigurationError(
            f"{quota.key}: the limiter redis counts to 2^53, and this is {max(quota.amount, claim.amount)}",
            advice="Choose a smaller limit; of money it is 9 million at most.",
        )
    if quota.blocks and claim.amount > quota.amount:
        raise beyond(demand, claim)


def _fail(waiter: Waiter, error: Exception) -> None:
    waiter.end()
    if not waiter.future.done():
        waiter.future.set_exception(error)
