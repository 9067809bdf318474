"""The engine: everything in one step, leases and their lives, tokens, amounts that change, forks."""

from __future__ import annotations

from math import inf

import pytest

from limits_world import Journey, World, budget, demand, gauge, outcomes, rate
from modelscan.contracts.limiter import Quota
from modelscan.errors import BudgetExceededError, InvalidRequestError, LimitExceededError
from modelscan.limits.engine import Engine
from modelscan.limits.lease import CountedLease
from modelscan.limits.refusals import described

FAST = rate(2, 60.0)
WIDE = rate(100, 60.0, unit="tokens")
SLOTS = gauge(2)
MONEY = budget(1_000)


def used(world: World, *quotas: Quota) -> list[int]:
    return [world.engine.standing(quota, world.now).used for quota in quotas]


def test_all_claims_are_granted_together_or_not_at_all() -> None:
    world = World()
    world.call(demand((FAST, 1), (WIDE, 90), (SLOTS, 1)))
    assert used(world, FAST, WIDE, SLOTS) == [1, 90, 1]
    late = world.call(demand((FAST, 1), (WIDE, 20), (SLOTS, 1)))
    assert not late.is_decided
    assert used(world, FAST, WIDE, SLOTS) == [1, 90, 1]


LIVES = [
    (["sent", "arrived", "settle"], 7),
    (["sent", "settle"], 7),
    (["sent", "arrived", "forfeit"], 30),
    (["sent", "forfeit"], 30),
    (["sent", "release"], 0),
    (["release"], 0),
]
ARGUMENTS: dict[str, tuple[object, ...]] = {"settle": ((7, 1),), "forfeit": ("bound",)}


def live(lease: CountedLease, *steps: str) -> None:
    for step in steps:
        getattr(lease, step)(*ARGUMENTS.get(step, ()))


def lease_of(engine: Engine) -> CountedLease:
    lease = engine.try_now(demand((WIDE, 30), (SLOTS, 1)), engine.clock())
    assert lease is not None
    return lease


@pytest.mark.parametrize(("steps", "worth"), LIVES)
def test_a_lease_takes_what_its_end_says(steps: list[str], worth: int) -> None:
    world = World()
    live(lease_of(world.engine), *steps)
    assert used(world, WIDE, SLOTS) == [worth, 0]
    assert world.engine.standing(WIDE, world.now).open == 0


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([], "arrived"),
        ([], "settle"),
        ([], "forfeit"),
        (["sent"], "sent"),
        (["sent", "arrived"], "arrived"),
        (["sent", "arrived"], "release"),
        (["release"], "detach"),
        (["sent", "settle"], "release"),
        (["sent", "settle"], "settle"),
    ],
)
def test_a_step_out_of_order_is_an_error_and_changes_nothing(steps: list[str], wrong: str) -> None:
    world = World()
    lease = lease_of(world.engine)
    live(lease, *steps)
    before = used(world, WIDE, SLOTS)
    with pytest.raises(RuntimeError, match="a lease can't go from"):
        live(lease, wrong)
    assert used(world, WIDE, SLOTS) == before


def test_amounts_that_dont_fit_the_claims_are_an_error_and_end_nothing() -> None:
    world = World()
    lease = lease_of(world.engine)
    lease.sent()
    with pytest.raises(ValueError, match="2 claims, and 1 amounts"):
        lease.settle((7,))
    lease.settle((7, 1))
    assert used(world, WIDE, SLOTS) == [7, 0]


def test_a_lease_tells_how_full_the_fullest_of_its_rates_is() -> None:
    world = World()
    lease = world.engine.try_now(demand((SLOTS, 2), (WIDE, 75), (FAST, 1)), world.now)
    assert lease is not None
    assert lease.pressure == 0.75
    world.engine.standing(rate(0, 60.0), world.now)
    assert lease.pressure == 1.0


def test_a_detached_lease_goes_on_under_its_token() -> None:
    world = World()
    lease = lease_of(world.engine)
    lease.sent()
    token = lease.detach()
    other = world.engine.attach(token, world.now)
    assert used(world, WIDE, SLOTS) == [30, 1]
    other.settle((5, 1))
    assert used(world, WIDE, SLOTS) == [5, 0]


@pytest.mark.parametrize("steps", [(), ("sent",), ("sent", "arrived")])
def test_another_process_takes_a_lease_on_with_all_that_it_reserved(steps: tuple[str, ...]) -> None:
    here, there = World(), World()
    lease = lease_of(here.engine)
    live(lease, *steps)
    taken_on = there.engine.attach(lease.detach(), there.now)
    assert taken_on.state == lease_state(steps)
    assert used(there, WIDE, SLOTS) == [30, 1]
    there.run(100.0)
    assert used(there, WIDE, SLOTS) == [0 if "arrived" in steps else 30, 1]


def lease_state(steps: tuple[str, ...]) -> str:
    return steps[-1] if steps else "reserved"


@pytest.mark.parametrize("token", [b"", b"unlimited", b'["AAAA","settled",[]]'])
def test_bytes_that_are_no_token_are_refused(token: bytes) -> None:
    with pytest.raises(InvalidRequestError, match="no token of a lease"):
        World().engine.attach(token, 0.0)


def test_more_than_there_ever_is_fails_at_once_with_the_limit_in_words() -> None:
    world = World()
    call = world.call(demand((WIDE, 101)))
    assert isinstance(call.error, LimitExceededError)
    assert "one call needs 101 tokens, and the limit is 100 tokens a minute" in str(call.error)


def test_a_budget_that_cant_afford_a_call_says_what_is_left() -> None:
    world = World()
    world.call(demand((budget(5_000_000_000), 4_000_000_000)))
    world.run(1.0)
    call = world.call(demand((budget(5_000_000_000), 1_500_000_000)))
    assert isinstance(call.error, BudgetExceededError)
    assert "could cost 1.5 USD, and the budget of 5 USD has 1 USD left" in str(call.error)


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        (rate(500, 60.0), "500 requests a minute"),
        (rate(5, 10.0), "5 requests in 10 s"),
        (gauge(3), "3 calls at once"),
        (Quota(key="k", kind="calendar", unit="input_tokens", amount=1000, period="day"), "1,000 input tokens a day"),
        (Quota(key="k", kind="calendar", unit="requests", amount=5, period="total"), "5 requests"),
        (budget(250_000_000, period="day"), "the budget of 0.25 USD a day"),
    ],
)
def test_limits_are_described_in_words(quota: Quota, words: str) -> None:
    assert described(quota) == words


def test_what_doesnt_block_is_counted_and_forgotten_like_all_else() -> None:
    world = World()
    soft = Quota(key="soft", kind="rate", unit="requests", amount=2, window_s=4.0, blocks=False)
    for _ in range(2000):
        world.call(demand((soft, 1)))
        world.run(0.125)
    counter = world.counter(soft)
    assert counter.used <= 34
    assert len(counter._buckets) <= 34  # type: ignore[attr-defined]  # of a rate
    assert outcomes(world.calls) == ["lease"] * 2000


def test_what_doesnt_block_is_forgotten_too_where_all_have_to_wait() -> None:
    world = World()
    soft = Quota(key="soft", kind="rate", unit="requests", amount=2, window_s=4.0, blocks=False)
    for _ in range(400):
        world.call(demand((gauge(1), 1), (soft, 1)), Journey(to_end_s=0.125))
    world.run(50.0)
    assert len(world.counter(soft)._buckets) <= 34  # type: ignore[attr-defined]  # of a rate
    assert outcomes(world.calls) == ["lease"] * 400


def test_a_watcher_hears_once_that_a_quota_is_nearly_taken_and_again_after_it_has_fallen() -> None:
    heard: list[int] = []
    world = World(watch=lambda _quota, taken: heard.append(taken))
    quota = rate(10, 16.0)
    for amount in (7, 1, 1):
        world.call(demand((quota, amount)))
    assert heard == [8]
    world.run(32.0)
    world.call(demand((quota, 9)))
    assert heard == [8, 9]
    world.run(32.0)
    world.call(demand((quota, 1)))
    world.call(demand((quota, 8)))
    assert heard == [8, 9, 9]


def test_a_watcher_hears_of_what_a_reply_was_worth_with_the_next_call() -> None:
    heard: list[int] = []
    world = World(watch=lambda _quota, taken: heard.append(taken))
    world.call(demand((WIDE, 10)), Journey(worths=(85,)))
    world.run(1.0)
    world.call(demand((WIDE, 1)))
    assert heard == [86]


def test_a_budget_for_every_user_doesnt_fill_the_memory() -> None:
    world = World()
    for number in range(5000):
        lease = world.engine.try_now(demand((budget(100, key=f"user-{number}"), 10)), world.now)
        assert lease is not None
        lease.release()
    kept = world.call(demand((budget(100, key="kept"), 10)), Journey(to_end_s=1e6))
    for number in range(5000):
        lease = world.engine.try_now(demand((budget(100, key=f"more-{number}"), 10)), world.now)
        assert lease is not None
        lease.release()
    assert len(world.engine.book.counters) <= 1100
    assert kept.lease is not None
    assert used(world, budget(100, key="kept")) == [10]


def test_a_raised_amount_lets_those_go_on_who_wait() -> None:
    world = World()
    calls = [world.call(demand((gauge(1), 1)), Journey(to_end_s=50.0)) for _ in range(4)]
    assert outcomes(calls[:1]) == ["lease"]
    world.engine.standing(gauge(3), world.now)
    assert [call.lease is not None for call in calls] == [True, True, True, False]


@pytest.mark.parametrize("ask", ["wait_s", "call", "attach", "observe", "unblocked"])
def test_whoever_brings_another_amount_is_heard_by_those_who_wait(ask: str) -> None:
    world = World()
    calls = [world.call(demand((gauge(1), 1)), Journey(to_end_s=50.0)) for _ in range(3)]
    more = demand((gauge(3), 1))
    if ask == "wait_s":
        world.engine.wait_s(more, world.now)
    elif ask == "call":
        world.call(more)
    elif ask == "attach":
        other = World()
        token = other.engine.try_now(demand((gauge(4), 1)), other.now)
        assert token is not None
        world.engine.attach(token.detach(), world.now)
    elif ask == "observe":
        world.engine.observe(gauge(3), 0, None, world.now)
    else:
        free = Quota(key="gauge", kind="gauge", unit="concurrent", amount=1, blocks=False)
        assert world.call(demand((free, 1))).lease is not None
    assert calls[1].lease is not None


def test_a_lowered_amount_refuses_those_who_wait_for_more() -> None:
    world = World()
    world.call(demand((WIDE, 50)))
    waiting = world.call(demand((WIDE, 80)))
    world.engine.standing(rate(60, 60.0, unit="tokens"), world.now)
    assert isinstance(waiting.error, LimitExceededError)


def test_another_kind_under_the_same_key_is_another_counter() -> None:
    world = World()
    world.call(demand((rate(1, key="k"), 1)))
    assert world.call(demand((gauge(1, key="k"), 1))).lease is not None


def test_an_amount_of_nothing_lets_nothing_through_and_divides_nothing() -> None:
    world = World()
    nothing = rate(0, 60.0, unit="tokens")
    assert outcomes([world.call(demand((nothing, 1)))]) == ["LimitExceededError"]
    assert world.call(demand((nothing, 0), (FAST, 1))).lease is not None
    assert world.engine.wait_s(demand((nothing, 0)), world.now) == 0.0


def test_the_wait_is_told_without_reserving_anything() -> None:
    world = World()
    assert world.engine.wait_s(demand((FAST, 1)), world.now) == 0.0
    world.call(demand((FAST, 2)))
    world.run(20.0)
    assert world.engine.wait_s(demand((FAST, 1)), world.now) == pytest.approx(40.0)
    assert world.engine.wait_s(demand((FAST, 3)), world.now) == inf
    world.call(demand((FAST, 1)))
    world.call(demand((FAST, 2)))
    assert world.engine.wait_s(demand((FAST, 1)), world.now) == pytest.approx(100.0)
    world.engine.pause("a", 500.0, world.now)
    assert world.engine.wait_s(demand((FAST, 1), gates=("a",)), world.now) == 500.0


def test_the_wait_for_calls_under_way_is_a_guess_of_one_window() -> None:
    world = World()
    world.call(demand((FAST, 2)), Journey(to_head_s=500.0))
    assert world.engine.wait_s(demand((FAST, 1)), world.now) == 60.0
    world.call(demand((SLOTS, 2)), Journey(to_head_s=500.0))
    assert world.engine.wait_s(demand((SLOTS, 1)), world.now) == inf


def test_a_gate_lets_nobody_through_until_it_opens() -> None:
    world = World()
    world.engine.pause("a", 8.0, world.now)
    world.engine.pause("a", 2.0, world.now)
    world.engine.pause("b", 4.0, world.now)
    shut, other = world.call(demand((FAST, 1), gates=("a", "b"))), world.call(demand((FAST, 1), gates=("c",)))
    world.run(7.5)
    assert (shut.lease, other.lease is not None) == (None, True)
    world.run(0.5)
    assert shut.granted_at == 1024.0 + 8.0


def test_a_gate_that_shuts_while_calls_wait_is_waited_for() -> None:
    world = World()
    world.call(demand((FAST, 2), gates=("a",)))
    world.run(1.0)
    waiting = [world.call(demand((FAST, 1), gates=("a",))) for _ in range(2)]
    world.run(30.0)
    world.engine.pause("a", 60.0, world.now)
    world.run(59.0)
    assert outcomes(waiting) == ["NoneType", "NoneType"]
    world.run(1.0)
    assert outcomes(waiting) == ["lease", "lease"]


def test_a_forked_process_starts_with_its_limits_full() -> None:
    world = World()
    held = world.call(demand((FAST, 1), (SLOTS, 2), (MONEY, 10)), Journey(to_end_s=5.0))
    world.call(demand((SLOTS, 1)))
    world.engine.forked()
    assert used(world, FAST, SLOTS, MONEY) == [2, 2, 1_000]
    assert world.engine.standing(SLOTS, world.now).waiting == 0
    assert not world.engine.lines
    world.run(60.0)
    assert held.lease is not None
    assert held.lease.state == "settled"
    world.run(1.0)
    assert used(world, FAST, SLOTS, MONEY) == [0, 0, 1_000]


def test_a_standing_tells_what_is_open_when_some_comes_back_and_how_much_waits() -> None:
    world = World()
    world.call(demand((WIDE, 80)))
    world.run(1.0)
    world.call(demand((WIDE, 20)), Journey(to_head_s=500.0))
    world.call(demand((WIDE, 30)))
    standing = world.engine.standing(WIDE, world.now)
    assert (standing.used, standing.open, standing.reset_s, standing.waiting) == (100, 20, 59.0, 30)
