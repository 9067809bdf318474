"""JSON Schemas of Python types, in the shape that models take: without references where that is possible."""

from __future__ import annotations

from typing import Any

import msgspec


def json_schema(type_: Any) -> dict[str, Any]:
    """The JSON Schema of a msgspec Struct, dataclass, attrs class, TypedDict or any other type msgspec knows.

    References are inlined, since several vendors refuse `$ref`; a type that contains itself keeps `$defs`.
    Raises `TypeError` for a type that has no schema.

    >>> json_schema(int)
    {'type': 'integer'}
    """
    schema = msgspec.json.schema(type_)
    definitions = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inline(schema, definitions, ())
    if _has_reference(inlined):
        inlined["$defs"] = definitions
    return inlined


def _inline(node: Any, definitions: dict[str, Any], path: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions, path) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if reference is None:
        return {key: _inline(value, definitions, path) for key, value in node.items()}
    name = reference.rpartition("/")[2]
    if name in path:
        return node
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return {**_inline(definitions[name], definitions, (*path, name)), **beside}


def _has_reference(node: Any) -> bool:
    if isinstance(node, list):
        return any(_has_reference(item) for item in node)
    if isinstance(node, dict):
        return "$ref" in node or any(_has_reference(value) for value in node.values())
    return False


def closed(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema with every object closed to further properties, and whether vendors can hold to it strictly.

    Strict vendors want all properties required; a schema with optional ones is sent without `strict`.

    >>> closed({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})[1]
    True
    """
    is_strict = True

    def close(node: Any) -> Any:
        nonlocal is_strict
        if isinstance(node, list):
            return [close(item) for item in node]
        if not isinstance(node, dict):
            return node
        result = {key: close(value) for key, value in node.items()}
        if node.get("type") == "object":
            if "properties" not in node:
                is_strict = False
            else:
                result.setdefault("additionalProperties", False)
                is_strict &= set(node.get("required", ())) == set(node["properties"])
        return result

    return close(schema), is_strict
