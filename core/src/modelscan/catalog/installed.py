"""Which installed packages bring a `catalog.yaml`: found without importing any of them."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import Final

import msgspec

from modelscan.plugins.discovery import Found, canonical, distribution_of, installed

FILE: Final = "catalog.yaml"
_TOLD: Final = re.compile(r"(?mi)^(name|version):(.*)$")


class Package(msgspec.Struct, frozen=True):
    """A provider's package that brings data. `version` changes whenever the data may have."""

    provider: str
    distribution: str
    path: str
    version: str

    def text(self) -> str:
        """What its file says. Raises `OSError`."""
        with open(self.path, encoding="utf-8") as file:
            return file.read()


def names() -> tuple[str, ...]:
    """The providers that are installed, sorted, whether they bring data or not."""
    return tuple(sorted({found.name for found in installed() if found.kind == "provider"}))


def package_of(provider: str) -> Package | None:
    """What brings a provider's data; None where nothing does. The distribution that is named after it goes first."""
    found = [_package(one) for one in installed() if one.kind == "provider" and one.name == provider]
    packages = [package for package in found if package is not None]
    packages.sort(key=lambda package: package.distribution != distribution_of("provider", provider))
    return packages[0] if packages else None


def _package(found: Found) -> Package | None:
    path = _path(found)
    if not path:
        return None
    told = _told(found)
    version = f"{told.get('version', '')} {_state(path)}"
    return Package(found.name, canonical(told.get("name", "")), path, version)


def _path(found: Found) -> str:
    module = found.entry_point.value.partition(":")[0].partition(".")[0] if found.entry_point else ""
    try:
        spec = find_spec(module) if module else None
    except (ImportError, ValueError):  # what is installed there is broken, or stands in for a module
        return ""
    folders = (spec.submodule_search_locations or ()) if spec else ()
    paths = [os.path.join(folder, FILE) for folder in folders]
    return next((path for path in paths if os.path.isfile(path)), "")


def _state(path: str) -> str:
    """An editable package's version stays while its file changes, so the file is looked at too."""
    found = os.stat(path)
    return f"{found.st_size} {found.st_mtime_ns}"


def _told(found: Found) -> dict[str, str]:
    """The distribution's name and version, read as text: a parser takes longer than the rest of a first answer."""
    try:
        text = found.distribution.read_text("METADATA") if found.distribution else ""
    except Exception:  # noqa: BLE001 - metadata that can't be read: the data may still be
        text = ""
    return {match[1].lower(): match[2].strip() for match in _TOLD.finditer((text or "").partition("\n\n")[0])}
