"""Any order of demands, ends, cancellations and changes: the provider's door never sees a limit passed."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from limits_world import Ending, Journey, World
from modelscan.contracts.limiter import Claim, Demand, Quota

REQUESTS = Quota(key="requests", kind="rate", unit="requests", amount=4, window_s=16)
TOKENS = Quota(key="tokens", kind="rate", unit="tokens", amount=100, window_s=32)
SMALL = Quota(key="model/tokens", kind="rate", unit="tokens", amount=60, window_s=8)
GAUGE = Quota(key="gauge", kind="gauge", unit="concurrent", amount=3)
HOUR = Quota(key="hour", kind="calendar", unit="requests", amount=12, period="minute")
MONEY = Quota(key="money", kind="calendar", unit="USD", amount=500)
SOFT = Quota(key="soft", kind="calendar", unit="USD", amount=50, blocks=False)
STEPS_S = (0.0, 1 / 64, 0.5, 1.0, 3.0, 8.0, 16.0, 31.984375)
SETS: tuple[tuple[Quota, ...], ...] = (
    (REQUESTS,),
    (REQUESTS, GAUGE),
    (TOKENS, REQUESTS),
    (SMALL, TOKENS, GAUGE),
    (MONEY, REQUESTS),
    (MONEY, SOFT),
)
SETS += ((HOUR, GAUGE), (GAUGE,), (MONEY, GAUGE, TOKENS), (HOUR, MONEY))

seconds = st.sampled_from(STEPS_S)
endings = st.sampled_from(("settled", "settled", "settled", "cut", "lost", "unsent"))


@st.composite
def demands(draw: st.DrawFn) -> Demand:
    quotas = draw(st.sampled_from(SETS))
    parts = {"requests": (1,), "concurrent": (1, 1, 2), "tokens": (5, 30, 60), "USD": (10, 150, 400)}
    claims = tuple(Claim(quota, draw(st.sampled_from(parts[quota.unit]))) for quota in quotas)
    return Demand(
        account="a/default",
        model="m",
        claims=claims,
        tenant=draw(st.sampled_from(("", "ann", "bob"))),
        priority=draw(st.sampled_from((0, 0, 1))),
        gates=draw(st.sampled_from(((), (), ("a",)))),
        may_wait=draw(st.sampled_from((True, True, True, False))),
    )


class Limits(RuleBasedStateMachine):
    """One engine, all kinds of limits, and a clock on the machine that is set as one likes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(longest_wait_s=4096.0)
        self.lowered: set[str] = set()
        self.has_crashed = False

    def ask(self, demand: Demand, journey: Journey, deadline_s: float | None, *, cancels: bool) -> None:
        now = self.world.now
        claims = tuple(Claim(self.amount_now(claim.quota), claim.amount) for claim in demand.claims)
        changed = Demand(
            account=demand.account,
            model=demand.model,
            claims=claims,
            tenant=demand.tenant,
            priority=demand.priority,
            gates=demand.gates,
            may_wait=demand.may_wait,
            deadline=None if deadline_s is None else now + deadline_s,
        )
        self.world.call(changed, journey, is_cancelled_on_grant=cancels)

    def amount_now(self, quota: Quota) -> Quota:
        if quota.key not in self.lowered:
            return quota
        return Quota(**{name: getattr(quota, name) for name in quota.__struct_fields__} | {"amount": quota.amount // 2})

    @rule(
        demand=demands(),
        to_server_s=seconds,
        to_head_s=seconds,
        to_end_s=seconds,
        ending=endings,
        factor=st.sampled_from((0, 1, 1, 2)),
        deadline_s=st.sampled_from((None, None, 0.0, 4.0, 40.0)),
        cancels=st.sampled_from((False, False, False, True)),
    )
    def a_call_is_made(
        self,
        demand: Demand,
        to_server_s: float,
        to_head_s: float,
        to_end_s: float,
        ending: Ending,
        factor: int,
        deadline_s: float | None,
        cancels: bool,
    ) -> None:
        """Tokens may turn out to be more than was reserved; money is reserved by its bound."""
        worths = tuple(self.worth(claim, factor if ending == "settled" else min(factor, 1)) for claim in demand.claims)
        self.ask(demand, Journey(to_server_s, to_head_s, to_end_s, worths, ending), deadline_s, cancels=cancels)

    @staticmethod
    def worth(claim: Claim, factor: int) -> int:
        if claim.quota.unit == "tokens":
            return claim.amount * factor
        return claim.amount * min(factor, 1) if claim.quota.is_money else claim.amount

    @precondition(lambda self: not self.has_crashed)
    @rule(demand=demands(), to_head_s=seconds)
    def a_call_is_made_whose_holder_crashes(self, demand: Demand, to_head_s: float) -> None:
        self.has_crashed = True
        self.ask(demand, Journey(to_head_s=to_head_s, ending="crashed"), None, cancels=False)

    @rule(seconds=seconds)
    def time_passes(self, seconds: float) -> None:
        self.world.run(seconds)
        self.world.check_nobody_is_forgotten()

    @precondition(lambda self: any(not call.is_decided for call in self.world.calls))
    @rule(data=st.data())
    def a_caller_who_waits_is_cancelled(self, data: st.DataObject) -> None:
        self.world.cancel(data.draw(st.sampled_from([call for call in self.world.calls if not call.is_decided])))
        self.world.check_nobody_is_forgotten()

    @precondition(lambda self: any(call.lease for call in self.world.calls))
    @rule(data=st.data())
    def a_lease_is_detached_and_attached(self, data: st.DataObject) -> None:
        living = [call for call in self.world.calls if call.lease and call.lease.state in ("sent", "arrived")]
        if living:
            lease = data.draw(st.sampled_from(living)).lease
            assert lease is not None
            other = self.world.engine.attach(lease.detach(), self.world.now)
            lease.state = other.state  # the world goes on with the one it has: both hold the same entries
            assert other.entries is lease.entries

    @rule(quota=st.sampled_from((REQUESTS, TOKENS, GAUGE, HOUR)), used=st.integers(0, 60), reset_s=st.none() | seconds)
    def the_provider_tells_what_is_used(self, quota: Quota, used: int, reset_s: float | None) -> None:
        before = self.world.engine.standing(self.amount_now(quota), self.world.now)
        self.world.engine.observe(self.amount_now(quota), used, reset_s, self.world.now)
        after = self.world.engine.standing(self.amount_now(quota), self.world.now)
        if before.open:
            assert after.used >= min(before.used, after.used)
        self.world.check_nobody_is_forgotten()

    @rule(seconds=seconds)
    def the_provider_asks_for_a_pause(self, seconds: float) -> None:
        self.world.engine.pause("a", seconds, self.world.now)

    @rule(off_s=st.sampled_from((0.0, -3600.0, -30.0, 30.0, 90000.0)))
    def the_clock_of_the_machine_is_set(self, off_s: float) -> None:
        self.world.off_s = off_s
        self.world.was_clock_set = True

    @rule(quota=st.sampled_from((TOKENS, SMALL, GAUGE)))
    def an_amount_is_halved_or_raised_again(self, quota: Quota) -> None:
        self.lowered ^= {quota.key}
        self.world.engine.standing(self.amount_now(quota), self.world.now)
        self.world.check_nobody_is_forgotten()

    @invariant()
    def the_books_are_right(self) -> None:
        self.world.check_books()

    def teardown(self) -> None:
        """The door never saw an amount passed; everybody heard an answer; and in the end nothing is taken."""
        self.world.off_s = 0.0
        self.world.run(8192.0)
        for quota in (REQUESTS, TOKENS, SMALL, GAUGE, HOUR, MONEY):
            assert self.world.over_admitted(quota) <= 0, quota.key
        assert all(call.is_decided for call in self.world.calls)
        assert not self.world.engine.lines
        assert not self.world.engine.lines._lines
        crashed = [call for call in self.world.calls if call.lease and call.journey.ending == "crashed"]
        for counter in self.world.engine.book.counters.values():
            counter.free(self.world.now)
        self.world.run(64.0)  # what was taken between a reset by the one clock and by the other counts once more
        for quota in (REQUESTS, TOKENS, SMALL, GAUGE, HOUR):
            if quota.key in self.world.engine.book.counters:
                claims = [claim for call in crashed for claim in call.demand.claims]
                kept = sum(claim.amount for claim in claims if claim.quota.key == quota.key)
                assert self.world.engine.standing(quota, self.world.now).used <= kept, quota.key


TestLimits = Limits.TestCase
TestLimits.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
