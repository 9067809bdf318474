"""`modelscan lint-plugin`: a right plugin is passed, and each fault is named where it stands."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelscan.authoring.answering import answers_of
from modelscan.authoring.isolation import faults_of_loading
from modelscan.authoring.linting import lint
from modelscan.authoring.rendering import render
from modelscan.cli.lint_plugin import lint_plugin

INIT = "src/modelscan_provider_acme/__init__.py"
CATALOG = "src/modelscan_provider_acme/catalog.yaml"


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    return render(answers_of("provider", "acme", {}), tmp_path)


def findings(folder: Path) -> list[str]:
    return [str(finding) for finding in lint(folder)]


def test_what_the_template_makes_is_right(plugin: Path) -> None:
    assert findings(plugin) == []
    found = CliRunner().invoke(lint_plugin, [str(plugin)], standalone_mode=False)
    assert found.return_value == 0
    assert "Nothing found" in found.output


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('name = "modelscan-provider-acme"', 'name = "acme"', "pyproject.toml:6:1: its name is modelscan-KIND-NAME"),
        ("modelscan.providers", "modelscan.provider", ':24:1: it has no entry point acme = "modelscan_provider_acme"'),
        ("\nacme = ", "\nakme = ", "pyproject.toml:24:1: the entry point akme in modelscan.providers belongs into"),
        (">=0.1,<1", "", "pyproject.toml:22:1: it doesn't say which core it needs"),
        ('">=3.11"', '"==3.11"', "pyproject.toml:10:1: it doesn't say from which Python on"),
        ('readme = "README.md"\n', "", "pyproject.toml:1:1: its metadata have no readme"),
        ("[project]", "[project", "pyproject.toml: Expected ']'"),
    ],
)
def test_wrong_metadata_are_told_with_their_line(plugin: Path, good: str, bad: str, told: str) -> None:
    path = plugin / "pyproject.toml"
    path.write_text(path.read_text().replace(good, bad, 1))
    assert any(told in finding for finding in findings(plugin))


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "src/modelscan_provider_acme/py.typed"])
def test_a_file_that_is_missing_is_named(plugin: Path, name: str) -> None:
    (plugin / name).unlink()
    assert [finding.partition(":")[0] for finding in findings(plugin)] == [name]


def test_without_package_or_metadata_that_is_all_that_is_said(plugin: Path) -> None:
    (plugin / "src").rename(plugin / "source")
    assert findings(plugin) == ["src/modelscan_provider_acme: the package isn't there"]
    (plugin / "pyproject.toml").unlink()
    assert findings(plugin) == ["pyproject.toml: there is none: a plugin is a package of its own"]


def test_a_wrong_catalog_is_told_with_line_and_column(plugin: Path) -> None:
    (plugin / CATALOG).write_text("format: 1\nprovider: acme\nplan: []\n")
    assert findings(plugin) == [f"{CATALOG}:3:7: 'plan' isn't known here: did you mean 'plans'?"]
    (plugin / CATALOG).write_text("format: 1\nprovider: akme\n")
    assert findings(plugin) == [f"{CATALOG}:2:11: the catalog is akme's, and the plugin is acme"]


def test_a_provider_of_the_level_data_needs_a_catalog_and_neither_tests_nor_a_codec(plugin: Path) -> None:
    path = plugin / "pyproject.toml"
    path.write_text(path.read_text().replace("[project]\n", '[project]\nkeywords = ["modelscan-level-data"]\n', 1))
    shutil.rmtree(plugin / "tests")
    (plugin / INIT).write_text('"""Acme: its data alone."""\n')
    (plugin / CATALOG).unlink()
    assert findings(plugin) == [f"{CATALOG}: it isn't there, and a plugin of the level `data` is nothing else"]
    (plugin / CATALOG).write_text("format: 1\nprovider: acme\n")
    assert findings(plugin) == []


Source = Callable[[str], list[str]]


@pytest.fixture
def with_source(plugin: Path) -> Source:
    def check(source: str) -> list[str]:
        (plugin / INIT).write_text(source)
        return findings(plugin)

    return check


RIGHT = """\
from modelscan.hookspecs import hookimpl
from modelscan.testing.scripted import plain_provider
@hookimpl
def modelscan_provider():
    return plain_provider("acme")
"""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (RIGHT, ""),
        (RIGHT.replace('"acme"', '"akme"'), "it can't be loaded (broken): "),
        (RIGHT.replace("modelscan_provider()", "modelscan_provider(client)"), "client"),
        (RIGHT.replace("def modelscan_provider", "def modelscan_provide"), "modelscan_provide"),
        ("import no_such_module_anywhere\n", "no_such_module_anywhere"),
        ("raise SystemExit(3)\n", "it can't be loaded (broken): SystemExit"),
        ("import os\nos._exit(3)\n", "the process that loaded it ended with code 3"),
        ("import socket\nsocket.getaddrinfo('127.0.0.1', 1)\n" + RIGHT, "it looks up an address when it is imported"),
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])\n" + RIGHT, "it starts a process when"),
        ("import os\nos.environ['HOME']\n" + RIGHT, "KeyError"),
        ("from modelscan.client import pipeline\n" + RIGHT, ":1:1: modelscan.client isn't public"),
        ("from modelscan.limits.memory import MemoryLimiter\n" + RIGHT, ":1:1: modelscan.limits.memory isn't public"),
        ("from modelscan.limits.calendar import period_of\n" + RIGHT, ""),
        ("def (\n", ":1:5: invalid syntax"),
    ],
)
def test_what_is_wrong_with_its_code_is_told(with_source: Source, source: str, told: str) -> None:
    found = with_source(source)
    assert any(told in finding for finding in found) if told else found == []


def test_a_kit_may_have_entry_points_of_any_kind_or_none(plugin: Path) -> None:
    path = plugin / "pyproject.toml"
    text = path.read_text().replace("modelscan-provider-acme", "modelscan-kit-acme")
    (plugin / "src" / "modelscan_provider_acme").rename(plugin / "src" / "modelscan_kit_acme")
    path.write_text(text.replace("modelscan_provider_acme", "modelscan_kit_acme"))
    assert findings(plugin) == []
    (plugin / "src" / "modelscan_kit_acme" / "__init__.py").write_text("")
    assert [finding for finding in findings(plugin) if "it can't be loaded" in finding]
    path.write_text(
        text.replace('[project.entry-points."modelscan.providers"]\nacme = "modelscan_provider_acme"\n', "")
    )
    assert findings(plugin) == []


def test_an_import_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "endless.py").write_text("while True: pass\n")
    monkeypatch.setattr("modelscan.authoring.isolation._LONGEST_S", 1.0)
    assert faults_of_loading(tmp_path, "modelscan.providers", "acme", "endless") == [
        "its import hasn't ended after 1 s"
    ]


def test_the_command_prints_what_it_found_and_fails(plugin: Path) -> None:
    (plugin / "LICENSE").unlink()
    found = CliRunner().invoke(lint_plugin, [str(plugin)], standalone_mode=False)
    assert (found.return_value, found.stdout) == (1, "LICENSE: it isn't there\n")
    as_json = CliRunner().invoke(lint_plugin, [str(plugin), "--json"], standalone_mode=False)
    assert json.loads(as_json.stdout) == [{"file": "LICENSE", "line": 0, "column": 0, "message": "it isn't there"}]
