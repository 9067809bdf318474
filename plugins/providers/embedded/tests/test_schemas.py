"""A strict schema is let through only where the runtime holds to all of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from modelscan.errors import UnsupportedError
from modelscan.types.schema import json_schema
from modelscan_provider_embedded.schemas import check


class Address(msgspec.Struct):
    street: str
    number: int


class Person(msgspec.Struct):
    """Somebody."""

    name: str
    addresses: list[Address]
    nickname: str | None = None
    tags: dict[str, int] = {}


@pytest.mark.parametrize(
    "schema",
    [
        json_schema(Person),
        {"type": "integer", "minimum": 1, "maximum": 7, "description": "a day"},
        {"type": "string", "pattern": "^[a-z]+(x|y)\\.$"},
        {"type": "string", "format": "date", "minLength": 3},
        {"type": "array", "prefixItems": [{"const": 1}, {"enum": ["a"]}], "items": True},
        {"$defs": {"t": {"type": "string"}}, "anyOf": [{"$ref": "#/$defs/t"}, {"type": "null"}]},
        {"allOf": [{"type": "object", "properties": {"a": {}}, "required": ["a"]}]},
    ],
)
def test_schemas_that_are_held_to_pass(schema: dict[str, Any]) -> None:
    check(schema, "schema")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "number", "minimum": 0}, "'minimum'"),
        ({"type": "array", "uniqueItems": True}, "'uniqueItems'"),
        ({"properties": {"a": {"not": {}}}}, r"^schema.properties.a: .*'not'"),
        ({"anyOf": [{}, {"items": {"multipleOf": 2}}]}, r"^schema.anyOf\[1\].items: .*'multipleOf'"),
        ({"additionalProperties": {"contains": {}}}, r"^schema.additionalProperties: .*'contains'"),
        ({"$defs": {"t": {"if": {}}}}, r"^schema.\$defs.t: .*'if'"),
        ({"pattern": "abc"}, "pattern 'abc'"),
        ({"pattern": "^\\d+$"}, "pattern"),
        ({"pattern": "^(?=x)x$"}, "pattern"),
        ({"pattern": "^a$", "minLength": 1}, "a pattern and a length"),
        ({"properties": {"a": {}}, "anyOf": [{"required": ["a"]}]}, "anyOf beside"),
        ({"type": "object", "required": ["b"]}, "'b'"),
    ],
)
def test_rules_that_would_be_left_out_are_refused_with_their_place(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedError, match=message) as caught:
        check(schema, "schema")
    assert "strict=False" in caught.value.advice
