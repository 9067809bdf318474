"""How much is known and how surely, what contradicts what, and what an import would change."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog
from modelscan.catalog.coverage import coverage, stale
from modelscan.catalog.differing import changed_since, differences
from modelscan.catalog.format import Allowance, Plan, Prices
from modelscan.catalog.verifying import verify
from modelscan.errors import UnknownNameError

TODAY = dt.date(2026, 11, 24)


def damaged(catalog: Catalog, path: Path, statement: str) -> list[str]:
    """What a verification finds after somebody else has written into the file."""
    catalog.prepare("acme")
    connection = apsw.Connection(str(path))
    connection.execute(statement)
    connection.close()
    return [f"{problem.provider}: {problem.text}" for problem in verify(catalog, ["acme"]).problems]


def test_coverage_counts_rows_by_how_sure_they_are(catalog: Catalog) -> None:
    (acme,) = coverage(catalog, ["acme"], today=TODAY)
    assert (acme.title, acme.plans, acme.limits, acme.models) == ("Acme", 2, 5, 4)
    assert (acme.limited_units, acme.limits_of_plans) == (4, 4)
    assert (acme.priced_models, acme.prices) == (2, 5)
    assert (acme.official, acme.secondary, acme.unverified) == (6, 2, 2)
    assert acme.rows == acme.official + acme.secondary + acme.unverified
    assert (acme.oldest, acme.newest) == (dt.date(2026, 11, 1), dt.date(2026, 11, 20))


def test_all_providers_are_covered_where_none_is_named(catalog: Catalog) -> None:
    assert "acme" in {one.provider for one in coverage(catalog)}


def test_a_provider_without_limits_and_prices_is_covered_by_nothing(catalog: Catalog) -> None:
    catalog.upsert_provider("bare", title="Bare")
    (bare,) = coverage(catalog, ["bare"])
    assert (bare.rows, bare.oldest, bare.stale) == (0, None, 0)


def test_an_unknown_provider_is_an_error_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="acme"):
        coverage(catalog, ["acne"])


def test_rows_are_stale_after_seven_days_by_provider_kind_and_source(catalog: Catalog) -> None:
    fresh = {(each.kind, each.rows) for each in stale(catalog, ["acme"], today=dt.date(2026, 11, 27))}
    aged = [each for each in stale(catalog, ["acme"], today=dt.date(2026, 11, 28)) if each.kind == "limit"]
    assert ("limit", 3) not in fresh
    assert ("https://acme.example/limits", 3) in {(each.freshness.source_url, each.rows) for each in aged}
    assert all(each.freshness.is_stale for each in aged)


def test_of_a_month_the_first_day_counts(catalog: Catalog) -> None:
    def urls(day: int) -> set[str]:
        return {each.freshness.source_url for each in stale(catalog, ["acme"], today=dt.date(2026, 11, day))}

    assert "https://map.example" not in urls(8)
    assert "https://map.example" in urls(9)


def test_a_sound_catalog_has_no_problems_and_a_record_of_that(catalog: Catalog) -> None:
    result = verify(catalog, ["acme"], today=TODAY)
    assert result.is_sound
    assert [one.provider for one in result.coverage] == ["acme"]
    run = catalog.validations("acme")[-1]
    assert (run.kind, run.outcome, run.source, run.checked) == ("verify", "passed", "1.0", 10)
    assert run.more["unverified"] == 2


def test_a_package_that_cannot_be_read_is_a_problem(catalog: Catalog, packages: Packages) -> None:
    catalog.prepare("acme")
    packages.put("acme", ACME.replace("window_s: 60", "window_s: x", 1), version="2.0")
    result = verify(catalog, ["acme"])
    assert not result.is_sound
    assert "catalog.yaml" in result.problems[0].text
    assert catalog.validations("acme")[-1].outcome == "failed"


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM plan_metadata WHERE plan = 'free'", "acme: the limit rpm is of the plan 'free', not there"),
        ("DELETE FROM plan_metadata WHERE plan = 'team'", "acme: what big-1 includes is of the plan 'team', not there"),
        ("DELETE FROM models WHERE model = 'big-1'", "acme: the model big-1 has prices and is not there"),
        ("DELETE FROM models WHERE model = 'big-1'", "acme: the alias big is of the model big-1, not there"),
        ("UPDATE aliases SET alias = 'tiny' WHERE alias = 'big'", "acme: tiny is a model and an alias of big-1"),
        ("UPDATE plan_metadata SET is_default = 1", "acme: 2 plans are the default"),
        (
            "UPDATE provider_pricing SET valid_until = '2026-01-01' WHERE valid_from NOTNULL",
            "acme: a price of big-1 ends on 2026-01-01 and begins on 2026-02-01",
        ),
        (
            "UPDATE models SET usable_context_tokens = 999999 WHERE model = 'big-1'",
            "acme: the model big-1 has less context than is said to be usable",
        ),
        (
            "UPDATE rate_limits SET value = 'many' WHERE unit = 'tokens'",
            "acme: a value of rate_limits is no amount: many",
        ),
        ("UPDATE plan_metadata SET monthly = '12 EUR'", "acme: a monthly of plan_metadata is no amount: 12 EUR"),
    ],
)
def test_what_contradicts_itself_is_told(catalog: Catalog, path: Path, statement: str, problem: str) -> None:
    assert problem in damaged(catalog, path, statement)


def test_a_damaged_file_is_told(catalog: Catalog, path: Path) -> None:
    found = damaged(
        catalog,
        path,
        "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'ON validation_runs (provider, id)',"
        " 'ON validation_runs (kind, id)') WHERE name = 'validation_runs_by_provider'",
    )
    assert any(each.startswith(": the file is damaged: ") for each in found)


def test_other_providers_problems_are_left_out(catalog: Catalog, path: Path, packages: Packages) -> None:
    packages.put("other", ACME.replace("provider: acme", "provider: other"))
    catalog.prepare("other")
    assert damaged(catalog, path, "UPDATE plan_metadata SET is_default = 1 WHERE provider = 'other'") == []


def test_a_new_provider_is_one_difference(catalog: Catalog) -> None:
    found = [change for change in differences(catalog, ["acme"]) if change.provider == "acme"]
    assert [(change.kind, change.what, change.name) for change in found] == [("provider", "added", "Acme")]
    assert found[0].becomes == {"plan": 2, "limit": 5, "model": 4, "price": 8}
    assert catalog.counts()["models"] == 0


def test_differences_say_what_an_import_would_add_change_and_end(catalog: Catalog, packages: Packages) -> None:
    catalog.seed(["acme"])
    assert differences(catalog, ["acme"]) == []
    text = ACME.replace("amount: 30", "amount: 31").replace("{id: tiny,", "{id: small,")
    packages.put("acme", text, version="2.0")
    found = {(change.kind, change.name, change.what): change for change in differences(catalog, ["acme"])}
    assert set(found) == {
        ("limit", "free rpm", "changed"),
        ("model", "small", "added"),
        ("model", "tiny", "ended"),
    }
    limit = found["limit", "free rpm", "changed"]
    assert (limit.was, limit.becomes) == ({"value": 30}, {"value": 31})
    assert catalog.limits("acme")[0].limit.amount == 30
    catalog.seed(["acme"])
    assert differences(catalog, ["acme"]) == []


def test_what_a_user_wrote_is_no_difference(catalog: Catalog) -> None:
    catalog.seed(["acme"])
    catalog.upsert_plan("acme", Plan(id="mine"))
    assert differences(catalog, ["acme"]) == []


def test_what_was_written_since_a_moment_is_told(catalog: Catalog, packages: Packages) -> None:
    catalog.prepare("acme")
    before = dt.datetime.now(dt.UTC)
    catalog.upsert_price("acme/tiny", Prices(units={"requests": Decimal(1)}))
    catalog.upsert_price("acme/tiny", Allowance(unit="requests", amount=Decimal(9), period="day"))
    assert "  - id: big-2-20260101\n" in ACME
    text = ACME.replace("  - id: big-2-20260101\n", "  - id: big-3\n")
    packages.put("acme", text, version="2.0")
    catalog.seed(["acme"])
    found = {(change.kind, change.name, change.what) for change in changed_since(catalog, before)}
    assert {
        ("price", "tiny", "written"),
        ("model", "big-3", "written"),
        ("model", "big-2-20260101", "ended"),
        ("price", "big-2-20260101", "ended"),
    } <= found
    assert ("model", "big-1", "written") not in found
    assert changed_since(catalog, dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)) == []
