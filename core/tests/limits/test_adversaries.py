"""Loads that break other limiters, counted at the provider's door, and how well and how fairly a limit is used."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from limits_world import NEW_YEAR_S, Call, Ending, Journey, World, budget, demand, gauge, outcomes, rate
from modelscan.contracts.limiter import Quota

W = 64.0
FIVE = rate(5, W)
TOKENS = rate(10_000, W, unit="tokens")
DAILY = Quota(key="daily", kind="calendar", unit="requests", amount=20, period="day", zone="America/Los_Angeles")
PACIFIC_MIDNIGHT_S = 8 * 3600.0  # after New Year in UTC


def spread(random: Random, mean_s: float) -> float:
    """Seconds of some latency, in 64ths."""
    return int(random.expovariate(1 / mean_s) * 64) / 64


def journey(random: Random, *, latency_s: float = 2.0, worths: tuple[int, ...] | None = None) -> Journey:
    """A call that may go wrong in every way."""
    ending: Ending = random.choices(("settled", "cut", "lost", "unsent"), (8, 1, 1, 1))[0]
    there, back, end = (spread(random, latency_s) for _ in range(3))
    return Journey(there, back, end, worths if ending == "settled" else None, ending)


def test_one_call_counts_as_one() -> None:
    world = World()
    world.call(demand((FIVE, 1)))
    world.run(W)
    assert world.engine.standing(FIVE, world.now).used == 1
    world.run(1 / 64)
    assert world.engine.standing(FIVE, world.now).used == 0


def test_idle_then_hammer() -> None:
    world = World()
    world.run(10 * W)
    calls = [world.call(demand((FIVE, 1)), Journey(to_server_s=2.0)) for _ in range(100)]
    assert outcomes(calls).count("lease") == 5
    world.run(5 * W)
    assert world.over_admitted(FIVE) == 0


@pytest.mark.parametrize("before_s", [0.0, 1 / 64, 1.0, 3.0])
def test_hammering_across_the_edge_of_a_window(before_s: float) -> None:
    """Five just before the edge, and as many just after it as come; the slow ones first, seen late."""
    world = World()
    world.run(W - before_s)
    for _ in range(5):
        world.call(demand((FIVE, 1)), Journey(to_server_s=3.0, to_head_s=0.0))
    for _ in range(60):
        world.call(demand((FIVE, 1)))
        world.run(1 / 16)
    world.run(4 * W)
    assert world.over_admitted(FIVE) == 0


def test_a_provider_that_counts_late_never_sees_too_many() -> None:
    """Ageing from the reservation would let it see more: the next window's calls come fast after slow ones."""
    world = World()
    for _ in range(5):
        world.call(demand((FIVE, 1)), Journey(to_server_s=30.0))
    world.run(W)
    for _ in range(5):
        world.call(demand((FIVE, 1)))
    world.run(4 * W)
    assert world.over_admitted(FIVE) == 0


def test_at_the_very_edge_a_call_still_counts_in_a_window_closed_at_both_ends() -> None:
    world = World()
    world.call(demand((rate(1, W), 1)))
    world.run(W)
    late = world.call(demand((rate(1, W), 1)))
    assert not late.is_decided
    world.run(1.0)
    assert world.over_admitted(rate(1, W)) == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_mixed_load_with_cuts_losses_and_wrong_estimates_never_passes_a_limit(seed: int) -> None:
    random, world = Random(seed), World(longest_wait_s=300.0)
    requests, slots, money = rate(40, W), gauge(6), budget(60_000, period="hour")
    for _ in range(600):
        asked = random.choice((50, 200, 800))
        worth = int(asked * random.choice((0.0, 0.5, 1.0, 1.0, 3.0)))
        took = demand((requests, 1), (TOKENS, asked), (slots, 1), (money, asked), tenant=random.choice("abc"))
        world.call(took, journey(random, worths=(1, worth, 1, min(worth, asked))))
        world.run(spread(random, 0.5))
        if random.random() < 0.05:
            world.cancel(random.choice(world.calls))
    world.check_books()
    world.check_nobody_is_forgotten()
    world.run(5000.0)
    assert max(world.over_admitted(quota) for quota in (requests, slots, money, TOKENS)) <= 0
    assert all(call.is_decided for call in world.calls)
    assert not world.engine.lines


@pytest.mark.parametrize("seed", range(3))
def test_strict_tokens_are_never_passed_at_all(seed: int) -> None:
    """Reserved is the bound, so what is used is never more: there is no debt to allow for."""
    random, world = Random(seed), World()
    for _ in range(400):
        bound = random.choice((100, 1000, 4000))
        world.call(demand((TOKENS, bound)), journey(random, worths=(random.randrange(bound + 1),)))
        world.run(spread(random, 1.0))
    world.run(100 * W)
    assert world.over_admitted(TOKENS) <= 0
    assert set(outcomes(world.calls)) == {"lease"}


def test_a_larger_settle_is_carried_as_debt() -> None:
    world = World()
    world.call(demand((TOKENS, 1000)), Journey(to_end_s=1.0, worths=(15_000,)))
    world.run(2.0)
    late = world.call(demand((TOKENS, 1)))
    world.run(W - 3.0)
    assert not late.is_decided
    world.run(2.0)
    assert late.lease is not None


def test_a_settle_that_comes_after_the_window_takes_nothing_from_later_calls() -> None:
    world = World()
    world.call(demand((TOKENS, 1000)), Journey(to_end_s=3 * W, worths=(9_000,)))
    world.run(3 * W + 1)
    assert world.engine.standing(TOKENS, world.now).used == 0


def test_a_holder_that_crashes_is_charged_until_evidence_comes() -> None:
    world = World()
    for _ in range(3):
        world.call(demand((gauge(3), 1), (FIVE, 1)), Journey(ending="crashed"))
    world.run(100 * W)
    assert world.engine.standing(gauge(3), world.now).used == 3
    assert world.engine.standing(FIVE, world.now).used == 0


@pytest.mark.parametrize("off_s", [0.0, -3600.0, -60.0, 60.0, 7200.0, 90_000.0])
def test_no_clock_that_is_set_lets_a_day_hold_more(off_s: float) -> None:
    """Across midnight in Los Angeles; the machine's clock is set an hour before it, and set right an hour after it."""
    world = World(now=PACIFIC_MIDNIGHT_S - 7200.0)
    for minute in range(300):
        world.off_s = off_s if 60 <= minute < 180 else 0.0
        world.call(demand((DAILY, 1), may_wait=False))
        world.run(60.0)
    assert world.over_admitted(DAILY) == 0
    assert outcomes(world.calls).count("lease") >= 20


def test_a_clock_that_was_wrong_at_first_and_is_set_right_lets_a_day_hold_no_more() -> None:
    for off_s in (-3600.0, 3600.0):
        world = World(now=PACIFIC_MIDNIGHT_S - 7200.0, off_s=off_s)
        world.call(demand((DAILY, 1)))
        world.off_s = 0.0
        for _ in range(300):
            world.call(demand((DAILY, 1), may_wait=False))
            world.run(60.0)
        assert world.over_admitted(DAILY) == 0


def test_a_call_that_midnight_comes_upon_counts_in_both_days() -> None:
    world = World(now=PACIFIC_MIDNIGHT_S - 16.0)
    for _ in range(20):
        world.call(demand((DAILY, 1)), Journey(to_server_s=32.0, to_end_s=64.0))
    world.run(48.0)
    assert world.true_wall() > NEW_YEAR_S + PACIFIC_MIDNIGHT_S
    assert outcomes([world.call(demand((DAILY, 1), may_wait=False))]) == ["LimitExceededError"]
    assert world.over_admitted(DAILY) == 0


def test_a_hard_budget_is_never_passed_and_used_well() -> None:
    """20 in flight at $0.20 with the longest output every time: 84 tokens of 250 nano-dollars."""
    world, cost = World(), 21_000_000
    purse = budget(200_000_000)
    for _ in range(30):
        world.call(demand((purse, cost)), Journey(to_head_s=0.25))
    world.run(10.0)
    spent = sum(call.worth_of(purse)[0] for call in world.calls if call.lease)
    assert spent <= 200_000_000
    assert spent >= 0.9 * 200_000_000 - cost
    assert set(outcomes(world.calls)) == {"lease", "BudgetExceededError"}


def saturate(quota: Quota, amounts: tuple[int, ...], latency_s: float, windows: int) -> float:
    """How much of W / (W + mean head latency) is used, with always 50 waiting."""
    random, world, until = Random(7), World(), 1024.0 + windows * W
    waiting: list[Call] = []
    while world.now < until:
        waiting = [call for call in waiting if not call.is_decided]
        while len(waiting) < 50:
            there, back = (int(random.uniform(0, latency_s) * 64) / 64 for _ in range(2))
            call = world.call(demand((quota, random.choice(amounts))), Journey(there, back))
            if not call.is_decided:
                waiting.append(call)
        world.run(0.5)
    done = [call for call in world.calls if call.lease]
    assert world.over_admitted(quota) <= 0
    latency = sum(call.journey.to_server_s + call.journey.to_head_s for call in done) / len(done)
    used = sum(call.worth_of(quota)[0] for call in done)
    return used / (quota.amount * (until - 1024.0) / (W + latency) + quota.amount)


@pytest.mark.parametrize("latency_s", [0.5, 2.0, 20.0])
def test_a_limit_of_requests_is_used_to_97_percent_of_what_latency_leaves(latency_s: float) -> None:
    assert saturate(rate(60, W), (1,), latency_s, 40) >= 0.97


def test_a_limit_of_tokens_is_used_to_97_percent_of_what_latency_leaves() -> None:
    assert saturate(TOKENS, (50, 100, 200), 2.0, 40) >= 0.97


def test_ten_equal_tenants_share_equally_however_much_each_asks_for() -> None:
    world, quota = World(), rate(100, W)
    world.call(demand((quota, 100)))
    tenants = [f"tenant-{number}" for number in range(10)]
    for number, name in enumerate(tenants):
        for _ in range(300 + 50 * number):
            world.call(demand((quota, 1), tenant=name))
    world.run(21 * W)
    got = Counter(call.demand.tenant for call in world.calls[1:] if call.lease)
    assert sum(got.values()) >= 1900
    assert max(got.values()) <= 1.05 * min(got[name] for name in tenants)


@pytest.mark.parametrize("is_other_model", [False, True])
def test_a_flood_delays_a_tenant_by_no_more_than_one_turn_of_each_other_tenant(is_other_model: bool) -> None:
    """The bound that docs/explanation/limits.md states: a flood of 5,000 demands, and nine tenants that wait."""
    world, shared = World(), rate(60, W)
    flood_model, other = rate(10**9, W, key="flood"), rate(10**9, W, key="other")
    mine = other if is_other_model else flood_model
    for _ in range(5000):
        world.call(demand((shared, 1), (flood_model, 1), tenant="flood"))
    for number in range(9):
        for _ in range(20):
            world.call(demand((shared, 1), (flood_model, 1), tenant=f"{number}"))
    world.run(1.5 * W)
    late = world.call(demand((shared, 1), (mine, 1), tenant="late"))
    asked_at = len([call for call in world.calls if call.lease])
    world.run(W)
    before = [call for call in world.calls if call.lease and call.granted_at < late.granted_at]
    assert late.lease is not None
    assert len(before) - asked_at <= 10
