"""Function calls that come piece by piece, which Vertex AI does where `streamFunctionCallArguments` asks for it.

Each piece names the argument that it belongs to by a JSON path. Source: the schema `PartialArg` of Vertex AI v1 and a
recording, read 2026-11.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any, Final

import msgspec

from modelscan.errors import DecodeError
from modelscan.wire.gemini.parts import compact
from modelscan.wire.gemini.structs import NOTHING, FunctionCall, PartialArg

_STEP: Final = re.compile(r"""\.([^.\[]+)|\[(\d{1,9})\]|\[(?:'([^']*)'|"([^"]*)")\]""")
_MOST_ITEMS: Final = 10_000
_MOST_MISSING: Final = 16  # more are no list that somebody writes, and a short path could fill the memory
_MOST_KEYS: Final = 64
_MOST_EXACT: Final = 2**53

Key = str | int


class PartialCall:
    """The arguments of one call as they grow, at its place in the message."""

    def __init__(self, index: int, call: FunctionCall) -> None:
        self.index = index
        self._whole = bytes(call.args) if call.args != NOTHING else b""
        self._arguments: dict[str, Any] = {}
        self._continued: str | None = None
        self.add(call)

    def add(self, call: FunctionCall) -> None:
        """Takes the pieces of one part."""
        for piece in call.partial_args or ():
            self._take(piece)

    def arguments(self) -> str:
        """The arguments as JSON."""
        if self._whole and not self._arguments:
            return compact(self._whole)
        return msgspec.json.encode(self._arguments).decode()

    def _take(self, piece: PartialArg) -> None:
        path = piece.json_path or ""
        keys = keys_of(path)
        if not keys:
            return
        value = _value(piece)
        goes_on = path == self._continued
        self._continued = path if piece.will_continue else None
        _put(self._arguments, keys, value, joins=goes_on)


def is_partial(call: FunctionCall) -> bool:
    """Whether more of the call is to come, or this is a piece of it."""
    return bool(call.will_continue or call.partial_args)


def keys_of(path: str) -> list[Key]:
    """The keys and places of a JSON path; empty for one that can't be followed.

    >>> keys_of("$.stops[0].name")
    ['stops', 0, 'name']
    """
    keys: list[Key] = []
    place = 1
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None or (step[2] and int(step[2]) >= _MOST_ITEMS) or len(keys) == _MOST_KEYS:
            return []
        keys.append(int(step[2]) if step[2] else next(name for name in step.group(1, 3, 4) if name is not None))
        place = step.end()
    return keys


def _value(piece: PartialArg) -> Any:
    if piece.string_value is not None:
        return piece.string_value
    if piece.bool_value is not None:
        return piece.bool_value
    number = piece.number_value
    return int(number) if number is not None and number.is_integer() and abs(number) < _MOST_EXACT else number


def _put(container: Any, keys: list[Key], value: Any, *, joins: bool) -> None:
    """Sets the value at its place, making what is on the way; a string that goes on is joined."""
    for key, following in pairwise(keys):
        before = _at(container, key)
        fits = isinstance(before, list if isinstance(following, int) else dict)
        if not fits:
            before = [] if isinstance(following, int) else {}
            _set(container, key, before)
        container = before
    before = _at(container, keys[-1])
    _set(container, keys[-1], before + value if joins and isinstance(before, str) and isinstance(value, str) else value)


def _at(container: Any, key: Key) -> Any:
    if isinstance(container, dict):
        return container.get(key)
    return container[key] if isinstance(key, int) and key < len(container) else None


def _set(container: Any, key: Key, value: Any) -> None:
    if isinstance(container, list) and isinstance(key, int):
        if key > len(container) + _MOST_MISSING:
            raise DecodeError(f"item {key} of a call's argument comes after item {len(container) - 1}")
        container.extend([None] * (key + 1 - len(container)))
    container[key] = value
