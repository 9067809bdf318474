"""Whoever waits starts no later than it would have if nobody had come after it."""

from __future__ import annotations

from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

from limits_world import Journey, World, demand, gauge, rate
from modelscan.contracts.limiter import Quota

TOKENS = rate(100, 64.0, unit="tokens")
MODEL = rate(60, 16.0, unit="tokens", key="model")
SLOTS = gauge(4)
SETS: tuple[tuple[Quota, ...], ...] = ((TOKENS,), (TOKENS, MODEL), (MODEL,), (TOKENS, SLOTS), (MODEL, SLOTS), (SLOTS,))

Comer = tuple[float, tuple[tuple[Quota, int], ...], str, Journey]

seconds = st.sampled_from((0.0, 0.5, 2.0, 5.0, 11.0))


@st.composite
def comers(draw: st.DrawFn) -> Comer:
    """How long until the next comes, what one asks for, whose it is, and how long it takes."""
    quotas = draw(st.sampled_from(SETS))
    amount = draw(st.sampled_from((5, 20, 50)))
    claims = tuple((quota, 1 if quota is SLOTS else amount) for quota in quotas)
    journey = Journey(to_head_s=draw(seconds), to_end_s=draw(seconds))
    return draw(seconds), claims, draw(st.sampled_from("abc")), journey


def start_of(before: list[Comer], after: list[Comer], quotas: tuple[Quota, ...], amount: int) -> float:
    """When a large demand is granted that comes between these."""
    world = World()
    for gap_s, claims, tenant, journey in before:
        world.call(demand(*claims, tenant=tenant, may_wait=False), journey)
        world.run(gap_s)
    large = world.call(demand(*((quota, 3 if quota is SLOTS else amount) for quota in quotas), tenant="large"))
    for gap_s, claims, tenant, journey in after:
        world.call(demand(*claims, tenant=tenant), journey)
        world.run(gap_s)
    world.run(400.0)
    for quota in (TOKENS, MODEL, SLOTS):
        assert world.over_admitted(quota) <= 0
    return large.granted_at


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(comers(), max_size=8),
    after=st.lists(comers(), max_size=12),
    quotas=st.sampled_from(SETS),
    amount=st.sampled_from((30, 60)),
)
def test_who_comes_later_delays_nobody(
    before: list[Comer], after: list[Comer], quotas: tuple[Quota, ...], amount: int
) -> None:
    alone = start_of(before, [], quotas, amount)
    assert alone < inf
    assert start_of(before, after, quotas, amount) <= alone
