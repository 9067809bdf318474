"""Which of a plan's limits hold for a model."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from modelscan.catalog.columns import texts_of
from modelscan.catalog.database import Row
from modelscan.catalog.limit_rows import COUNTED, IS_SHARED

_FOR_ALL = (0, 0)


def limits_of_model(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Those rows of `LIMITS` that hold for a model, by its names: as it was asked for, and as the catalog has it.

    Where models have an amount each, one that is named is no longer among those of a pattern, nor those among all:
    of such limits that count the same, the nearest holds. Limits that a group shares hold beside them.
    """
    fitting = [(row, near) for row in rows if (near := _nearness(row[0], names)) is not None]
    nearest: dict[Row, tuple[int, int]] = {}
    for row, near in fitting:
        nearest[row[COUNTED]] = max(near, nearest.get(row[COUNTED], near))
    return [row for row, near in fitting if row[IS_SHARED] or near == nearest[row[COUNTED]]]


def _nearness(group: str, names: Sequence[str]) -> tuple[int, int] | None:
    """How nearly a limit is meant for the model: by name, by a long pattern, by a short one, or with all; None: not."""
    if group == "[]":
        return _FOR_ALL
    nearest: tuple[int, int] | None = None
    for member in texts_of(group):
        near = _match(member, names)
        if near is not None and (nearest is None or near > nearest):
            nearest = near
    return nearest


def _match(member: str, names: Sequence[str]) -> tuple[int, int] | None:
    if member in names:
        return (2, -names.index(member))
    return (1, len(member)) if "*" in member and any(fnmatchcase(name, member) for name in names) else None
