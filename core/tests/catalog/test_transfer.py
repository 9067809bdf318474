"""What is exported comes back whole, history and all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog
from modelscan.catalog.format import Model, Prices
from modelscan.catalog.tables import TABLES
from modelscan.errors import CatalogError

FORMS = ("json", "csv")


@pytest.fixture
def full(catalog: Catalog, packages: Packages) -> Catalog:
    """A catalog with history, ended rows, rows of a user's, and text that CSV must quote."""
    catalog.prepare("acme")
    packages.put(
        "acme", ACME.replace("input_tokens: 0.30,", "input_tokens: 0.4,").partition("  - {id: tiny")[0], version="2"
    )
    catalog.seed(["acme"])
    catalog.upsert_model(
        "acme", Model(id="odd", name='a "b",\nc\r\nd', aliases=("z", "a"), more={"x": Decimal("0.10")})
    )
    catalog.upsert_price("acme/odd", Prices(units={"requests": Decimal("0.000000075")}, note="NULL"))
    catalog.upsert_provider("empty", title="")
    return catalog


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(tmp_path / "other.db")
    yield made
    made.close()


def export(catalog: Catalog, form: str, path: Path) -> Path:
    (catalog.export_json if form == "json" else catalog.export_csv)(path)
    return path


def take_in(catalog: Catalog, form: str, path: Path) -> None:
    (catalog.import_json if form == "json" else catalog.import_csv)(path)


def content(catalog: Catalog, folder: Path) -> object:
    catalog.export_json(folder / "content.json")
    return json.loads((folder / "content.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_exported_comes_back_whole(form: str, full: Catalog, other: Catalog, tmp_path: Path) -> None:
    take_in(other, form, export(full, form, tmp_path / "export"))
    assert content(other, tmp_path) == content(full, tmp_path)
    assert other.counts() == full.counts()
    assert full.counts()["pricing_history"] == 1
    assert other.history("acme/big-1") == full.history("acme/big-1")
    assert other.price("acme/odd") == full.price("acme/odd")


@pytest.mark.parametrize("form", FORMS)
def test_taking_in_the_same_again_changes_nothing(form: str, full: Catalog, tmp_path: Path) -> None:
    before = content(full, tmp_path)
    take_in(full, form, export(full, form, tmp_path / "export"))
    assert content(full, tmp_path) == before


@pytest.mark.parametrize("form", FORMS)
def test_taken_in_rows_win_and_nothing_is_lost(form: str, full: Catalog, tmp_path: Path) -> None:
    path = export(full, form, tmp_path / "export")
    full.upsert_price("acme/odd", Prices(units={"requests": Decimal(9)}))
    full.upsert_price("acme/more", Prices(units={"requests": Decimal(9)}))
    take_in(full, form, path)
    assert full.price("acme/odd").prices[0].units == {"requests": Decimal("0.000000075")}
    assert full.price("acme/more").prices[0].units == {"requests": 9}
    assert [past.row.units["requests"] for past in full.history("acme/odd")] == [  # type: ignore[union-attr]
        Decimal("0.000000075"),
        9,
        Decimal("0.000000075"),
    ]


def test_csv_is_a_table_for_people_and_programs(full: Catalog, tmp_path: Path) -> None:
    folder = export(full, "csv", tmp_path / "tables")
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{table}.csv" for table in TABLES)
    with open(folder / "rate_limits.csv", encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["provider"], first["limit_type"], first["value"], first["burst"]) == ("acme", "rpm", "30", "")


def test_a_table_that_is_missing_is_left_alone(full: Catalog, other: Catalog, tmp_path: Path) -> None:
    folder = export(full, "csv", tmp_path / "tables")
    (folder / "pricing_history.csv").unlink()
    other.import_csv(folder)
    assert other.counts()["pricing_history"] == 0
    assert other.counts()["models"] == full.counts()["models"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is no export of a catalog: Input data was truncated"),
        ('{"models": []}', "is no export of a catalog: Object contains unknown field"),
        ('{"modelscan_catalog": 99, "tables": {}}', "it is of version 99, and this ModelScan knows 2"),
        (
            '{"modelscan_catalog": 2, "tables": {"models": [{"nonsense": 1}]}}',
            "the table models has no column nonsense",
        ),
        ('{"modelscan_catalog": 2, "tables": {"models": [{"provider": "a"}]}}', "doesn't say its model"),
        ('{"modelscan_catalog": 2, "tables": {"models": [{"provider": "a", "model": "b"}]}}', "NOT NULL constraint"),
    ],
)
def test_what_is_no_export_is_refused(text: str, told: str, other: Catalog, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=told):
        other.import_json(tmp_path / "x.json")
    assert set(other.counts().values()) == {0}


def test_what_is_not_there_is_refused(other: Catalog, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="No such file"):
        other.import_json(tmp_path / "x.json")
    with pytest.raises(CatalogError, match=r"it holds none of providers\.csv"):
        other.import_csv(tmp_path)


def test_an_export_of_an_older_version_is_taken_in(other: Catalog, tmp_path: Path) -> None:
    row = '{"provider": "acme", "model": "m", "last_updated": "2026-01-01"}'
    (tmp_path / "x.json").write_text('{"modelscan_catalog": 1, "tables": {"models": [' + row + "]}}", encoding="utf-8")
    other.import_json(tmp_path / "x.json")
    assert other.model("acme/m").model.status == "available"


def test_an_export_sees_one_moment(full: Catalog, path: Path, tmp_path: Path) -> None:
    """A writer comes between two tables: neither has what he wrote."""
    elsewhere = apsw.Connection(str(path))
    seen: list[str] = []

    def between(text: str) -> None:
        if "FROM rate_limits" in text and not seen:
            seen.append(text)
            elsewhere.execute("UPDATE validation_runs SET source = 'in between'")

    reader = full._database._for_reading()
    reader.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: between(event["sql"]))
    full.export_json(tmp_path / "x.json")
    reader.trace_v2(0, None)
    assert seen
    assert "in between" not in (tmp_path / "x.json").read_text(encoding="utf-8")
