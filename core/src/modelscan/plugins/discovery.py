"""What is installed: entry points are read once per process, and nothing is imported."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from modelscan.plugins.builtins import BUILTINS
from modelscan.plugins.kinds import COMPONENTS, KIND_OF

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint, IDistribution


class Found(msgspec.Struct, frozen=True, eq=False):
    """One entry point of ours. `error` says why its distribution can't be read; there is no entry point then."""

    kind: str
    name: str
    entry_point: EntryPoint | None
    distribution: IDistribution | None = None
    is_builtin: bool = False
    error: str = ""


_last: tuple[tuple[str, ...], tuple[Found, ...]] | None = None


def installed(*, fresh: bool = False) -> tuple[Found, ...]:
    """All plugins on `sys.path`, the core's own first; `fresh` reads again what was installed since."""
    global _last  # noqa: PLW0603 - what is installed belongs to the process, not to a client
    path = tuple(sys.path)
    if fresh or _last is None or _last[0] != path:
        _last = (path, (*_builtins(), *_read()))
    return _last[1]


def canonical(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def distribution_of(kind: str, name: str) -> str:
    """The distribution that has the first claim to a name."""
    return canonical(f"modelscan-{kind}-{name}")


def _builtins() -> Iterable[Found]:
    from importlib_metadata import EntryPoint

    for group, name, value in BUILTINS:
        yield Found(KIND_OF[group], name, EntryPoint(name, value, group), is_builtin=True)


def _ours(points: Iterable[EntryPoint]) -> Iterable[Found]:
    for point in points:
        kind = KIND_OF.get(point.group)
        if kind is not None:
            yield Found(kind, point.name, point, point.dist)


def _read() -> Iterable[Found]:
    """Each distribution by itself, so that an unreadable one stops no other."""
    import importlib_metadata

    # The interpreter puts a zip file on the path that hardly ever exists; looking into it would take most of the time.
    path = [folder for folder in sys.path if os.path.exists(folder or os.curdir)]
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions(path=path):
        try:
            name = canonical(_name_of(distribution))
        except Exception:  # noqa: BLE001 - no readable metadata: nobody can say what it is
            name = ""
        if not name or name in seen:  # an earlier folder on the path hides a later one
            continue
        seen.add(name)
        try:
            points = tuple(distribution.entry_points)
        except Exception as error:  # noqa: BLE001 - whatever its file holds, the others are read
            yield from _unreadable(name, distribution, error)
        else:
            yield from _ours(points)


def _name_of(distribution: IDistribution) -> str:
    """Its name; where the library knows it from the folder's, the metadata isn't read: that takes ten times as long."""
    return getattr(distribution, "_normalized_name", "") or distribution.name


def _unreadable(name: str, distribution: IDistribution, error: Exception) -> Iterable[Found]:
    for kind in COMPONENTS:
        prefix = distribution_of(kind, "")
        if name.startswith(prefix):
            why = f"its entry_points.txt can't be read: {type(error).__name__}: {error}"
            yield Found(kind, name.removeprefix(prefix), None, distribution, error=why)
