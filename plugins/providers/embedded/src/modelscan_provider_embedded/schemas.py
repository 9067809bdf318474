"""Which JSON Schemas the runtime really enforces.

llama.cpp turns a schema into a grammar and leaves out, in silence, what it has no rule for. A caller who asks for
`strict` gets an error instead. (Tried against llama.cpp's converter in xllamacpp 2026.10.11549, 2026-11.)
"""

from __future__ import annotations

import re
from typing import Any, Final

from modelscan.errors import UnsupportedError

_ENFORCED: Final = frozenset(
    "$defs $ref additionalProperties allOf anyOf const definitions enum format items maxItems maxLength minItems "
    "minLength oneOf pattern prefixItems properties required type".split()
)
_ANNOTATIONS: Final = frozenset(
    "$comment $id $schema default deprecated description examples readOnly title writeOnly".split()
)
_BOUNDS: Final = frozenset("minimum maximum exclusiveMinimum exclusiveMaximum".split())
_MAPS: Final = frozenset("$defs definitions properties".split())
_LISTS: Final = frozenset("allOf anyOf oneOf prefixItems".split())
_COMBINED: Final = frozenset("anyOf oneOf".split())
_PLAIN_PATTERN: Final = re.compile(r"\^(?:[^\\(]|\\[^A-Za-z0-9]|\((?!\?))*\$", re.DOTALL)
_ADVICE: Final = "Set strict=False to let the schema through without that rule, and check the answer yourself."


def check(schema: dict[str, Any], field: str) -> None:
    """Raise `UnsupportedError` for the first rule that would be left out; `field` says whose schema it is."""
    _check(schema, field)


def _check(node: Any, where: str) -> None:
    if not isinstance(node, dict):
        return
    for key in node:
        if key in _ANNOTATIONS or key in _ENFORCED or (key in _BOUNDS and node.get("type") == "integer"):
            continue
        raise UnsupportedError(f"{where}: the model can't be held to {key!r}", advice=_ADVICE)
    _check_pattern(node, where)
    _check_objects(node, where)
    for key, value in node.items():
        if key in _MAPS:
            for name, inner in value.items():
                _check(inner, f"{where}.{key}.{name}")
        elif key in _LISTS:
            for number, inner in enumerate(value):
                _check(inner, f"{where}.{key}[{number}]")
        elif key in ("items", "additionalProperties"):
            _check(value, f"{where}.{key}")


def _check_pattern(node: dict[str, Any], where: str) -> None:
    pattern = node.get("pattern")
    if pattern is None:
        return
    if not _PLAIN_PATTERN.fullmatch(pattern):
        raise UnsupportedError(
            f"{where}: the model can't be held to the pattern {pattern!r}",
            advice="Patterns begin with ^, end with $, and have no classes such as \\d and no groups such as (?:...). "
            + _ADVICE,
        )
    if "minLength" in node or "maxLength" in node:
        raise UnsupportedError(f"{where}: the model can't be held to a pattern and a length at once", advice=_ADVICE)


def _check_objects(node: dict[str, Any], where: str) -> None:
    if _COMBINED & node.keys() and ("properties" in node or "allOf" in node or len(_COMBINED & node.keys()) > 1):
        raise UnsupportedError(f"{where}: the model can't be held to anyOf beside other rules", advice=_ADVICE)
    unknown = set(node.get("required", ())) - node.get("properties", {}).keys()
    if unknown:
        raise UnsupportedError(
            f"{where}: the model can't be held to required without a property: {min(unknown)!r}",
            advice=_ADVICE,
        )


def moved(schema: Any, place: str) -> Any:
    """The schema with its references (`#/...`) pointing to where it stands inside another one (`#/$defs/tool0`)."""
    if isinstance(schema, list):
        return [moved(item, place) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: place + value[1:]
        if key == "$ref" and isinstance(value, str) and value.startswith("#")
        else moved(value, place)
        for key, value in schema.items()
    }
