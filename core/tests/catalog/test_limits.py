"""Which limits hold for an account and a model."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from catalog_packages import Packages
from modelscan.catalog import Catalog, limit_type
from modelscan.catalog.format import PublishedLimit
from modelscan.errors import UnknownNameError

HEAD = """\
format: 1
provider: acme
plans:
"""
MODELS = """\
models:
  - {id: fast, aliases: [quick]}
  - {id: fast-2026-01-01}
  - {id: fast-mini}
"""


def amounts(catalog: Catalog, **asked: str) -> list[Decimal | None]:
    return [known.limit.amount for known in catalog.limits("acme", **asked)]


def plan(packages: Packages, *limits: str) -> None:
    rows = "".join(f"      - {{kind: rate, unit: requests, window_s: 60, {limit}}}\n" for limit in limits)
    packages.put("acme", f"{HEAD}  - id: only\n    limits:\n{rows}{MODELS}")


def test_without_a_plan_the_default_counts(catalog: Catalog) -> None:
    assert amounts(catalog) == [30, 5, 4]
    assert amounts(catalog, plan="free") == [30, 5, 4]
    assert amounts(catalog, plan="team") == [Decimal("1.50"), None]


@pytest.mark.parametrize(
    ("plans", "chosen"),
    [
        ("  - {id: first}\n  - {id: second}\n", "first"),
        ("  - {id: first}\n  - {id: second, is_free: true}\n", "second"),
        ("  - {id: first, is_free: true}\n  - {id: second, is_default: true}\n", "second"),
    ],
)
def test_without_a_default_the_free_plan_counts_then_the_first(
    plans: str, chosen: str, catalog: Catalog, packages: Packages
) -> None:
    limits = "limits: [{kind: gauge, unit: concurrent, amount: %d}]"
    text = plans.replace("first", "first, " + limits % 1).replace("second", "second, " + limits % 2)
    packages.put("acme", HEAD + text.replace("{id: first, ", "{id: first, "))
    assert [known.plan for known in catalog.limits("acme")] == [chosen]


def test_a_provider_without_plans_has_no_limits(catalog: Catalog, packages: Packages) -> None:
    packages.put("acme", "format: 1\nprovider: acme\n")
    assert catalog.limits("acme", model="any") == ()


def test_a_plan_without_limits_has_none(catalog: Catalog, packages: Packages) -> None:
    packages.put("acme", HEAD + "  - {id: only}\n")
    assert catalog.limits("acme", plan="only") == ()


def test_an_answer_says_all_and_how_fresh_it_is(catalog: Catalog) -> None:
    known = catalog.limits("acme", plan="team")[0]
    assert known.limit == PublishedLimit(
        kind="calendar",
        unit="USD",
        amount=Decimal("1.50"),
        period="day",
        zone="America/Los_Angeles",
        anchor="08:00",
        endpoints=("/v1/chat",),
        counts={"input_tokens": Decimal(1), "cached_tokens": Decimal("-0.9")},
        admission="asked",
        more={"tier": 2, "share": Decimal("0.5")},
        note="Asked for by mail.",
        source="map",
    )
    fresh = known.freshness
    assert (fresh.verified, fresh.trust, fresh.is_stale) == (dt.date(2026, 11, 1), "secondary", True)
    assert fresh.source_url == "https://map.example"
    assert catalog.limits("acme")[0].freshness.is_stale is False


def test_of_limits_that_count_the_same_the_nearest_to_the_model_holds(catalog: Catalog, packages: Packages) -> None:
    plan(
        packages,
        "amount: 1",
        "amount: 2, models: ['fast*']",
        "amount: 3, models: ['fast-m*']",
        "amount: 4, models: [fast]",
    )
    assert amounts(catalog, model="other") == [1]
    assert amounts(catalog, model="fast-x") == [2]
    assert amounts(catalog, model="fast-mini") == [3]
    assert amounts(catalog, model="fast") == [4]
    assert amounts(catalog) == [1, 2, 3, 4]


def test_limits_that_a_group_shares_hold_beside_the_nearest(catalog: Catalog, packages: Packages) -> None:
    plan(
        packages,
        "amount: 9, is_shared: true",
        "amount: 2, models: ['fast*'], is_shared: true",
        "amount: 1, models: [fast]",
    )
    assert amounts(catalog, model="fast") == [9, 2, 1]


def test_limits_that_count_something_else_hold_beside_each_other(catalog: Catalog, packages: Packages) -> None:
    plan(packages, "amount: 9", "amount: 2, models: [fast], region: eu", "amount: 3, models: [fast], scope: [project]")
    assert amounts(catalog, model="fast") == [9, 2, 3]


def test_a_model_is_found_by_an_alias_and_by_a_snapshots_name(catalog: Catalog, packages: Packages) -> None:
    plan(packages, "amount: 1", "amount: 4, models: [fast]")
    assert amounts(catalog, model="quick") == [4]
    assert amounts(catalog, model="fast-2027-03-04") == [4]
    assert amounts(catalog, model="fast@20270304") == [4]
    assert amounts(catalog, model="fast-latest") == [4]


def test_the_exact_name_goes_before_what_it_stands_for(catalog: Catalog, packages: Packages) -> None:
    plan(packages, "amount: 4, models: [fast]", "amount: 5, models: [quick]", "amount: 6, models: [fast-2026-01-01]")
    assert amounts(catalog, model="quick") == [5]
    assert amounts(catalog, model="fast-2026-01-01") == [6]
    assert amounts(catalog, model="fast") == [4]


def test_a_model_that_the_catalog_does_not_know_has_what_fits_its_name(catalog: Catalog) -> None:
    assert amounts(catalog, model="tiny-99") == [30]
    assert amounts(catalog, model="big-99") == [5]


def test_unknown_names_are_refused_with_the_nearest(catalog: Catalog) -> None:
    for _ in range(2):  # the second time out of memory
        with pytest.raises(UnknownNameError, match=r"no provider 'acmee'\nDid you mean acme"):
            catalog.limits("acmee")
        with pytest.raises(UnknownNameError, match=r"acme: the catalog has no plan 'tean'\nDid you mean team\?"):
            catalog.limits("acme", plan="tean")
    with pytest.raises(UnknownNameError, match=r"no plan 'xyz'\nIt knows free, team\."):
        catalog.limits("acme", plan="xyz")


def test_unknown_names_among_none_at_all(path: Path, packages: Packages) -> None:
    packages.put("acme", "format: 1\nprovider: acme\n")
    with pytest.raises(UnknownNameError) as refused:
        Catalog(path).limits("acme", plan="free")
    assert str(refused.value).startswith("acme: the catalog has no plan 'free'")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ({"kind": "rate", "unit": "requests", "window_s": Decimal(60)}, "rpm"),
        ({"kind": "rate", "unit": "requests", "window_s": Decimal(3600)}, "rph"),
        ({"kind": "rate", "unit": "tokens", "window_s": Decimal(86400)}, "tpd"),
        ({"kind": "calendar", "unit": "tokens", "period": "day"}, "tpd"),
        ({"kind": "rate", "unit": "input_tokens", "window_s": Decimal(60)}, "itpm"),
        ({"kind": "rate", "unit": "output_tokens", "window_s": Decimal(60)}, "otpm"),
        ({"kind": "rate", "unit": "images", "window_s": Decimal(1)}, "ips"),
        ({"kind": "gauge", "unit": "concurrent"}, "concurrent"),
        ({"kind": "gauge", "unit": "tokens"}, "tokens_at_once"),
        ({"kind": "calendar", "unit": "characters", "period": "month"}, "characters_per_month"),
        ({"kind": "rate", "unit": "USD", "window_s": Decimal(60)}, "USD_per_minute"),
        ({"kind": "rate", "unit": "requests", "window_s": Decimal(18000)}, "requests_per_18000_s"),
        ({"kind": "rate", "unit": "requests", "window_s": Decimal("1.5")}, "requests_per_1.5_s"),
    ],
)
def test_a_limit_has_the_fields_short_name(written: dict[str, object], name: str) -> None:
    assert limit_type(PublishedLimit(**written)) == name  # type: ignore[arg-type]


def test_the_short_names_are_in_the_table(catalog: Catalog) -> None:
    catalog.prepare("acme")
    query = "SELECT limit_type, value, burst, model_group, is_shared, region FROM rate_limits ORDER BY id"
    rows = catalog._database.read(lambda connection: connection.execute(query).fetchall())
    assert rows[0] == ("rpm", 30, None, "[]", 0, "")
    assert rows[2] == ("concurrent", 4, 2, '["big-1","big-2"]', 1, "eu")
    assert rows[3] == ("USD_per_day", "1.50", None, "[]", 0, "")
