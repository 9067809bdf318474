"""JSON Schemas in the part of the language that the vendor's grammar knows.

Source: platform.claude.com's page on structured outputs ("JSON Schema limitations"), read 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

from modelscan.types.schema import closed

_UNKNOWN: Final = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength"),
        *("maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
        *("minProperties", "maxProperties", "patternProperties", "propertyNames"),
    }
)
_MAPS: Final = ("properties", "$defs", "definitions")
_SUBSCHEMAS: Final = ("items", "prefixItems", "anyOf", "oneOf", "allOf", "not", "additionalProperties")


def keepable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its objects closed, and the constraints that the vendor refuses told in descriptions instead.

    So the model still reads them, and whoever checks the answer may hold it to the whole schema.

    >>> keepable({"type": "integer", "minimum": 0})
    {'type': 'integer', 'description': '(minimum: 0)'}
    """
    kept: dict[str, Any] = _kept(closed(schema)[0])
    return kept


def _kept(node: Any) -> Any:
    if isinstance(node, list):
        return [_kept(item) for item in node]
    if not isinstance(node, dict):
        return node
    told = {name: value for name, value in node.items() if _is_unknown(name, value)}
    found = {name: _inside(name, value) for name, value in node.items() if name not in told}
    if told:
        words = "(" + ", ".join(f"{name}: {value}" for name, value in told.items()) + ")"
        found["description"] = f"{found['description']} {words}" if found.get("description") else words
    return found


def _is_unknown(name: str, value: Any) -> bool:
    return name in _UNKNOWN or (name == "minItems" and value not in (0, 1))


def _inside(name: str, value: Any) -> Any:
    if name in _MAPS and isinstance(value, dict):
        return {key: _kept(item) for key, item in value.items()}
    return _kept(value) if name in _SUBSCHEMAS else value
