"""A catalog in a file of its own, and packages to fill it from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_packages import ACME, Packages
from modelscan.catalog import Catalog, freshness
from modelscan.plugins import notices


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packages:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(freshness, "_told", set())
    monkeypatch.setattr(notices, "_told", set())
    found = Packages(folder)
    found.put("acme", ACME)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "catalog.db"


@pytest.fixture
def catalog(packages: Packages, path: Path) -> Iterator[Catalog]:
    made = Catalog(path, today=lambda: dt.date(2026, 11, 24))
    yield made
    made.close()
