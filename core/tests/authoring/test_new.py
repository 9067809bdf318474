"""`modelscan new`: what is made, where it is put, and what a person is asked."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelscan.authoring.rendering import KINDS, TEMPLATE
from modelscan.cli.new import new
from modelscan.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
WORKSPACE = """\
[dependency-groups]
plugins = [
  "modelscan-provider-a[x]",
  "modelscan-provider-openai",
  "modelscan-transport-aiohttp",
]

[tool.uv.workspace]
members = ["core", "plugins/*/*"]

[tool.uv.sources]
modelscan-core = { workspace = true }
modelscan-provider-a = { workspace = true }
modelscan-provider-openai = { workspace = true }
modelscan-transport-aiohttp = { workspace = true }

[tool.ruff]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(*arguments: str) -> Path:
    found = CliRunner().invoke(new, [*arguments, "--no-input"], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return Path(found.stdout.strip())


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_with_all_that_a_repository_needs(here: Path, kind: str) -> None:
    folder = made("hooks" if kind == "hook" else kind, "open-acme")
    package = f"src/modelscan_{kind}_open_acme"
    needed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "noxfile.py", ".gitignore"}
    needed |= {".github/workflows/checks.yml", ".github/workflows/release.yml"}
    needed |= {f"{package}/__init__.py", f"{package}/py.typed", f"tests/test_{kind}_open_acme.py"}
    assert folder.name == f"modelscan-{kind}-open-acme"
    assert needed <= files(folder)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert list(project["entry-points"].values()) == [{"open-acme": f"modelscan_{kind}_open_acme"}]
    assert not [path for path in folder.rglob("*") if path.is_file() and "cookiecutter" in path.read_text()]
    assert not [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_in_the_workspace_a_plugin_becomes_a_member_like_any_other(here: Path) -> None:
    (here / "pyproject.toml").write_text(WORKSPACE)
    folder = made("provider", "groq")
    assert folder.resolve() == here / "plugins" / "providers" / "groq"
    package = "src/modelscan_provider_groq"
    expected = {f"{package}/{name}" for name in ("__init__.py", "catalog.yaml", "py.typed")}
    expected |= {"LICENSE", "README.md", "pyproject.toml", "tests/test_provider_groq.py", "tests/cassettes/answer.yaml"}
    assert files(folder) == expected
    assert list(tomllib.loads((folder / "pyproject.toml").read_text())["tool"]) == ["uv"]
    root = tomllib.loads((here / "pyproject.toml").read_text())
    names = [
        "modelscan-provider-a",
        "modelscan-provider-groq",
        "modelscan-provider-openai",
        "modelscan-transport-aiohttp",
    ]
    assert [need.partition("[")[0] for need in root["dependency-groups"]["plugins"]] == names
    assert list(root["tool"]["uv"]["sources"]) == ["modelscan-core", *names]
    assert "ruff" in root["tool"]


def test_a_folder_outside_the_workspace_gets_a_repository(here: Path) -> None:
    (here / "pyproject.toml").write_text(WORKSPACE)
    assert (made("cache", "acme", "--output-dir", "elsewhere") / "noxfile.py").is_file()
    assert (here / "pyproject.toml").read_text() == WORKSPACE


def test_nothing_is_overwritten(here: Path) -> None:
    made("cache", "acme")
    with pytest.raises(ConfigurationError, match="already exists"):
        made("cache", "acme")


def test_a_person_in_a_terminal_is_asked_for_what_they_didnt_say(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.cli.new._is_terminal", lambda: True)
    answers = "Open Acme\ngemini\nhttps://acme.example\nheader\n\n\nchat, embed\n"
    found = CliRunner().invoke(new, ["provider", "acme", "--about", "A test"], input=answers, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    text = (here / "modelscan-provider-acme/src/modelscan_provider_acme/__init__.py").read_text()
    assert text.startswith('"""Open Acme: it speaks as Google')
    assert 'HeaderKey("x-api-key")' in text
    assert 'env=("ACME_API_KEY",)' in text
    assert "embed=EmbedContent()," in text
    assert "models=" not in text


@pytest.mark.parametrize(
    ("arguments", "answers"),
    [
        (["provider", "acme"], "\n\n\n\nnone\n\n"),
        (["provider", "acme", "--env", "ACME_TOKEN", "--capability", "chat"], "\n\n\n\n\n"),
        (["cache", "acme"], "\n\n"),
    ],
)
def test_nobody_is_asked_more_than_is_needed(
    here: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], answers: str
) -> None:
    monkeypatch.setattr("modelscan.cli.new._is_terminal", lambda: True)
    found = CliRunner().invoke(new, arguments, input=answers, catch_exceptions=False)
    assert found.exit_code == 0, found.output
    assert (here / f"modelscan-{arguments[0]}-acme").is_dir()


def test_a_provider_is_made_from_its_definition(here: Path) -> None:
    (here / "acme.yaml").write_text(
        "format: 1\nprovider: acme\nname: Acme\nfamily: gemini\n"
        "connection: {base_urls: {default: http://127.0.0.1:1, upload: http://127.0.0.1:2}}\ncapabilities: [chat]\n"
    )
    folder = made("provider", "acme", "--from", "acme.yaml")
    text = (folder / "src" / "modelscan_provider_acme" / "__init__.py").read_text()
    assert '"upload": "http://127.0.0.1:2",' in text
    assert "count_tokens" not in text


def test_a_definition_is_for_providers_only(here: Path) -> None:
    (here / "a.yaml").write_text("format: 1\n")
    found = CliRunner().invoke(new, ["cache", "acme", "--from", "a.yaml"])
    assert found.exit_code == 2
    assert "--from reads the definition of a provider" in found.output


def test_without_the_tools_it_says_what_to_install(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.authoring.find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="cookiecutter, jsonschema, yaml isn't installed"):
        made("cache", "acme")


def test_the_template_carries_the_projects_licence() -> None:
    (licence,) = TEMPLATE.glob("*/LICENSE")
    assert licence.read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere git makes links only for those who may")
def test_the_template_is_where_people_look_for_it() -> None:
    assert (ROOT / "template").resolve() == TEMPLATE.resolve()
