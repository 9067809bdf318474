"""A distribution of the level `data` is known, never imported, and gives way to any that has a codec."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelscan.cli.plugins import plugins as plugins_command
from modelscan.client.diagnosis import diagnose
from modelscan.errors import PluginBrokenError, PluginNotFoundError
from modelscan.plugins import Plugins
from modelscan.wire.openai_compatible import openai_compatible

from .conftest import Site, provider_source


@pytest.fixture
def groq(site: Site) -> Site:
    """A site with groq's data, whose module must not be imported."""
    return data_only(site, "groq", "Project-URL: OpenAI-compatible API, https://api.groq.com/openai/v1\n")


def data_only(site: Site, name: str, more: str = "") -> Site:
    site.module(f"fake_data_{name}", "raise RuntimeError('imported')")
    folder = site.distribution(
        f"modelscan-provider-{name}",
        "modelscan.providers",
        {name: f"fake_data_{name}"},
        keywords="llm,modelscan-level-data",
    )
    with (folder / "METADATA").open("a") as file:
        file.write(more)
    return site


def test_it_is_recorded_with_its_level_and_not_among_the_names_that_can_be_asked(groq: Site) -> None:
    plugins = Plugins()
    (record,) = (one for one in plugins.check("provider") if one.name == "groq")
    assert (record.state, record.level, record.error, record.advice) == ("data", "data", "", "")
    assert "groq" not in plugins.names("provider")
    assert "fake_data_groq" not in sys.modules


def test_asking_for_it_says_what_it_holds_and_how_its_api_can_be_reached(groq: Site) -> None:
    with pytest.raises(
        PluginNotFoundError, match=r"'groq' can't be called yet: modelscan-provider-groq holds"
    ) as caught:
        Plugins().provider("groq")
    assert caught.value.provider == "groq"
    assert "modelscan catalog show groq" in caught.value.advice
    assert "'groq', base_url='https://api.groq.com/openai/v1', key='GROQ_API_KEY'" in caught.value.advice
    assert "fake_data_groq" not in sys.modules


def test_what_the_advice_says_works(groq: Site) -> None:
    given = openai_compatible("groq", base_url="https://api.groq.com/openai/v1", key="GROQ_API_KEY")
    plugins = Plugins(extra=[given])
    assert plugins.provider("groq").connection.base_urls["default"] == "https://api.groq.com/openai/v1"
    assert "groq" in plugins.names("provider")


def test_a_server_of_ones_own_needs_no_key(site: Site) -> None:
    data_only(site, "vllm", "Project-URL: OpenAI-compatible API, http://localhost:8000/v1\n")
    with pytest.raises(PluginNotFoundError) as caught:
        Plugins().provider("vllm")
    assert "base_url='http://localhost:8000/v1', key=None" in caught.value.advice


def test_a_vendor_with_an_interface_of_its_own_gets_no_such_advice(site: Site) -> None:
    data_only(site, "fal")
    with pytest.raises(PluginNotFoundError) as caught:
        Plugins().provider("fal")
    assert "openai_compatible" not in caught.value.advice


def test_a_codec_from_elsewhere_wins_although_the_name_is_the_datas(groq: Site) -> None:
    groq.plugin("provider", "groq", provider_source("groq"), distribution="acme-groq")
    plugins = Plugins()
    assert plugins.provider("groq").name == "groq"
    states = {one.distribution: one.state for one in plugins.records("provider") if one.name == "groq"}
    assert states == {"acme-groq": "loaded", "modelscan-provider-groq": "data"}


def test_of_two_codecs_from_elsewhere_neither_is_used_and_the_error_names_them(groq: Site) -> None:
    groq.plugin("provider", "groq", "1 / 0", distribution="acme-groq")
    groq.plugin("provider", "groq", "1 / 0", distribution="beta-groq")
    with pytest.raises(PluginBrokenError, match="claims the same name, so neither is used"):
        Plugins().provider("groq")


def test_the_configuration_may_block_it(groq: Site) -> None:
    records = Plugins(block=["provider:groq"]).records("provider")
    assert [one.state for one in records if one.name == "groq"] == ["blocked"]


def test_a_description_that_speaks_of_levels_says_nothing_of_the_plugins_own(site: Site) -> None:
    site.plugin("provider", "groq", provider_source("groq"))
    with (next(site.path.glob("*.dist-info")) / "METADATA").open("a") as file:
        file.write("\nKeywords: modelscan-level-data\n")
    assert Plugins().provider("groq").name == "groq"


def test_the_command_lists_it_apart(groq: Site) -> None:
    shown = CliRunner().invoke(plugins_command, ["--kind", "provider"], standalone_mode=False).output
    usable, _, data = shown.partition("Known by their data alone")
    assert "groq" not in usable
    assert "modelscan-provider-groq" in data


def test_the_diagnosis_counts_it_and_finds_no_fault(groq: Site) -> None:
    found = [one for one in diagnose() if one.topic == "plugins"]
    assert [one.verdict for one in found if "data alone" in one.text] == ["ok"]
    assert not [one for one in found if "groq" in one.text]


def test_the_diagnosis_names_an_address_that_no_codec_would_use(
    groq: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "modelscan.toml").write_text('[providers.groq]\nbase_url = "http://127.0.0.1:1"\n')
    monkeypatch.chdir(tmp_path)
    (found,) = (one for one in diagnose() if one.topic == "configuration" and one.verdict == "problem")
    assert "'groq', which can't be called yet" in found.text
