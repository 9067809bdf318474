"""What each kind of quota means to a limiter that holds quotas: real seconds, tiny windows."""

from __future__ import annotations

import asyncio

import pytest

from modelscan.contracts.limiter import Limiter
from modelscan.errors import BudgetExceededError, LimitExceededError
from modelscan.testing.conformance.policy_tests.limiter_made import (
    SOON_S,
    WINDOW_S,
    MadeLimiter,
    Quotas,
    arrived,
    demand,
    granted,
    refusal,
    seconds,
    used,
)
from modelscan.testing.conformance.suite import counts_for

NANO = 1_000_000_000


class KindsOfQuota(MadeLimiter):
    """Rates, gauges, calendar quotas, budgets: what takes of them, and when it comes back."""

    # --- Rates -------------------------------------------------------------------------------------------------------

    @counts_for("silver")
    async def test_a_rate_holds_its_amount_in_any_window(self, holding: Limiter) -> None:
        """The next call waits until a window after the first one's head."""
        rate = Quotas().rate(3)
        arrived(await granted(holding, (rate, 1))).settle((1,))
        first_s = seconds()
        for _ in range(2):
            arrived(await granted(holding, (rate, 1))).settle((1,))
        await refusal(holding, (rate, 1))
        await asyncio.wait_for(holding.reserve(demand((rate, 1))), SOON_S)
        assert seconds() - first_s >= WINDOW_S * 0.99, "a call is let through before the window was over"

    @counts_for("silver")
    async def test_an_entry_doesn_t_age_before_its_head_arrived(self, holding: Limiter) -> None:
        """The provider counts at arrival, and nobody knows when that is until an answer comes."""
        rate = Quotas().rate(1)
        lease = await granted(holding, (rate, 1))
        lease.sent()
        await asyncio.sleep(WINDOW_S * 1.2)
        await refusal(holding, (rate, 1))
        lease.arrived()
        began_s = seconds()
        await refusal(holding, (rate, 1))
        lease.settle((1,))
        await asyncio.wait_for(holding.reserve(demand((rate, 1))), SOON_S)
        assert seconds() - began_s >= WINDOW_S * 0.99, "the window began before the head arrived"

    @counts_for("silver")
    async def test_without_a_head_the_window_begins_at_the_call_s_end(self, holding: Limiter) -> None:
        """Cut off or timed out: charged at what was reserved."""
        rate = Quotas().rate(10)
        lease = await granted(holding, (rate, 10))
        lease.sent()
        await asyncio.sleep(WINDOW_S * 1.2)
        lease.forfeit("bound")
        assert await used(holding, rate) == 10, "a forfeited lease isn't charged at what was reserved"
        began_s = seconds()
        await asyncio.wait_for(holding.reserve(demand((rate, 1))), SOON_S)
        assert seconds() - began_s >= WINDOW_S * 0.95, "a call without a head is forgotten too early"

    @counts_for("silver")
    async def test_what_a_call_didn_t_use_is_there_at_once(self, holding: Limiter) -> None:
        """And what it used stays taken."""
        rate = Quotas().rate(100, window_s=60, unit="tokens")
        lease = arrived(await granted(holding, (rate, 90)))
        await refusal(holding, (rate, 50))
        lease.settle((40,))
        assert await used(holding, rate) == 40
        await granted(holding, (rate, 60))
        await refusal(holding, (rate, 1))

    @counts_for("silver")
    async def test_more_than_was_reserved_is_debt(self, holding: Limiter) -> None:
        """Nothing is granted until enough of it has aged."""
        rate = Quotas().rate(10, unit="tokens")
        arrived(await granted(holding, (rate, 1))).settle((25,))
        assert await used(holding, rate) == 25
        await refusal(holding, (rate, 1))
        await asyncio.sleep(WINDOW_S * 1.1)
        await granted(holding, (rate, 10))

    @counts_for("silver")
    async def test_settling_late_changes_no_date(self, holding: Limiter) -> None:
        """An entry that is over stays over."""
        rate = Quotas().rate(10, unit="tokens")
        lease = arrived(await granted(holding, (rate, 10)))
        await asyncio.sleep(WINDOW_S * 1.1)
        await granted(holding, (rate, 10))
        lease.settle((20,))
        assert await used(holding, rate) == 10, "what a call used is charged to a later window"

    # --- Gauges ------------------------------------------------------------------------------------------------------

    @counts_for("silver")
    async def test_a_gauge_holds_what_is_under_way(self, holding: Limiter) -> None:
        """However a call ends, its place is free."""
        gauge = Quotas().gauge(3)
        settled, forfeited, released = [await granted(holding, (gauge, 1)) for _ in range(3)]
        await refusal(holding, (gauge, 1))
        arrived(settled).settle((1,))
        forfeited.sent()
        forfeited.forfeit("bound")
        released.release()
        for _ in range(3):
            await granted(holding, (gauge, 1))
        await refusal(holding, (gauge, 1))

    @counts_for("silver")
    async def test_a_lease_under_a_token_keeps_its_place(self, holding: Limiter) -> None:
        """Until whoever has the token ends it."""
        gauge = Quotas().gauge(1)
        lease = await granted(holding, (gauge, 1))
        lease.sent()
        token = lease.detach()
        await refusal(holding, (gauge, 1))
        again = holding.attach(token)
        again.arrived()
        again.settle((1,))
        await granted(holding, (gauge, 1))

    # --- Calendar quotas and budgets ---------------------------------------------------------------------------------

    @counts_for("silver")
    async def test_a_calendar_quota_counts_what_was_used(self, holding: Limiter) -> None:
        """Until its reset, which doesn't come soon."""
        for quota in (Quotas().calendar(10, period="year"), Quotas().calendar(10)):
            arrived(await granted(holding, (quota, 6))).settle((4,))
            arrived(await granted(holding, (quota, 6))).settle((6,))
            await refusal(holding, (quota, 1))
            assert await used(holding, quota) == 10

    @counts_for("silver")
    async def test_a_budget_that_is_spent_refuses_at_once(self, holding: Limiter) -> None:
        """Waiting doesn't help."""
        budget = Quotas().calendar(10 * NANO, unit="USD")
        arrived(await granted(holding, (budget, 6 * NANO))).settle((6 * NANO,))
        with pytest.raises(BudgetExceededError):
            await asyncio.wait_for(holding.reserve(demand((budget, 5 * NANO))), SOON_S)
        await granted(holding, (budget, 4 * NANO))

    @counts_for("silver")
    async def test_a_budget_that_calls_under_way_hold_is_waited_for(self, holding: Limiter) -> None:
        """They may cost less than was reserved; or not, and then it is refused."""
        budget = Quotas().calendar(10 * NANO, unit="USD")
        first = arrived(await granted(holding, (budget, 6 * NANO)))
        waiting = asyncio.ensure_future(holding.reserve(demand((budget, 6 * NANO))))
        await asyncio.sleep(0.05)
        assert not waiting.done(), "more was granted than there is"
        first.settle((2 * NANO,))
        second = arrived(await asyncio.wait_for(waiting, SOON_S))
        waiting = asyncio.ensure_future(holding.reserve(demand((budget, 6 * NANO))))
        await asyncio.sleep(0.05)
        second.settle((6 * NANO,))
        with pytest.raises(BudgetExceededError):
            await asyncio.wait_for(waiting, SOON_S)

    # --- All kinds ---------------------------------------------------------------------------------------------------

    @counts_for("silver")
    async def test_more_than_the_whole_amount_is_refused_at_once(self, holding: Limiter) -> None:
        """However long it may wait."""
        quotas = Quotas()
        for quota in (quotas.rate(5), quotas.gauge(5), quotas.calendar(5)):
            with pytest.raises(LimitExceededError):
                await asyncio.wait_for(holding.reserve(demand((quota, 6))), SOON_S)
        with pytest.raises(BudgetExceededError):
            await asyncio.wait_for(holding.reserve(demand((quotas.calendar(5, unit="USD"), 6))), SOON_S)

    @counts_for("silver")
    async def test_all_is_taken_or_nothing(self, holding: Limiter) -> None:
        """Within an account, and over two."""
        quotas, others = Quotas(), Quotas()
        full, free, elsewhere = quotas.gauge(1), quotas.rate(5), others.rate(5)
        await granted(holding, (full, 1))
        await refusal(holding, (elsewhere, 1), (free, 1), (full, 1))
        assert [await used(holding, quota) for quota in (free, elsewhere)] == [0, 0], "a refused demand took something"

    @counts_for("silver")
    async def test_what_is_given_back_was_never_taken(self, holding: Limiter) -> None:
        """Of any kind."""
        quotas = Quotas()
        claims = [(quotas.rate(5), 5), (quotas.gauge(5), 5), (quotas.calendar(5), 5)]
        (await granted(holding, *claims)).release()
        sent = await granted(holding, *claims)
        sent.sent()
        sent.release()
        assert [await used(holding, quota) for quota, _ in claims] == [0, 0, 0]

    @counts_for("silver")
    async def test_a_quota_that_doesn_t_block_is_counted(self, holding: Limiter) -> None:
        """And refuses nothing."""
        rate = Quotas().rate(5, window_s=60, blocks=False)
        for _ in range(4):
            await granted(holding, (rate, 6))
        assert await used(holding, rate) == 24

    @counts_for("silver")
    async def test_the_provider_s_count_adds_and_never_takes_away(self, holding: Limiter) -> None:
        """It may know of other programs' calls, and doesn't know of our latest."""
        rate = Quotas().rate(10, window_s=60)
        arrived(await granted(holding, (rate, 4)))
        holding.observe(rate, 9, 0.2)
        assert await used(holding, rate) == 9
        holding.observe(rate, 0, 60)
        assert await used(holding, rate) >= 4
        await asyncio.sleep(0.3)
        assert await used(holding, rate) == 4, "what the provider counted is still taken after its reset"

    @counts_for("gold")
    async def test_many_entries_of_a_long_window_are_counted_exactly(self, holding: Limiter) -> None:
        """However they are kept."""
        rate = Quotas().rate(1000, window_s=3600)
        for _ in range(100):
            leases = [await granted(holding, (rate, 2)) for _ in range(4)]
            for lease in leases:
                arrived(lease).settle((1,))
        assert await used(holding, rate) == 400
