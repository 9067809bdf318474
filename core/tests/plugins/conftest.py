"""Real distributions, made in a temporary folder on `sys.path`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs
import pytest

from modelscan.plugins import notices

PROVIDER = """
from modelscan.contracts.provider import Connection, Provider
from modelscan.hookspecs import hookimpl

class Errors:
    def error(self, response):
        return None

@hookimpl
def modelscan_provider():
    connection = Connection(base_urls={{"default": "https://example.org"}})
    return Provider(name={name!r}, connection=connection, errors=Errors(){more})
"""


def provider_source(name: str, more: str = "") -> str:
    """A module that provides a provider."""
    return PROVIDER.format(name=name, more=more)


@attrs.frozen
class Site:
    """A folder of installed distributions."""

    path: Path

    def distribution(
        self, name: str, group: str, entries: Mapping[str, str], *, version: str = "1.2.3", keywords: str = ""
    ) -> Path:
        """Write a dist-info folder with one group of entry points."""
        folder = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        metadata = f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nKeywords: {keywords}\n"
        (folder / "METADATA").write_text(metadata)
        lines = "".join(f"{entry} = {value}\n" for entry, value in entries.items())
        (folder / "entry_points.txt").write_text(f"[{group}]\n{lines}")
        return folder

    def module(self, name: str, source: str) -> None:
        """Write a module."""
        (self.path / f"{name}.py").write_text(source)

    def plugin(self, kind: str, name: str, source: str, *, distribution: str = "") -> None:
        """Install a plugin of one module: a provider where nothing else is said."""
        module = re.sub(r"\W", "_", f"fake_{kind}_{name}_{distribution}").rstrip("_")
        self.module(module, source)
        group = {"hook": "modelscan.hooks", "strategy": "modelscan.strategies", "auth": "modelscan.auth"}
        self.distribution(
            distribution or f"modelscan-{kind.replace('_', '-')}-{name}",
            group.get(kind, f"modelscan.{kind}s"),
            {name: module},
        )

    def provider(self, name: str, more: str = "", *, distribution: str = "") -> None:
        """Install a provider that works."""
        self.plugin("provider", name, provider_source(name, more), distribution=distribution)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty folder of distributions, first on the path."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(notices, "_told", set())
    before = set(sys.modules)
    yield Site(tmp_path)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]
