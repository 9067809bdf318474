"""Tokens: one exchange for all who wait, renewed in time, and nobody suffers from another's cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from modelscan import Secret
from modelscan.auth.tokens import TokenCell
from modelscan.contracts.auth import Token
from modelscan.errors import AuthenticationError, TransportError


class Issuer:
    """Gives numbered tokens when its gate is open, and fails where it is told to."""

    def __init__(self, lifetime_s: float | None = 3600, *, is_open: bool = True) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.started = 0
        self.cancelled = 0
        self.is_stubborn = False
        self.lifetime_s = lifetime_s
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()
        self.cell = TokenCell(self.exchange, lambda: self.now)

    async def exchange(self) -> Token:
        self.started += 1
        number = self.started
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            if not self.is_stubborn:
                raise
        if self.error is not None:
            raise self.error
        until = None if self.lifetime_s is None else self.now + timedelta(seconds=self.lifetime_s)
        return Token(Secret(f"token-{number}"), until)

    async def get(self) -> str:
        return (await self.cell.get()).secret.reveal()


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(100):
        if not condition():
            await asyncio.sleep(0)
    assert condition()


async def test_all_who_ask_at_once_share_one_exchange() -> None:
    issuer = Issuer(is_open=False)
    calls = [asyncio.create_task(issuer.get()) for _ in range(50)]
    await until(lambda: issuer.started == 1)
    issuer.gate.set()
    assert await asyncio.gather(*calls) == ["token-1"] * 50
    assert await issuer.get() == "token-1"
    assert issuer.started == 1


@pytest.mark.parametrize(("lifetime_s", "fresh_s"), [(3600, 3480), (100, 80), (0, 0)])
async def test_a_token_is_renewed_before_it_expires(lifetime_s: float, fresh_s: float) -> None:
    issuer = Issuer(lifetime_s)
    await issuer.get()
    issuer.now += timedelta(seconds=fresh_s - 1)
    assert await issuer.get() == "token-1"
    issuer.now += timedelta(seconds=1)
    assert await issuer.get() == "token-2"


async def test_a_token_without_an_end_lasts() -> None:
    issuer = Issuer(None)
    await issuer.get()
    issuer.now += timedelta(days=1000)
    assert await issuer.get() == "token-1"


async def test_a_dropped_token_is_fetched_anew() -> None:
    issuer = Issuer()
    await issuer.get()
    issuer.cell.drop()
    assert await issuer.get() == "token-2"


async def test_a_failed_exchange_fails_all_who_wait_and_not_the_next_call() -> None:
    issuer = Issuer(is_open=False)
    issuer.error = TransportError("no answer", phase="wait", provider="ex")
    calls = [asyncio.create_task(issuer.get()) for _ in range(3)]
    await until(lambda: issuer.started == 1)
    issuer.gate.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [TransportError] * 3
    assert len({id(result) for result in results}) == 3
    assert all(str(result).startswith("ex: no answer\n") for result in results)
    issuer.error = None
    assert await issuer.get() == "token-2"


async def test_what_one_call_adds_to_a_shared_error_stays_its_own() -> None:
    issuer = Issuer()
    issuer.error = AuthenticationError("refused", status=401)
    first, second = await asyncio.gather(issuer.get(), issuer.get(), return_exceptions=True)
    assert isinstance(first, AuthenticationError)
    assert isinstance(second, AuthenticationError)
    first.about(model="m")
    assert (first.model, second.model, second.status) == ("m", "", 401)


async def test_a_cancelled_leader_leaves_the_exchange_to_the_others() -> None:
    issuer = Issuer(is_open=False)
    leader = asyncio.create_task(issuer.get())
    await until(lambda: issuer.started == 1)
    others = [asyncio.create_task(issuer.get()) for _ in range(2)]
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.wait([leader])
    assert leader.cancelled()
    issuer.gate.set()
    assert await asyncio.gather(*others) == ["token-1"] * 2
    assert (issuer.started, issuer.cancelled) == (1, 0)


async def test_the_last_to_leave_ends_the_exchange_and_the_next_call_starts_another() -> None:
    issuer = Issuer(is_open=False)
    calls = [asyncio.create_task(issuer.get()) for _ in range(2)]
    await until(lambda: issuer.started == 1)
    for call in calls:
        call.cancel()
    following = asyncio.create_task(issuer.get())
    await until(lambda: issuer.cancelled == 1 and issuer.started == 2)
    issuer.gate.set()
    assert await following == "token-2"
    assert await issuer.get() == "token-2"


async def test_a_token_that_comes_in_spite_of_all_is_kept() -> None:
    issuer = Issuer(is_open=False)
    issuer.is_stubborn = True
    call = asyncio.create_task(issuer.get())
    await until(lambda: issuer.started == 1)
    call.cancel()
    await until(lambda: issuer.cancelled == 1)
    await asyncio.sleep(0)
    assert await issuer.get() == "token-1"
