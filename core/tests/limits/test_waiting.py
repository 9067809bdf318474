"""Who waits goes on in order: by priority, tenants in turn, nobody delayed by those who come later."""

from __future__ import annotations

from math import inf

import pytest

from limits_world import Call, Journey, World, budget, demand, gauge, outcomes, rate
from modelscan.errors import LimitExceededError
from modelscan.limits.lease import CountedLease
from modelscan.limits.rounds import LOOKS, OVERTAKES

ONE = gauge(1)
TOKENS = rate(100, 64.0, unit="tokens")
A_SECOND = Journey(to_end_s=1.0)


def order(calls: list[Call]) -> list[int]:
    """Their numbers, as they were granted."""
    granted = [number for number, call in enumerate(calls) if call.lease is not None]
    return sorted(granted, key=lambda number: calls[number].granted_at)


def test_those_who_wait_go_on_as_they_came() -> None:
    world = World()
    calls = [world.call(demand((ONE, 1)), A_SECOND) for _ in range(5)]
    world.run(10.0)
    assert [call.granted_at - 1024.0 for call in calls] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_higher_priority_goes_first() -> None:
    world = World()
    calls = [world.call(demand((ONE, 1), priority=priority), A_SECOND) for priority in (0, 0, 5, 1, 5)]
    world.run(10.0)
    assert order(calls) == [0, 2, 4, 3, 1]


def test_a_higher_priority_goes_first_among_different_limits_too() -> None:
    world = World()
    mine, yours = rate(100, key="mine"), rate(100, key="yours")
    first = world.call(demand((ONE, 1), (mine, 1), priority=5), A_SECOND)
    calls = [world.call(demand((ONE, 1), (mine, 1), priority=5), A_SECOND)]
    calls += [world.call(demand((ONE, 1), (mine, 1)), A_SECOND) for _ in range(2)]
    calls += [world.call(demand((ONE, 1), (yours, 1), priority=3), A_SECOND) for _ in range(2)]
    world.run(10.0)
    assert first.lease is not None
    assert order(calls) == [0, 3, 4, 1, 2]


def test_tenants_take_turns() -> None:
    world = World()
    calls = [world.call(demand((ONE, 1), tenant=tenant), A_SECOND) for tenant in "aaaabbcc"]
    world.run(10.0)
    assert "".join("aaaabbcc"[number] for number in order(calls)) == "aabcabca"


def test_tenants_take_turns_among_different_limits_too() -> None:
    world = World()
    quotas = {"a": rate(1000, key="a"), "b": rate(1000, key="b")}
    calls = [world.call(demand((ONE, 1), (quotas[name], 1), tenant=name), A_SECOND) for name in "aaaaaaaabbbb"]
    world.run(20.0)
    assert "".join("aaaaaaaabbbb"[number] for number in order(calls)[:8]).count("b") >= 3


def test_a_line_has_as_many_turns_as_it_has_tenants() -> None:
    world = World()
    mine, yours = rate(1000, key="mine"), rate(1000, key="yours")
    names = "abcd"
    calls = [
        world.call(demand((ONE, 1), (yours if name == "d" else mine, 1), tenant=name), A_SECOND) for name in names * 20
    ]
    world.run(40.0)
    got = "".join(names[number % 4] for number in order(calls))
    assert len(got) == 41
    assert [abs(got.count(name) - 10) <= 1 for name in names] == [True] * 4


def test_a_line_that_comes_late_has_its_turns_from_now_on() -> None:
    world = World()
    mine, yours = rate(1000, key="mine"), rate(1000, key="yours")
    for _ in range(60):
        world.call(demand((ONE, 1), (mine, 1), tenant="a"), A_SECOND)
    world.run(30.5)
    late = [world.call(demand((ONE, 1), (yours, 1), tenant="b"), A_SECOND) for _ in range(20)]
    world.run(10.0)
    assert outcomes(late).count("lease") == 5


def test_who_leaves_and_comes_back_stands_behind_those_who_stayed() -> None:
    world, three = World(), rate(3)
    for _ in range(3):
        world.call(demand((three, 1)))
    a, d, b, c = (world.call(demand((three, 1), tenant=tenant)) for tenant in "adbc")
    world.cancel(b)
    again = world.call(demand((three, 1), tenant="b"))
    world.run(65.0)
    assert outcomes([a, d, c, again]) == ["lease", "lease", "lease", "NoneType"]


def test_nobody_is_delayed_by_a_line_that_something_else_woke() -> None:
    world = World()
    world.call(demand((ONE, 1)), A_SECOND)
    world.call(demand((TOKENS, 80)))
    world.run(0.5)
    big = world.call(demand((TOKENS, 95)))
    small = world.call(demand((ONE, 1), (TOKENS, 10), tenant="small"))
    world.run(10.0)
    assert outcomes([big, small]) == ["NoneType", "NoneType"]
    world.run(64.0)
    assert big.granted_at < small.granted_at


def test_who_asks_for_more_has_fewer_turns() -> None:
    world = World()
    world.call(demand((TOKENS, 100)))
    calls = [world.call(demand((TOKENS, amount), tenant=f"{amount}")) for amount in (30, 10) for _ in range(12)]
    world.run(64.0 * 3 + 1)
    granted = [call.demand.claims[0].amount for call in calls if call.lease is not None]
    assert abs(granted.count(30) * 30 - granted.count(10) * 10) <= 30


def test_a_tenant_that_leaves_and_comes_back_gains_nothing() -> None:
    world = World()
    world.call(demand((ONE, 1), tenant="a"), A_SECOND)
    tricky = world.call(demand((ONE, 1), tenant="b"), A_SECOND)
    others = [world.call(demand((ONE, 1), tenant="a"), A_SECOND) for _ in range(6)]
    world.cancel(tricky)
    world.run(4.5)
    back = [world.call(demand((ONE, 1), tenant="b"), A_SECOND) for _ in range(3)]
    world.run(20.0)
    assert [call.granted_at < others[-1].granted_at for call in back] == [True, True, False]


def test_a_small_demand_passes_where_it_delays_nobody() -> None:
    world = World()
    world.call(demand((TOKENS, 80)))
    world.run(16.0)
    big = world.call(demand((TOKENS, 70)))
    small = [world.call(demand((TOKENS, 10), tenant=name)) for name in "abc"]
    assert outcomes(small) == ["lease", "lease", "NoneType"]
    world.run(64.0)
    assert big.granted_at == pytest.approx(1024.0 + 64.0)


def test_a_small_demand_doesnt_pass_where_it_would_delay() -> None:
    world = World()
    world.call(demand((TOKENS, 80)))
    world.run(16.0)
    big = world.call(demand((TOKENS, 95)))
    small = [world.call(demand((TOKENS, 10), tenant=name)) for name in "ab"]
    assert outcomes(small) == ["NoneType", "NoneType"]
    world.run(64.0)
    assert big.granted_at == pytest.approx(1024.0 + 64.0)


def test_a_big_demand_starts_when_it_would_have_started_without_the_small_ones() -> None:
    def start(*, with_small: bool) -> float:
        world = World()
        for number in range(10):
            world.call(demand((TOKENS, 10)))
            world.run(4.0 if number % 2 else 2.0)
        big = world.call(demand((TOKENS, 60), tenant="big"))
        for number in range(200):
            if with_small:
                world.call(demand((TOKENS, 5), tenant=f"small-{number % 7}"))
            world.run(1.0)
        assert world.over_admitted(TOKENS) <= 0
        return big.granted_at

    assert start(with_small=True) == start(with_small=False) < inf


def test_a_big_demand_isnt_starved_in_a_gauge() -> None:
    world = World()
    ten = gauge(10)
    small = [world.call(demand((ten, 1)), Journey(to_end_s=1.0 + number / 16)) for number in range(10)]
    big = world.call(demand((ten, 8), tenant="big"), A_SECOND)
    for number in range(100):
        small.append(world.call(demand((ten, 1), tenant=f"{number % 5}"), A_SECOND))
        world.run(1 / 16)
    assert big.granted_at <= 1024.0 + 2.0


def test_overtakes_are_bounded_where_something_is_waited_for() -> None:
    """Every call turns out to be worth nothing, so there is always room for small ones within what is left beside."""
    world = World()
    wide = rate(1000, 64.0, unit="tokens")
    world.call(demand((wide, 990)))
    world.run(1.0)
    big = world.call(demand((wide, 900)))
    passed = 0
    for _ in range(3 * OVERTAKES):
        small = world.call(demand((wide, 1), tenant="small"), Journey(worths=(0,)))
        world.run(1 / 64)
        passed += small.lease is not None and big.lease is None
    assert passed == OVERTAKES


def test_a_limit_that_has_room_is_shared_with_others_while_another_limit_is_waited_for() -> None:
    """What waits for its model's limit keeps one place in the account's, and no more, however long it waits."""
    world = World()
    account, model = rate(100_000, 64.0, key="account"), gauge(1, key="model")
    world.call(demand((account, 1), (model, 1)), Journey(to_head_s=60.0))
    waiting = world.call(demand((account, 1), (model, 1)))
    others = [world.call(demand((account, 1), tenant=f"{number % 3}")) for number in range(10 * OVERTAKES)]
    assert set(outcomes(others)) == {"lease"}
    world.run(60.0)
    assert waiting.granted_at == 1024.0 + 60.0


def test_the_search_for_those_who_may_pass_ends() -> None:
    world = World()
    world.call(demand((TOKENS, 75)))
    world.run(1.0)
    big = [world.call(demand((TOKENS, 26), tenant=f"{number}")) for number in range(LOOKS + 2)]
    late = world.call(demand((TOKENS, 1), tenant="late"))
    assert set(outcomes([*big, late])) == {"NoneType"}
    world.run(200.0)
    assert late.lease is not None


def test_a_head_that_comes_arms_the_timer_of_those_who_wait() -> None:
    world = World()
    one = rate(1, 16.0)
    world.call(demand((one, 1)), Journey(to_head_s=2.0, to_end_s=500.0))
    waiting = world.call(demand((one, 1)))
    world.run(20.0)
    assert waiting.granted_at == pytest.approx(1024.0 + 2.0 + 16.0)


def test_a_demand_with_a_deadline_that_leaves_lets_those_behind_it_go_on() -> None:
    world = World()
    world.call(demand((TOKENS, 50)), Journey(to_end_s=500.0))
    first = world.call(demand((TOKENS, 80), deadline=world.now + 4.0))
    second = world.call(demand((TOKENS, 40)))
    world.run(3.0)
    assert outcomes([first, second]) == ["NoneType", "NoneType"]
    world.run(1.0)
    assert outcomes([first, second]) == ["LimitExceededError", "lease"]


def test_a_demand_that_may_not_wait_leaves_no_trace_in_the_wake_ups_of_others() -> None:
    world = World()
    world.call(demand((TOKENS, 60)))
    world.run(16.0)
    world.call(demand((TOKENS, 40)))
    waiting = world.call(demand((TOKENS, 30)))
    hasty = world.call(demand((TOKENS, 100), priority=9, may_wait=False))
    assert isinstance(hasty.error, LimitExceededError)
    assert hasty.error.retry_after_s == pytest.approx(128.0)
    world.run(64.0)
    assert waiting.granted_at == pytest.approx(1024.0 + 64.0)


def test_a_deadline_that_surely_comes_first_is_refused_at_once() -> None:
    world = World()
    one = rate(1, 64.0)
    world.call(demand((one, 1)))
    world.run(1.0)
    call = world.call(demand((one, 1), deadline=world.now + 10.0))
    assert isinstance(call.error, LimitExceededError)
    assert "have to wait about 63.0 s" in str(call.error)


def test_a_deadline_is_waited_for_while_calls_under_way_may_give_tokens_back() -> None:
    world = World()
    world.call(demand((TOKENS, 100)), Journey(to_end_s=4.0, worths=(20,)))
    world.run(1.0)
    call = world.call(demand((TOKENS, 50), deadline=world.now + 10.0))
    world.run(4.0)
    assert call.granted_at == 1024.0 + 4.0


def test_a_deadline_in_the_past_is_refused_and_one_without_an_end_says_so() -> None:
    world = World()
    world.call(demand((ONE, 1)), Journey(to_end_s=500.0))
    past = world.call(demand((ONE, 1), deadline=world.now))
    assert "until calls under way are over" in str(past.error)
    assert isinstance(past.error, LimitExceededError)
    assert past.error.retry_after_s is None


def test_nobody_waits_longer_than_the_longest_wait() -> None:
    world = World(longest_wait_s=10.0)
    world.call(demand((ONE, 1)), Journey(to_end_s=500.0))
    calls = [world.call(demand((ONE, 1))) for _ in range(3)]
    world.run(10.0)
    assert outcomes(calls) == ["LimitExceededError"] * 3
    world.engine.pause("a", 100.0, world.now)
    gated = world.call(demand(gates=("a",)))
    assert "a limit leaves no room" in str(gated.error)


def test_cancelling_lets_those_behind_go_on() -> None:
    world = World()
    world.call(demand((TOKENS, 50)), Journey(to_end_s=500.0))
    first, second = world.call(demand((TOKENS, 80))), world.call(demand((TOKENS, 40)))
    world.cancel(first)
    world.cancel(first)
    assert second.lease is not None
    world.engine.lines.leave(first.waiter, world.now)  # type: ignore[arg-type]  # it waited
    world.check_books()


def test_a_caller_who_is_gone_when_the_lease_comes_gives_it_on_at_once() -> None:
    world = World()
    world.call(demand((ONE, 1)), A_SECOND)
    gone = world.call(demand((ONE, 1)), is_cancelled_on_grant=True)
    last = world.call(demand((ONE, 1)))
    world.run(1.0)
    assert gone.is_cancelled
    assert last.granted_at == 1024.0 + 1.0


def test_many_who_come_and_go_leave_nothing_behind() -> None:
    world = World(longest_wait_s=1e6)
    world.call(demand((ONE, 1)), Journey(to_end_s=500.0))
    stuck = world.call(demand((ONE, 1)))
    for number in range(5000):
        world.cancel(world.call(demand((ONE, 1), tenant=f"{number}")))
    lines = world.engine.lines
    line = next(iter(lines._lines.values()))
    assert len(line._order) <= 300
    assert len(line._lanes) <= 300
    assert len(lines._deadlines) <= 300
    world.run(500.0)
    assert stuck.lease is not None
    assert not lines._lines
    assert not lines._at


def test_a_waiter_that_leaves_from_the_middle_of_its_lane_is_passed_over() -> None:
    world = World()
    calls = [world.call(demand((ONE, 1)), A_SECOND) for _ in range(6)]
    world.cancel(calls[3])
    world.run(10.0)
    assert order(calls) == [0, 1, 2, 4, 5]


MONEY = budget(100)
HELD = Journey(to_end_s=8.0, worths=(10,))


def test_a_budget_held_by_calls_under_way_is_waited_for() -> None:
    world = World()
    world.call(demand((MONEY, 90)), HELD)
    waiting = world.call(demand((MONEY, 50)))
    world.run(8.0)
    assert waiting.granted_at == 1024.0 + 8.0
    assert world.over_admitted(MONEY) <= 0


def test_who_waits_for_a_budget_keeps_nobody_from_other_things() -> None:
    world = World()
    world.call(demand((MONEY, 90), (TOKENS, 1)), Journey(to_end_s=8.0, worths=(10, 1)))
    waiting = world.call(demand((MONEY, 50), (TOKENS, 1), tenant="a"))
    other = world.call(demand((TOKENS, 1), tenant="b"))
    assert outcomes([waiting, other]) == ["NoneType", "lease"]


def test_nobody_takes_of_a_budget_before_those_who_wait_for_it() -> None:
    world = World()
    world.call(demand((MONEY, 70)), HELD)
    big = world.call(demand((MONEY, 50), tenant="big"), A_SECOND)
    small = [world.call(demand((MONEY, 5), tenant=name), Journey(to_end_s=1.0, worths=(0,))) for name in "abab"]
    urgent = world.call(demand((MONEY, 5), priority=1), A_SECOND)
    assert outcomes([big, *small, urgent]) == ["NoneType"] * 5 + ["lease"]
    world.run(8.0)
    assert big.granted_at == 1024.0 + 8.0
    assert outcomes(small) == ["lease"] * 4


def test_tenants_take_turns_at_a_budget() -> None:
    world = World()
    world.call(demand((MONEY, 100), tenant="z"), Journey(to_end_s=1.0, worths=(0,)))
    free = Journey(to_end_s=1.0, worths=(0,))
    calls = [world.call(demand((MONEY, 60), tenant=tenant), free) for tenant in "aaaabb"]
    world.run(20.0)
    assert "".join("aaaabb"[number] for number in order(calls)) == "ababaa"


def test_who_can_never_be_afforded_any_more_is_refused_when_that_is_known() -> None:
    world = World()
    world.call(demand((MONEY, 90)), Journey(to_end_s=8.0))
    waiting = [world.call(demand((MONEY, amount), tenant=f"{amount}")) for amount in (50, 60, 10)]
    world.run(8.0)
    assert outcomes(waiting) == ["BudgetExceededError", "BudgetExceededError", "lease"]


def test_who_leaves_a_budgets_line_lets_those_behind_it_go_on() -> None:
    world = World()
    world.call(demand((MONEY, 70)), Journey(to_end_s=500.0))
    big = world.call(demand((MONEY, 50), tenant="a", deadline=world.now + 4.0))
    behind = [world.call(demand((MONEY, 10), tenant=tenant)) for tenant in "ab"]
    assert outcomes(behind) == ["NoneType", "NoneType"]
    world.run(4.0)
    assert outcomes([big, *behind]) == ["LimitExceededError", "lease", "lease"]


def test_a_budget_that_resets_lets_go_on_who_waited_for_it() -> None:
    world = World()
    hourly = budget(100, key="hourly", period="hour")
    world.run(3600.0 - 1024.0 - 60.0)
    world.call(demand((hourly, 60)))
    world.run(1.0)
    world.call(demand((hourly, 40)), Journey(to_end_s=500.0))
    waiting = world.call(demand((hourly, 30)))
    assert not waiting.is_decided
    world.run(60.0)
    assert waiting.granted_at == pytest.approx(3600.0)
    assert world.over_admitted(hourly) <= 0


def test_a_budget_goes_on_to_the_next_when_those_it_was_kept_for_wait_for_something_else() -> None:
    world = World()
    world.call(demand((MONEY, 100)), HELD)
    first = world.call(demand((MONEY, 60), (TOKENS, 1), tenant="a"))
    second = world.call(demand((MONEY, 50), tenant="b"))
    world.run(1.0)
    world.call(demand((TOKENS, 99)), Journey(to_head_s=500.0))
    world.call(demand((TOKENS, 1)), Journey(to_head_s=500.0))
    world.run(7.0)
    assert outcomes([first, second]) == ["NoneType", "lease"]


def test_who_waits_for_two_budgets_goes_from_one_line_to_the_other() -> None:
    world = World()
    team = budget(100, key="team")
    world.call(demand((MONEY, 90)), HELD)
    world.call(demand((team, 90)), Journey(to_end_s=16.0, worths=(10,)))
    both = world.call(demand((MONEY, 50), (team, 50)))
    world.run(1.0)
    later = world.call(demand((team, 60), tenant="later"), Journey(to_end_s=1.0, worths=(0,)))
    world.run(15.0)
    assert both.granted_at == 1024.0 + 16.0
    assert later.lease is None


def test_a_grant_that_makes_somebody_else_leave_leaves_nothing_behind() -> None:
    world = World()
    mine, yours = rate(9, key="mine"), rate(9, key="yours")
    holder = world.call(demand((ONE, 1)), A_SECOND)
    calls: list[Call] = []
    takers = [demand((ONE, 1), (mine, 1)), demand((ONE, 1), (yours, 1))]

    def granted(outcome: object) -> None:
        world.cancel(calls[0])
        assert isinstance(outcome, CountedLease)
        outcome.release()

    first = world.engine.enqueue(takers[0], world.now, granted)
    calls.append(world.call(takers[1]))
    world.run(1.0)
    assert holder.lease is not None
    assert first is not None
    assert first.is_over
    assert outcomes(calls) == ["cancelled"]
    assert not world.engine.lines


def test_everybody_is_refused_when_nothing_is_granted_any_more() -> None:
    world = World()
    world.call(demand((ONE, 1), (MONEY, 90)), Journey(to_end_s=500.0))
    calls = [world.call(demand((ONE, 1))) for _ in range(3)] + [world.call(demand((MONEY, 20)))]
    world.engine.refuse_all(LimitExceededError("closed"), world.now)
    assert outcomes(calls) == ["LimitExceededError"] * 4
    assert not world.engine.lines
    world.check_books()
