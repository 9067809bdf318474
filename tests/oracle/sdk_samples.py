"""Bodies made from an SDK's own types of replies: everything that a vendor may send, seen or not.

Three ways to fill a type: `full` sets every field, `bare` none that may be left out, `null` sets those to null. Runs in
the oracle's environment.
"""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

import pydantic  # type: ignore[import-not-found]  # the oracle's environment has it

WAYS = ("full", "bare", "null")
_DEEPEST = 6
_PLAIN = {str: "text", int: 7, float: 0.5, bool: True, bytes: "Ynl0ZXM=", datetime: "2026-11-24T12:00:00Z"}


def members(annotation: Any) -> list[Any]:
    """The types of a union, however it is written."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [inner for one in typing.get_args(annotation) for inner in members(one)]
    return [annotation]


def sample(annotation: Any, way: str, depth: int = 0) -> Any:
    """A value of a type. A list holds one of each type that it may hold; another union is told by its first."""
    found = [one for one in members(annotation) if one is not type(None)]
    kind, inner = found[0], typing.get_args(found[0])
    origin = typing.get_origin(kind)
    if origin is Literal:
        return inner[0]
    if origin in (list, tuple) or kind is list:
        return [sample(one, way, depth + 1) for one in members(inner[0])] if inner and depth < _DEEPEST else []
    if origin is dict or kind is dict:
        return {"key": sample(inner[1], way, depth + 1)} if inner else {"key": "value"}
    if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
        return dict(_fields(kind, way, depth + 1))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return list(kind)[-1].value
    return _PLAIN.get(kind, {"key": "value"})


def _fields(model: Any, way: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        alias = field.alias or name
        is_nullable = type(None) in members(field.annotation)
        is_needed = not is_nullable and (field.is_required() or typing.get_origin(field.annotation) is Literal)
        if is_needed or (way == "full" and depth < _DEEPEST):
            yield alias, sample(field.annotation, way, depth)
        elif way == "null":
            yield alias, None
