"""Finding plugins imports none of them, and one unreadable distribution hides no other."""

from __future__ import annotations

import sys
import time

import pytest

from modelscan.errors import ConfigurationError
from modelscan.plugins import Plugins, discovery

from .conftest import Site


def installed_71(site: Site) -> None:
    for number in range(71):
        site.module(f"fake_many_{number}", "raise RuntimeError('imported')")
        site.distribution(
            f"modelscan-provider-many{number}", "modelscan.providers", {f"many{number}": f"fake_many_{number}"}
        )


def test_discovery_of_71_distributions_imports_no_plugin(site: Site) -> None:
    installed_71(site)
    plugins = Plugins()
    assert sum(name.startswith("many") for name in plugins.names("provider")) == 71
    assert sum(record.distribution.startswith("modelscan-provider-many") for record in plugins.records()) == 71
    assert not [name for name in sys.modules if name.startswith("fake_many")]


@pytest.mark.bench
def test_discovery_of_71_distributions_takes_20_ms_of_cpu_at_most(site: Site) -> None:
    installed_71(site)
    discovery.installed(fresh=True)
    spent = []
    for _ in range(5):
        start = time.process_time()
        discovery.installed(fresh=True)
        spent.append(time.process_time() - start)
    assert min(spent) <= 0.020


def test_looking_up_one_provider_imports_one(site: Site) -> None:
    site.provider("one")
    site.provider("two")
    Plugins().provider("one")
    assert "fake_provider_one" in sys.modules
    assert "fake_provider_two" not in sys.modules


def test_the_same_provider_is_given_each_time(site: Site) -> None:
    site.provider("one")
    plugins = Plugins()
    assert plugins.provider("one") is plugins.provider("one")


def test_entry_points_are_read_once_per_process(site: Site) -> None:
    assert discovery.installed() is discovery.installed()


def test_what_is_installed_while_the_program_runs_is_found_when_it_is_asked_for(site: Site) -> None:
    plugins = Plugins()
    plugins.names("provider")
    site.provider("late")
    assert plugins.provider("late").name == "late"
    assert [record.name for record in plugins.records("provider")].count("late") == 1


@pytest.mark.parametrize("content", [b"[modelscan.providers]\nno equals sign\n", b"\xff\xfe[modelscan.providers]\n"])
def test_an_unreadable_distribution_is_named_and_hides_no_other(site: Site, content: bytes) -> None:
    folder = site.distribution("modelscan-provider-garbled", "modelscan.providers", {"garbled": "x"})
    (folder / "entry_points.txt").write_bytes(content)
    stranger = site.distribution("some-other-thing", "console_scripts", {"x": "x:y"})
    (stranger / "entry_points.txt").write_bytes(content)
    site.provider("working")
    plugins = Plugins()
    plugins.check("provider")
    records = {record.name: record for record in plugins.records("provider")}
    assert records["working"].state == "loaded"
    assert records["garbled"].state == "broken"
    assert "its entry_points.txt can't be read" in records["garbled"].error
    assert records["garbled"].distribution == "modelscan-provider-garbled"


def test_a_distribution_without_metadata_still_works_and_hides_no_other(site: Site) -> None:
    folder = site.distribution("modelscan-provider-bare", "modelscan.providers", {"bare": "fake_provider_bare"})
    (folder / "METADATA").unlink()
    site.module("fake_provider_bare", "1 / 0")
    site.provider("working")
    plugins = Plugins()
    record = next(record for record in plugins.check("provider") if record.name == "bare")
    assert (record.state, record.distribution, record.advice) == ("broken", "", "")
    assert plugins.provider("working").name == "working"


def test_a_distribution_earlier_on_the_path_hides_its_older_self_even_beside_an_unreadable_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = site.path / "later"
    later.mkdir()
    Site(later).distribution("modelscan-provider-twice", "modelscan.providers", {"old": "fake_old"}, version="0.1")
    site.distribution("modelscan-provider-twice", "modelscan.providers", {"new": "fake_new"}, version="0.2")
    garbled = site.distribution("modelscan-provider-garbled", "modelscan.providers", {"garbled": "x"})
    (garbled / "entry_points.txt").write_text("[modelscan.providers]\nno equals sign\n")
    (site.distribution("nameless", "modelscan.providers", {"nameless": "x"}) / "METADATA").unlink()
    monkeypatch.setattr(sys, "path", [*sys.path, str(later)])
    names = Plugins().names("provider")
    assert "new" in names
    assert "old" not in names


def test_records_say_distribution_version_and_level(site: Site) -> None:
    site.module("fake_gold", "")
    site.distribution(
        "modelscan-provider-gold", "modelscan.providers", {"gold": "fake_gold"}, keywords="llm,modelscan-level-gold"
    )
    record = next(record for record in Plugins().records("provider") if record.name == "gold")
    assert (record.state, record.distribution, record.version) == ("found", "modelscan-provider-gold", "1.2.3")
    assert record.level == "gold"
    assert record.import_s is None


def test_an_unknown_kind_is_an_error_with_the_nearest_one() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'provider'"):
        Plugins().names("providers")
    with pytest.raises(ConfigurationError, match="It is one of: command, provider"):
        Plugins().records("xyzzy")
