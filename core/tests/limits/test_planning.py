"""Which quotas the calls of an account to a model touch: by what is given, what the catalog knows, what was learned."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from modelscan.catalog.answers import Freshness, KnownLimit
from modelscan.catalog.format import PublishedLimit
from modelscan.limits.learning import LimitReport
from modelscan.limits.learning.learned import Learned, LearnedLimit
from modelscan.limits.metering import Metered
from modelscan.limits.planning import Subject, is_of, of_plan, planned, tag_names
from modelscan.types.accounts import Account
from modelscan.types.limits import Limit

HERE = Account(provider="acme", name="here", organization="org")
THERE = Account(provider="acme", name="there", organization="org")
LONE = Account(provider="acme")
SMALL = Subject(LONE, "small")


def known(unit: str = "requests", amount: int | None = 100, **more: Any) -> KnownLimit:
    fields: dict[str, Any] = {"kind": "rate", "window_s": Decimal(60)} | more
    limit = PublishedLimit(unit=unit, amount=None if amount is None else Decimal(amount), **fields)
    return KnownLimit(provider="acme", plan="free", limit=limit, freshness=Freshness(verified=None, trust="official"))


def learned(amount: int = 30, **fields: Any) -> LearnedLimit:
    words: dict[str, Any] = {"unit": "requests", "window_s": 60.0, "scope": ("account",)} | fields
    told = LimitReport(limit=amount, **words)
    change = Learned().note("acme/default", "small", told, 0.0)
    assert change is not None
    return change.limit


def shown(metered: tuple[Metered, ...]) -> list[tuple[str, int]]:
    return [(each.quota.unit, each.quota.amount) for each in metered]


def keys(*subjects: Subject, **plan: Any) -> list[str]:
    return [planned(subject, **plan)[0].quota.key for subject in subjects]


# --- Given -----------------------------------------------------------------------------------------------------------


def test_what_is_given_stands_alone_and_is_used_whole() -> None:
    limits = planned(SMALL, given=[Limit("requests", 5, window_s=60)], known=[known()], learned=[learned()])
    assert shown(limits) == [("requests", 5)]
    assert (limits[0].origin, limits[0].is_strict) == ("given", False)


def test_all_models_of_an_account_share_a_given_limit_unless_its_scope_says_otherwise() -> None:
    large = Subject(LONE, "large")
    assert len(set(keys(SMALL, large, given=[Limit("requests", 5, window_s=60)]))) == 1
    assert len(set(keys(SMALL, large, given=[Limit("requests", 5, window_s=60, scope=("model",))]))) == 2


def test_accounts_of_one_organization_share_what_is_given_for_it() -> None:
    both = (Subject(HERE, "small"), Subject(THERE, "small"))
    assert len(set(keys(*both, given=[Limit("requests", 5, window_s=60)]))) == 2
    limit = Limit("requests", 5, window_s=60, scope=("organization",))
    assert len(set(keys(*both, given=[limit]))) == 1
    assert {planned(each, given=[limit])[0].quota.account for each in both} == {"acme@org"}


def test_each_value_of_a_tag_has_a_given_limit_of_its_own() -> None:
    limit = Limit("requests", 5, window_s=60, scope=("user", "region"))
    one, other = (planned(SMALL, given=[limit], tags={"user": name})[0].quota.key for name in ("ann", "bob"))
    assert one != other
    assert tag_names([limit, Limit("tokens", 9, window_s=60, scope=("feature", "user"))]) == ("user", "feature")


@pytest.mark.parametrize(
    ("limit", "kind", "period"),
    [
        (Limit("requests", 5, window_s=2), "rate", "day"),
        (Limit("concurrent", 5), "gauge", "day"),
        (Limit("tokens", 5, per="month"), "calendar", "month"),
        (Limit("tokens", 5, per="session"), "calendar", "total"),
    ],
)
def test_a_given_limit_is_of_the_kind_that_it_says(limit: Limit, kind: str, period: str) -> None:
    quota = planned(SMALL, given=[limit])[0].quota
    assert (quota.kind, quota.period) == (kind, period)


def test_a_limit_of_one_call_is_no_limit() -> None:
    with pytest.raises(ValueError, match="a limit isn't per call"):
        Limit("tokens", 5, per="call")


# --- Known -----------------------------------------------------------------------------------------------------------


def test_of_what_only_the_catalog_says_a_twentieth_is_left() -> None:
    assert shown(planned(SMALL, known=[known()])) == [("requests", 95)]
    assert shown(planned(SMALL, known=[known()], headroom=1.0)) == [("requests", 100)]
    assert shown(planned(SMALL, known=[known(amount=1)])) == [("requests", 1)]


def test_what_nobody_publishes_and_what_may_be_spent_holds_nothing_back() -> None:
    assert planned(SMALL, known=[known(amount=None), known("USD")]) == ()


def test_a_limit_concerns_the_models_that_it_names() -> None:
    assert planned(SMALL, known=[known(models=("large*",))]) == ()
    assert len(planned(SMALL, known=[known(models=("sm*",))])) == 1


def test_models_that_share_a_limit_have_one_counter() -> None:
    large = Subject(LONE, "large")
    assert len(set(keys(SMALL, large, known=[known(models=("small", "large"), is_shared=True)]))) == 1
    assert len(set(keys(SMALL, large, known=[known(models=("small", "large"))]))) == 2
    assert len(set(keys(SMALL, large, known=[known(scope=("model",))]))) == 2
    assert len(set(keys(SMALL, large, known=[known()]))) == 1


def test_accounts_of_one_organization_share_its_limit_but_not_those_of_projects() -> None:
    both = (Subject(HERE, "small"), Subject(THERE, "small"))
    assert len(set(keys(*both, known=[known(scope=("organization",))]))) == 1
    assert len(set(keys(*both, known=[known(scope=("organization", "project"))]))) == 2
    assert len(set(keys(*both, known=[known()]))) == 2


def test_a_region_has_its_own_limit() -> None:
    west = Account(provider="acme", region="west")
    assert planned(Subject(west, "small"), known=[known(region="east")]) == ()
    assert len(planned(Subject(west, "small"), known=[known(region="west")])) == 1
    assert len(planned(SMALL, known=[known(region="west")])) == 1


def test_an_endpoint_has_its_own_limit_and_the_others_have_the_one_for_all_else() -> None:
    limits = [known(amount=40, endpoints=("embeddings",)), known(amount=20, endpoints=("default",))]
    assert shown(planned(SMALL, known=limits, headroom=1.0)) == [("requests", 20)]
    assert shown(planned(Subject(LONE, "small", "embed"), known=limits, headroom=1.0)) == [("requests", 40)]


def test_a_burst_is_a_limit_of_a_shorter_time() -> None:
    small, burst = planned(SMALL, known=[known(amount=600, burst=Decimal(10))], headroom=1.0)
    assert (small.quota.amount, small.quota.window_s) == (600, 60.0)
    assert (burst.quota.amount, burst.quota.window_s) == (10, 1.0)
    assert len(planned(SMALL, known=[known(amount=600, burst=Decimal(600))])) == 1


def test_a_limit_of_the_catalog_says_what_counts_and_how_fresh_it_is() -> None:
    (limit,) = planned(SMALL, known=[known("tokens", counts={"input_tokens": Decimal(1)}, admission="asked")])
    assert limit.weights == (("input_tokens", 1),)
    assert limit.counts_asked
    assert limit.freshness is not None


def test_a_quota_of_a_subscription_begins_with_its_period() -> None:
    monthly: dict[str, Any] = {"kind": "calendar", "window_s": None, "period": "month"}
    (limit,) = planned(SMALL, known=[known(anchor="subscription", **monthly)])
    assert (limit.quota.period, limit.quota.anchor) == ("month", "")
    (limit,) = planned(SMALL, known=[known(anchor="15 00:00", **monthly)])
    assert limit.quota.anchor == "15 00:00"


def test_a_plan_shows_one_limit_for_models_that_have_one_each() -> None:
    limits = of_plan(LONE, [known(models=("small", "large")), known("tokens", scope=("model",))], 1.0)
    assert [each.models for each in limits] == ["small+large", ""]


# --- Learned ---------------------------------------------------------------------------------------------------------


def test_what_the_provider_tells_stands_instead_of_what_the_catalog_says() -> None:
    (limit,) = planned(SMALL, known=[known()], learned=[learned(30)])
    assert (limit.quota.amount, limit.origin) == (30, "learned")
    assert limit.quota.key == planned(SMALL, known=[known()])[0].quota.key


def test_the_headroom_that_a_user_wants_holds_for_what_is_learned() -> None:
    assert shown(planned(SMALL, learned=[learned(30)], headroom=0.5)) == [("requests", 15)]


def test_a_limit_that_nobody_knew_is_learned() -> None:
    limits = planned(
        SMALL, learned=[learned(30), learned(9, unit="tokens", kind="calendar", window_s=None, period="day")]
    )
    assert shown(limits) == [("requests", 30), ("tokens", 9)]
    assert [each.quota.period for each in limits] == ["day", "day"]


def test_of_two_limits_that_were_told_the_smaller_is_met_first() -> None:
    told = [learned(30), learned(20, scope=("organization",))]
    assert shown(planned(SMALL, learned=told)) == [("requests", 20)]
    assert shown(planned(SMALL, learned=told[::-1])) == [("requests", 20)]


def test_a_limit_of_another_window_is_another_limit() -> None:
    limits = planned(SMALL, known=[known(amount=600, burst=Decimal(10))], learned=[learned(5, window_s=1.0)])
    assert shown(limits) == [("requests", 570), ("requests", 9), ("requests", 5)]


def test_each_model_has_a_learned_limit_where_its_scope_says_so() -> None:
    large = Subject(LONE, "large")
    assert len(set(keys(SMALL, large, learned=[learned(scope=("model",))]))) == 2
    assert len(set(keys(SMALL, large, learned=[learned()]))) == 1


def test_a_report_is_about_a_quota_of_its_kind_unit_and_time() -> None:
    day = learned(9, unit="concurrent", kind="gauge", window_s=None)
    (gauge,) = planned(SMALL, given=[Limit("concurrent", 4)])
    assert is_of(gauge.quota, day)
    (daily,) = planned(SMALL, given=[Limit("requests", 4, per="day")])
    report = LimitReport(unit="requests", kind="calendar", period="day", limit=4)
    assert is_of(daily.quota, report)
    assert not is_of(daily.quota, LimitReport(unit="requests", kind="calendar", period="month", limit=4))
    assert not is_of(daily.quota, LimitReport(unit="requests", window_s=60.0, limit=4))


def test_a_retry_after_shuts_one_model_of_one_account() -> None:
    assert SMALL.gates == ("acme/default", "acme/default/small")
    assert SMALL.model_key == "acme/small"


def test_of_two_limits_that_count_the_same_the_smaller_is_held() -> None:
    subject = Subject(Account(provider="ex"), "m")
    (metered,) = planned(subject, given=[Limit("requests", 9, window_s=60), Limit("requests", 5, window_s=60)])
    assert metered.quota.amount == 5
    (metered,) = planned(subject, given=[Limit("requests", 5, window_s=60), Limit("requests", 9, window_s=60)])
    assert metered.quota.amount == 5
