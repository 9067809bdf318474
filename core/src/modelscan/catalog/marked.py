"""YAML with the place of every value: numbers exact, dates as text, a key that is there twice refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import attrs
import yaml

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 40  # an alias that holds itself never ends
_TAG: Final = "tag:yaml.org,2002:"
_DECIMAL: Final = re.compile(r"[-+]?(\d[\d_]*)?\.?\d+([eE][-+]?\d+)?")


@attrs.frozen
class Position:
    """A place in a text, both counted from 1."""

    line: int
    column: int


class MarkedYamlError(ValueError):
    """The text is no YAML, or not of the kind that these files are made of."""

    def __init__(self, position: Position, message: str) -> None:
        super().__init__(message)
        self.position = position
        self.message = message


@attrs.frozen
class Marked:
    """A document: its plain value, and where each part of it stands."""

    value: Any  # whatever the YAML holds
    _root: yaml.Node | None

    def position(self, path: Sequence[str | int]) -> Position:
        """Where a value stands, by the keys and indexes that lead to it; of a path that leaves, the last part there."""
        node = self._root
        for step in path:
            inner = _step(node, step)
            if inner is None:
                break
            node = inner
        return Position(1, 1) if node is None else _position(node.start_mark)


def load(text: str) -> Marked:
    """The document. Raises `MarkedYamlError`."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MarkedYamlError(
            Position(1, 1) if mark is None else _position(mark), error.problem or "this is no YAML"
        ) from error
    except yaml.YAMLError as error:  # a character that YAML doesn't allow
        raise MarkedYamlError(Position(1, 1), str(error)) from error
    return Marked(None if root is None else _value(root, 0), root)


def _value(node: yaml.Node, depth: int) -> Any:
    if depth > _DEEPEST:
        raise MarkedYamlError(_position(node.start_mark), "this is nested too deeply")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, depth + 1) for item in node.value]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, depth: int) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise MarkedYamlError(_position(key.start_mark), "a key is a word")
        if key.value in result:
            raise MarkedYamlError(_position(key.start_mark), f"the key {key.value!r} is there twice")
        result[key.value] = _value(value, depth + 1)
    return result


def _scalar(node: yaml.Node) -> Any:
    text: str = node.value
    kind = node.tag.removeprefix(_TAG)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() in ("true", "yes", "on")
    if kind in ("int", "float") and _DECIMAL.fullmatch(text):
        plain = text.replace("_", "")
        return Decimal(plain) if kind == "float" else int(plain)
    return text


def _step(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    inner: yaml.Node | None = None
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        inner = node.value[step]
    elif isinstance(node, yaml.MappingNode):
        inner = next((value for key, value in node.value if key.value == step), None)
    return inner


def _position(mark: yaml.Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)
