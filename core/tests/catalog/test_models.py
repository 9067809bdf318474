"""Models and their names, and what is listed for people."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog
from modelscan.catalog.format import Catalog as File
from modelscan.catalog.names import newest_snapshot, undated
from modelscan.catalog.reading import read
from modelscan.errors import UnknownNameError


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("gpt-5-2025-08-07", "gpt-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "anthropic.claude-sonnet-4"),
        ("gemini-flash@default", "gemini-flash"),
        ("chatgpt-4o-latest", "chatgpt-4o"),
        ("llama3:latest", "llama3"),
        ("claude@latest", "claude"),
        ("gpt-4-0613", "gpt-4-0613"),
        ("m-20251399", "m-20251399"),
        ("2025-08-07", "2025-08-07"),
        ("text-embedding-3-large", "text-embedding-3-large"),
        ("nova-2-latest-preview", "nova-2-latest-preview"),
    ],
)
def test_a_name_loses_its_date(name: str, bare: str) -> None:
    assert undated(name) == bare


def test_the_newest_snapshot_is_the_one_with_the_latest_date() -> None:
    known = ["big-20250101", "big-20260101", "big-20250601", "bigger-20270101", "big-mini-20270101"]
    assert newest_snapshot("big", known) == "big-20260101"
    assert newest_snapshot("small", known) == ""


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("big-1", "big-1"),
        ("big", "big-1"),
        ("big-latest", "big-1"),
        ("big-1-2026-01-31", "big-1"),
        ("big-2", "big-2-20260101"),
        ("big-2-latest", "big-2-20260101"),
        ("big-2-20250807", "big-2-20250807"),
        ("tiny@20260101", "tiny"),
    ],
)
def test_a_model_is_found_by_every_name_that_means_it(asked: str, found: str, catalog: Catalog) -> None:
    assert catalog.model(f"acme/{asked}").model.id == found


def test_an_exact_name_goes_before_an_alias(catalog: Catalog, packages: Packages) -> None:
    packages.put(
        "acme", "format: 1\nprovider: acme\nmodels: [{id: a-2026-01-01, aliases: [b]}, {id: a, aliases: [c]}]\n"
    )
    assert [catalog.model(f"acme/{name}").model.id for name in ("a-2026-01-01", "a", "b", "c")] == [
        "a-2026-01-01",
        "a",
        "a-2026-01-01",
        "a",
    ]


def test_a_model_has_a_name_and_how_fresh_it_is(catalog: Catalog) -> None:
    known = catalog.model("acme/big-1")
    assert known.name == "acme/big-1"
    assert known.freshness.verified == dt.date(2026, 11, 20)
    assert catalog.model("acme/big-1") is known


def test_an_unknown_model_is_refused_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(UnknownNameError, match=r"no model 'tinyy'\nDid you mean tiny\?") as refused:
        catalog.model("acme/tinyy")
    assert refused.value.provider == "acme"
    with pytest.raises(UnknownNameError, match="no provider 'nobody-at-all'"):
        catalog.model("nobody-at-all/x")


def test_models_are_listed_by_what_they_can_do(catalog: Catalog) -> None:
    def names(**asked: str) -> list[str]:
        return [known.model.id for known in catalog.models("acme", **asked)]

    assert names() == ["big-1", "big-2-20250807", "big-2-20260101", "tiny"]
    assert names(capability="embed") == ["tiny"]
    assert names(feature="tools") == ["big-1"]
    assert names(capability="embed", feature="tools") == []
    with pytest.raises(UnknownNameError, match="no provider 'other'"):
        catalog.models("other")
    with pytest.raises(UnknownNameError, match="no provider 'other'"):
        catalog.plans("other")
    with pytest.raises(UnknownNameError, match="no provider 'other'"):
        catalog.history("other/x")


def test_plans_are_listed_with_their_limits(catalog: Catalog) -> None:
    free, team = catalog.plans("acme")
    assert (free.plan, team.plan) == read(ACME, File, name="catalog.yaml").plans
    assert free.freshness.verified == dt.date(2026, 11, 20)
    assert team.freshness.trust == "unverified"


def test_the_table_says_whether_a_model_has_tools_schemas_and_reasoning(catalog: Catalog) -> None:
    catalog.prepare("acme")
    query = "SELECT has_tools, has_schema, has_reasoning FROM models ORDER BY id LIMIT 2"
    assert catalog._database.read(lambda connection: connection.execute(query).fetchall()) == [(1, 1, 1), (0, 0, 0)]


def test_providers_are_listed_with_how_much_is_known(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.catalog.catalog.installed_names", lambda: ("acme",))
    (known,) = catalog.providers()
    assert (known.provider, known.title, known.version) == ("acme", "Acme", "1.0")
    assert (known.plans, known.limits, known.models, known.priced_models) == (2, 5, 4, 2)
    assert known.quirks == ("A refused call counts.",)
    assert len(catalog.models()) == 4
