"""Values of blocks whose shape nobody keeps to: one of another type counts as none, and costs that value alone."""

from __future__ import annotations

from typing import Any, Final

_MOST: Final = 2**53
"""Beyond it no count is one, and JSON's numbers aren't exact."""


def text(value: Any) -> str:
    """Text; empty for anything else."""
    return value if isinstance(value, str) else ""


def whole_number(value: Any) -> int | None:
    """A whole number that JSON keeps exactly; None for anything else."""
    return value if type(value) is int and -_MOST <= value <= _MOST else None


def count(*places: Any) -> int:
    """The first count that is told and isn't zero, in whichever place; zero for none, and for what can't be one."""
    for value in places:
        if value:
            return int(value) if type(value) in (int, float) and 0 < value <= _MOST else 0
    return 0


def listed(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; none for anything else."""
    return [item for item in listed(value) if isinstance(item, dict)]


def one_object(value: Any) -> dict[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
