"""Everything that the catalog publishes is documented, where it is and on its page."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import modelscan.catalog
from modelscan.catalog import Catalog

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "catalog.md"
METHODS = [name for name in vars(Catalog) if not name.startswith("_")]


@pytest.mark.parametrize("name", modelscan.catalog.__all__)
def test_a_public_name_is_documented(name: str) -> None:
    value = getattr(modelscan.catalog, name)
    assert name == "PriceRow" or inspect.getdoc(value)  # a union of classes has no text of its own
    assert re.search(rf"\b{name}\b", text())
    assert name in dir(modelscan.catalog)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(Catalog, name))
    assert f"`{name}" in text() or f"catalog.{name}(" in text()


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Catalogue'"):
        getattr(modelscan.catalog, "Catalogue")  # noqa: B009 - a checker would refuse the name itself


def test_importing_the_package_is_cheap() -> None:
    tell = "import sys, modelscan.catalog; print({'apsw', 'yaml', 'msgspec'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True).stdout == "set()\n"


def text() -> str:
    """The page about the catalog."""
    return PAGE.read_text(encoding="utf-8")
