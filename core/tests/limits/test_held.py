"""A lease in the hands of an attempt ends once, and its ticket hears of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from modelscan.contracts.limiter import Claim, Demand, Quota
from modelscan.errors import InvalidRequestError
from modelscan.limits.held import HeldLease, carried
from modelscan.limits.memory import MemoryLimiter
from modelscan.testing.clock import FakeClock
from modelscan.types.chat import ChatReply
from modelscan.types.messages import assistant
from modelscan.types.money import Certainty, Cost
from modelscan.types.usage import UNREPORTED, Usage

TOKENS = Quota(key="tokens", kind="rate", unit="tokens", amount=100, window_s=60.0)
ARRIVED: ChatReply[None] = ChatReply(message=assistant("half of it"))


class Heard:
    """A ticket that remembers; a cut answer is worth `of_cut`."""

    cost = Cost()
    claims = (Claim(TOKENS, 60),)

    def __init__(self, of_cut: Sequence[int] | None = None) -> None:
        self.told: list[str] = []
        self._of_cut = of_cut

    def again(self) -> Heard:
        return Heard()

    def settled(self, usage: Usage) -> Sequence[int]:
        self.told.append("settled")
        return (usage.output_tokens,)

    def forfeited(self, certainty: Certainty) -> None:
        self.told.append(certainty)

    def cut(self, arrived: ChatReply[None]) -> Sequence[int] | None:
        self.told.append(f"cut after {arrived.message.text}")
        return self._of_cut

    def released(self) -> None:
        self.told.append("released")


@pytest.fixture
def limiter() -> MemoryLimiter:
    return MemoryLimiter(clock=FakeClock())


async def held_of(limiter: MemoryLimiter, ticket: Heard) -> HeldLease:
    return HeldLease(await limiter.reserve(Demand(account="a", model="m", claims=ticket.claims)), ticket)


async def used(limiter: MemoryLimiter) -> int:
    return (await limiter.standing([TOKENS]))[0].used


async def test_what_was_used_is_charged(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.sent()
    held.arrived()
    held.settle(Usage(output_tokens=25))
    assert (ticket.told, await used(limiter)) == (["settled"], 25)


async def test_usage_that_nobody_reported_is_charged_as_reserved(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.sent()
    held.settle(UNREPORTED)
    assert (ticket.told, await used(limiter)) == (["estimated"], 60)


async def test_an_end_is_told_once(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.sent()
    held.settle(Usage(output_tokens=25))
    held.settle(Usage(output_tokens=99))
    held.forfeit("bound")
    held.cut(lambda: ARRIVED)
    held.release()
    held.close()
    assert (ticket.told, await used(limiter)) == (["settled"], 25)


async def test_a_cut_answer_is_charged_as_its_ticket_says(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard(of_cut=(7,)))
    held.sent()
    held.cut(lambda: ARRIVED)
    assert (ticket.told, await used(limiter)) == (["cut after half of it"], 7)


async def test_a_cut_answer_may_be_charged_as_reserved(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, Heard(of_cut=None))
    held.sent()
    held.cut(lambda: ARRIVED)
    assert await used(limiter) == 60


async def test_what_was_not_sent_is_given_back(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.close()
    assert (ticket.told, await used(limiter)) == (["released"], 0)


async def test_what_was_sent_and_has_no_end_is_charged_as_reserved(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.sent()
    held.close()
    assert (ticket.told, await used(limiter)) == (["bound"], 60)


async def test_a_request_may_be_sent_once_more_with_another_lease(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, Heard())
    held.sent()
    held.settle(Usage(output_tokens=5))
    held.follow(await held_of(limiter, again := Heard()))
    assert not held.was_sent
    held.sent()
    held.settle(Usage(output_tokens=6))
    assert (again.told, await used(limiter)) == (["settled"], 11)


async def test_the_pressure_is_that_of_the_fullest_rate(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, Heard())
    assert held.pressure == 0.6
    held.close()


async def test_a_carried_lease_goes_on_here_and_can_be_ended_elsewhere(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, ticket := Heard())
    held.sent()
    token, claims = carried(held.carry(limiter.attach))
    assert claims == ticket.claims
    assert await used(limiter) == 60
    held.leave()
    held.close()
    assert ticket.told == []
    elsewhere = HeldLease(MemoryLimiter().attach(token), ticket, was_sent=True)
    elsewhere.settle(Usage(output_tokens=9))
    assert ticket.told == ["settled"]


async def test_a_lease_that_has_ended_is_not_carried(limiter: MemoryLimiter) -> None:
    held = await held_of(limiter, Heard())
    held.close()
    assert held.carry(limiter.attach) == b""


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no token of a lease"):
        carried(b"unlimited")
