"""What installed packages bring is imported when it has changed, without importing the packages."""

from __future__ import annotations

import datetime as dt
import os
import sys
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog, KnownModel
from modelscan.catalog.format import Catalog as File
from modelscan.catalog.format import Prices
from modelscan.catalog.installed import names, package_of
from modelscan.catalog.reading import read
from modelscan.errors import CatalogError, UnknownNameError

REAL = [package for package in map(package_of, names()) if package is not None]


def price_of_big(catalog: Catalog) -> Decimal:
    return catalog.price("acme/big-1").prices[0].units["input_tokens"]


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_question_imports_one_providers_data_and_no_package(catalog: Catalog) -> None:
    assert not catalog.is_ready("acme")
    assert catalog.model("acme/big-1").model.name == "Big One"
    assert catalog.is_ready("acme")
    assert "modelscan_provider_acme" not in sys.modules
    assert catalog.counts() == {
        "providers": 1,
        "models": 4,
        "aliases": 2,
        "plan_metadata": 2,
        "rate_limits": 5,
        "provider_pricing": 8,
        "pricing_history": 0,
        "validation_runs": 1,
    }


def test_an_import_is_recorded_as_a_look_at_the_rows(catalog: Catalog) -> None:
    catalog.prepare("acme")
    (run,) = catalog.validations("acme")
    assert (run.kind, run.outcome, run.source) == ("import", "changed", "modelscan-provider-acme")
    assert (run.checked, run.changed, run.more) == (19, 19, {"added": 19, "changed": 0, "ended": 0})
    assert dt.datetime.now(dt.UTC) - run.at < dt.timedelta(minutes=5)
    assert catalog.validations("other") == ()


def test_what_has_not_changed_is_not_read_again(catalog: Catalog, path: Path, packages: Packages) -> None:
    catalog.prepare("acme")
    file = packages.folder / "modelscan_provider_acme" / "catalog.yaml"
    state = os.stat(file)
    file.write_text("x" * state.st_size, encoding="utf-8")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = Catalog(path)
    assert price_of_big(again) == Decimal("0.30")
    assert [run.outcome for run in again.seed(["acme"])] == ["passed"]
    assert len(again.validations()) == 1


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_edited_file_and_another_version_are_imported(
    version: str, catalog: Catalog, path: Path, packages: Packages
) -> None:
    assert price_of_big(catalog) == Decimal("0.30")
    packages.put("acme", changed(ACME, "input_tokens: 0.30,", "input_tokens: 0.5,"), version=version)
    assert price_of_big(Catalog(path)) == Decimal("0.5")
    (run,) = catalog.seed(["acme"]) or ()
    assert run.outcome == "passed"
    assert price_of_big(catalog) == Decimal("0.5")
    old, new = [past for past in catalog.history("acme/big-1") if "cached_tokens" in getattr(past.row, "units", ())]
    assert isinstance(old.row, Prices)
    assert old.row.units["input_tokens"] == Decimal("0.30")
    assert old.ended is not None
    assert new.ended is None


def test_what_is_no_longer_there_is_ended_and_kept(catalog: Catalog, packages: Packages) -> None:
    catalog.prepare("acme")
    head, _, _ = ACME.partition("models:\n")
    head, _, _ = head.partition("  - id: team\n")
    packages.put("acme", head + "models: [{id: tiny, aliases: [big-1]}]\n", version="2.0")
    (run,) = catalog.seed(["acme"])
    assert run.more == {"added": 0, "changed": 1, "ended": 14}
    assert [known.model.id for known in catalog.models("acme")] == ["tiny"]
    assert [known.plan.id for known in catalog.plans("acme")] == ["free"]
    counts = catalog.counts()
    assert (counts["models"], counts["plan_metadata"], counts["rate_limits"]) == (4, 2, 5)
    assert (counts["provider_pricing"], counts["pricing_history"]) == (0, 8)
    assert catalog.price("acme/big-2-20260101").prices == ()
    assert catalog.price("acme/big-1").model == "tiny"
    packages.put("acme", ACME, version="3.0")
    catalog.seed(["acme"])
    assert len(catalog.models("acme")) == 4
    assert price_of_big(catalog) == Decimal("0.30")


def test_an_older_environment_does_not_undo_what_a_newer_one_knows(
    catalog: Catalog, path: Path, packages: Packages
) -> None:
    catalog.prepare("acme")
    newer = changed(ACME, "verified: 2026-11-20", "verified: 2026-11-23").replace(
        "input_tokens: 0.30,", "input_tokens: 9,"
    )
    packages.put("acme", newer, version="2.0")
    assert price_of_big(Catalog(path)) == Decimal(9)
    packages.put("acme", ACME, version="0.9")
    for _ in range(2):
        assert price_of_big(Catalog(path)) == Decimal(9)
    assert len([run for run in catalog.validations() if run.outcome == "changed"]) == 2


def test_two_environments_that_know_equally_much_do_not_change_the_data_to_and_fro(
    catalog: Catalog, path: Path, packages: Packages
) -> None:
    catalog.prepare("acme")
    other = changed(ACME, "input_tokens: 0.30,", "input_tokens: 9,")
    for _ in range(3):
        file = packages.put("acme", other, version="1.0.post1")
        os.utime(file, ns=(10**18, 10**18))
        assert price_of_big(Catalog(path)) == Decimal(9)
        file = packages.put("acme", ACME)
        os.utime(file, ns=(2 * 10**18, 2 * 10**18))
    assert catalog.counts()["pricing_history"] <= 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("format: 1\nprovider: acme\nmodels: [{}]\n", "catalog.yaml:3:10: "),
        ("format: 1\nprovider: other\n", "is about 'other', not 'acme'"),
        ("format: [", "catalog.yaml:2:1: "),
    ],
)
def test_data_that_cant_be_used_leaves_what_was_there_and_is_told_of(
    text: str, told: str, catalog: Catalog, packages: Packages, caplog: pytest.LogCaptureFixture
) -> None:
    catalog.prepare("acme")
    packages.put("acme", text, version="1.1")
    (run,) = catalog.seed(["acme"])
    assert run.outcome == "failed"
    assert told in run.problems[0]
    assert "the catalog keeps what it had of acme: " in caplog.text
    assert price_of_big(catalog) == Decimal("0.30")
    assert catalog.validations("acme")[-1] == run


def test_a_package_without_data_and_one_that_is_no_package_know_nothing(
    catalog: Catalog, packages: Packages, tmp_path: Path
) -> None:
    packages.put("bare", None)
    (packages.folder / "modelscan_provider_flat.py").write_text("", encoding="utf-8")
    packages.put("flat", None)
    for file in (packages.folder / "modelscan_provider_flat").iterdir():
        file.unlink()
    (packages.folder / "modelscan_provider_flat").rmdir()
    packages.put("gone", None)
    for name in ("bare", "flat", "gone"):
        assert catalog.seed([name]) == ()
        with pytest.raises(UnknownNameError, match=f"no provider '{name}'"):
            catalog.limits(name)


def test_a_package_that_stands_in_for_another_module_stops_nothing(
    catalog: Catalog, packages: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.put("odd", ACME.replace("provider: acme", "provider: odd"))
    monkeypatch.setitem(sys.modules, "modelscan_provider_odd", type(sys)("modelscan_provider_odd"))
    assert catalog.seed(["odd"]) == ()


@pytest.mark.skipif(not REAL, reason="no provider that brings data is installed")
def test_every_providers_file_comes_back_as_it_was(path: Path) -> None:
    catalog = Catalog(path)
    runs = catalog.seed()
    assert [run for run in runs if run.outcome == "failed"] == []
    for package in REAL:
        document = read(package.text(), File, name=package.path)
        assert tuple(known.plan for known in catalog.plans(package.provider)) == document.plans
        found = catalog.models(package.provider)
        assert [whole(catalog, known) for known in found] == list(document.models)
    assert len(catalog.providers()) >= len(REAL)
    assert len(catalog.models()) == catalog.counts()["models"]


def test_a_whole_file_comes_back_as_it_was(catalog: Catalog) -> None:
    document = read(ACME, File, name="catalog.yaml")
    assert tuple(known.plan for known in catalog.plans("acme")) == document.plans
    assert [whole(catalog, known) for known in catalog.models("acme")] == list(document.models)


def whole(catalog: Catalog, known: KnownModel) -> object:
    """A model with all its prices, whatever the plan."""
    rows = [past.row for past in catalog.history(known.name) if past.ended is None]
    kinds: dict[str, list[object]] = {"Prices": [], "Factor": [], "Allowance": []}
    for row in rows:
        kinds[type(row).__name__].append(row)
    prices, factors, free = (tuple(part) for part in kinds.values())
    return msgspec.structs.replace(known.model, prices=prices, factors=factors, free=free)


def test_nothing_is_lost_where_the_file_is_full(catalog: Catalog, path: Path) -> None:
    catalog.prepare("acme")
    with pytest.raises(CatalogError, match="can't be used"):
        catalog._database.write(lambda connection: connection.execute("SELECT raise_no_such_function()"))
    assert price_of_big(catalog) == Decimal("0.30")


def test_a_distribution_whose_metadata_cant_be_read_still_brings_its_data(catalog: Catalog, packages: Packages) -> None:
    packages.put("dim", ACME.replace("provider: acme", "provider: dim"))
    (packages.folder / "modelscan_provider_dim-1.0.dist-info" / "METADATA").write_bytes(b"")
    assert catalog.model("dim/tiny").model.id == "tiny"


def test_of_two_distributions_the_one_named_after_the_provider_brings_the_data(
    catalog: Catalog, packages: Packages
) -> None:
    packages.put("theirs", ACME.replace("provider: acme", "provider: theirs").replace("Big One", "From elsewhere"))
    info = packages.folder / "modelscan_provider_theirs-1.0.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa-fork\nVersion: 1.0\n", encoding="utf-8")
    info.rename(packages.folder / "aaa_fork-1.0.dist-info")
    forked = packages.folder / "aaa_fork-1.0.dist-info" / "entry_points.txt"
    forked.write_text("[modelscan.providers]\nacme = modelscan_provider_theirs\n", encoding="utf-8")
    packages.put("acme", ACME, version="1.1")
    assert catalog.model("acme/big-1").model.name == "Big One"
    assert catalog.validations("acme")[0].source == "modelscan-provider-acme"
