"""What goes between this process and the server: while one batch is on its way the next is gathered.

So a call alone is asked for at once, and many at once are asked for together. A batch that may have been lost is sent
again on a new connection: each operation does the same once or twice.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

import msgspec

from modelscan.contracts.limiter import Watcher
from modelscan_limiter_redis.domains import Batch, Domain
from modelscan_limiter_redis.names import base_of, fresh_name
from modelscan_limiter_redis.operations import KEPT_S, Beat, Operation
from modelscan_limiter_redis.server import Server, ServerLostError
from modelscan_limiter_redis.wakes import Wakes

WARN_AT: Final = 0.8
_BEATS: Final = 3  # in the time after which a silent holder is taken for dead
_FIRST_PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = KEPT_S - 1.0
_FORGOTTEN_S: Final = 600.0
_PARTING_S: Final = 2.0


class Correspondent(Protocol):
    """Whom the courier serves."""

    def prepare(self) -> None:
        """A batch is about to be gathered: name what is to be asked."""
        ...

    def came_back(self, domain: Domain, keys: Sequence[str] | None = None) -> None:
        """Of these quotas something came back; None: perhaps of some."""
        ...

    def lost(self, why: str) -> None:
        """The server can't be asked any more."""
        ...

    def found(self) -> None:
        """It can again. What is told now goes out before all else."""
        ...


class Courier:
    """One holder of leases at one server. `why_lost` is empty while the server can be asked."""

    def __init__(
        self, server: Server, correspondent: Correspondent, *, prefix: str, ttl_s: float, watch: Watcher | None
    ) -> None:
        self.server = server
        self.holder = fresh_name()
        self.domains: dict[str, Domain] = {}
        self.why_lost = ""
        self.was_there = False
        self._correspondent = correspondent
        self._prefix = prefix
        self._ttl_s = ttl_s
        self._watch = watch
        self._warned: set[str] = set()
        self._wakes = Wakes(server, self.holder, correspondent.came_back)
        self._has_work = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._returning: asyncio.Task[None] | None = None
        self._is_closing = False

    def domain(self, account: str) -> Domain:
        """The domain of an account's quotas."""
        domain = self.domains.get(account)
        if domain is None:
            domain = self.domains[account] = Domain(account, base_of(self._prefix, account))
        return domain

    def tell(self, domain: Domain, operation: Operation) -> None:
        """Have the server do something soon, after all that was told before."""
        domain.operations.append(operation)
        self.wake()

    def wake(self) -> None:
        """There is something to send."""
        self._has_work.set()
        if not self._tasks and not self._is_closing:
            with suppress(RuntimeError):  # outside of a loop: it goes out with what is told inside
                loop = asyncio.get_running_loop()
                self._tasks = [loop.create_task(self._carry_all()), loop.create_task(self._beat())]

    def listen(self, domains: Sequence[Domain]) -> None:
        """Hear when other processes give something back in these domains."""
        for domain in domains:
            self._wakes.listen(domain)

    async def close(self) -> None:
        """Tell the server what is left to be told, and go."""
        for domain in self.domains.values():
            if domain.name:
                domain.operations.append(Beat("b"))
        self.wake()
        self._is_closing = True
        if self._tasks:
            carrying, *others = self._tasks
            await asyncio.wait([carrying], timeout=0 if self.why_lost else _PARTING_S)
            rest = [carrying, *others, *filter(None, [self._returning])]
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)
        for domain in self.domains.values():
            domain.keep_for_later()
        await self._wakes.close()
        await self.server.close()

    async def _carry_all(self) -> None:
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while not self.why_lost:
                self._correspondent.prepare()
                batches = [Batch(domain) for domain in self.domains.values() if domain.operations]
                if not batches:
                    break
                await self._carry(batches)
            if self._is_closing:
                return

    async def _carry(self, batches: list[Batch]) -> None:
        if not self.server.is_connected and not await self._may_ask(batches):
            return
        try:
            answers = await self.server.run(self._written(batches, is_again=False))
        except ServerLostError:
            if not await self._may_ask(batches):
                return
            try:
                answers = await self.server.run(self._written(batches, is_again=True))
            except ServerLostError as error:
                self._lose(batches, error)
                return
        try:
            for batch, answer in zip(batches, answers, strict=True):
                self._hear(batch, answer)
        except msgspec.MsgspecError as error:  # another version's script, or no server of ours at all
            self._lose(batches, ServerLostError(f"{self.server.address}: its answer can't be read: {error}"))

    def _written(self, batches: list[Batch], *, is_again: bool) -> list[tuple[bytes, bytes]]:
        ttl_us, name = int(self._ttl_s * 1e6), fresh_name()
        time_s = self.server.time_s
        return [
            (batch.domain.base, batch.written(self.holder, ttl_us, name, time_s, is_again=is_again))
            for batch in batches
        ]

    def _hear(self, batch: Batch, answer: bytes) -> None:
        answers = batch.heard(answer)
        self.server.tell_time(answers.now_us)
        if answers.back:
            self._correspondent.came_back(batch.domain, answers.back)
        if self._watch is not None:
            for quota, used in zip(batch.quotas, answers.used, strict=True):
                if used < quota.amount * WARN_AT:
                    self._warned.discard(quota.key)
                elif quota.key not in self._warned:
                    self._warned.add(quota.key)
                    asyncio.get_running_loop().call_soon(self._watch, quota, used)

    async def _may_ask(self, batches: list[Batch]) -> bool:
        """Connect; False, and all is lost, where that fails."""
        try:
            await self._connect(batches)
        except ServerLostError as error:
            self._lose(batches, error)
            return False
        return True

    async def _connect(self, batches: list[Batch]) -> None:
        """Connect, and tell a server that lost its memory what it should know before anything else."""
        known = list(self.domains.values())
        names = await self.server.connect([domain.base for domain in known])
        self.was_there = True
        on_the_way = {batch.domain: batch for batch in batches}
        for domain, name in zip(known, names, strict=True):
            if not domain.name or domain.name == name:
                continue
            restoring = domain.restoring()
            domain.name = ""
            if domain in on_the_way:
                on_the_way[domain].operations[:0] = restoring
            else:
                domain.operations.extendleft(reversed(restoring))

    def _lose(self, batches: list[Batch], error: ServerLostError) -> None:
        self.why_lost = str(error)
        for batch in batches:
            batch.put_back()
        for domain in self.domains.values():
            domain.keep_for_later()
        self._correspondent.lost(self.why_lost)
        if not self._is_closing:
            self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while self.why_lost:
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - processes shouldn't come all at once
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            try:
                await self._connect([])
            except ServerLostError as error:
                self.why_lost = str(error)
            else:
                self.why_lost = ""
        self._correspondent.found()
        self.wake()

    async def _beat(self) -> None:
        """Say that we are there, so that our leases stay ours and others know how many share."""
        while True:
            await asyncio.sleep(self._ttl_s / _BEATS)
            for domain in tuple(self.domains.values()):
                if domain.leases or domain.used_at + _FORGOTTEN_S > time.monotonic():
                    domain.operations.append(Beat())
                elif not domain.operations and not domain.lines:
                    del self.domains[domain.account]
                    self._wakes.forget(domain)
            self.wake()
