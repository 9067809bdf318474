"""One rule gives every name, and every distribution looks alike."""

from __future__ import annotations

import ast
import tomllib

import pytest

from workspace import CORE, MEMBERS, PLUGINS, ROOT, Member

# The folder a kind's plugins lie in, and the entry points they may have.
KINDS = {
    "providers": ("provider", "modelscan.providers"),
    "transports": ("transport", "modelscan.transports"),
    "limiters": ("limiter", "modelscan.limiters"),
    "strategies": ("strategy", "modelscan.strategies"),
    "caches": ("cache", "modelscan.caches"),
    "filters": ("filter", "modelscan.filters"),
    "stores": ("store", "modelscan.stores"),
    "tokenizers": ("tokenizer", "modelscan.tokenizers"),
    "auth": ("auth", "modelscan.auth"),
    "hooks": ("hook", "modelscan.hooks"),
    "kits": ("kit", ""),  # a kit is a library on the public API; it may have commands and hooks
}

DATA = {"__init__.py", "catalog.yaml", "py.typed"}

every_member = pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
every_plugin = pytest.mark.parametrize("member", PLUGINS, ids=lambda member: member.name)


@every_member
def test_a_member_has_what_a_distribution_needs(member: Member) -> None:
    needed = ["README.md", "LICENSE", "pyproject.toml", *([] if member.is_data else ["tests"])]
    assert [name for name in needed if not (member.folder / name).exists()] == []
    assert (member.package / "py.typed").is_file()
    assert (member.package / "__init__.py").is_file()


@every_member
def test_a_member_is_built_with_uv_build_under_the_projects_licence(member: Member) -> None:
    project = member.project
    assert project["build-system"]["build-backend"] == "uv_build"
    assert project["project"]["license"] == "Apache-2.0"
    assert project["project"]["requires-python"] == ">=3.11"
    assert (member.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@every_member
def test_a_member_configures_no_tool_but_its_backend(member: Member) -> None:
    assert list(member.project["tool"]) == ["uv"]
    assert list(member.project["tool"]["uv"]) == ["build-backend"]


@every_plugin
def test_a_plugins_folder_gives_all_of_its_names(member: Member) -> None:
    _, folder, name = member.name.split("/")
    kind, group = KINDS[folder]
    project = member.project["project"]
    assert project["name"] == f"modelscan-{kind}-{name}"
    assert member.package.name == f"modelscan_{kind}_{name.replace('-', '_')}"
    if group:
        assert project["entry-points"] == {group: {name: member.package.name}}


@every_plugin
def test_a_plugin_of_the_level_data_is_a_catalog_and_a_docstring(member: Member) -> None:
    if member.is_data:
        assert {path.name for path in member.package.iterdir()} - {"__pycache__"} == DATA
        (only,) = ast.parse((member.package / "__init__.py").read_text(encoding="utf-8")).body
        assert isinstance(only, ast.Expr)
        assert not (member.folder / "tests").exists(), "tests/conformance/test_catalogs.py holds what is to be tested"


@every_plugin
def test_a_plugin_says_which_core_it_needs(member: Member) -> None:
    needs = member.project["project"]["dependencies"]
    assert [need for need in needs if need.startswith("modelscan-core") and ">=" in need]


def test_every_member_comes_with_a_plain_sync() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [member.project["project"]["name"] for member in PLUGINS]
    assert [need.partition("[")[0] for need in root["dependency-groups"]["plugins"]] == sorted(names)
    sources = root["tool"]["uv"]["sources"]
    assert sources == {name: {"workspace": True} for name in [CORE.project["project"]["name"], *names]}
