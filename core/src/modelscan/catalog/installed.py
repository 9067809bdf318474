"""Which installed packages bring a `catalog.yaml`: found without importing any of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec

import msgspec

from modelscan.plugins.discovery import Found, canonical, distribution_of, installed

FILE = "catalog.yaml"


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
    found = [one for one in installed() if one.kind == "provider" and one.name == provider]
    found.sort(key=lambda one: _distribution(one) != distribution_of("provider", provider))
    return next(_packages(found), None)


def _packages(found: list[Found]) -> Iterator[Package]:
    for one in found:
        path = _path(one)
        if path:
            yield Package(one.name, _distribution(one), path, f"{_version(one)} {_state(path)}")


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


def _distribution(found: Found) -> str:
    try:
        return canonical(found.distribution.name) if found.distribution else ""
    except Exception:  # noqa: BLE001 - metadata that can't be read: the data may still be
        return ""


def _version(found: Found) -> str:
    try:
        return found.distribution.version if found.distribution else ""
    except Exception:  # noqa: BLE001 - as above
        return ""
