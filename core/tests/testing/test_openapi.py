"""Schemas of requests are found in an OpenAPI document, whatever they refer to."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from modelscan.testing.conformance.openapi import request_schema

BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ask"}}}}
DOCUMENT: dict[str, Any] = {
    "paths": {"/ask": {"post": {"requestBody": {"$ref": "#/components/requestBodies/Ask"}}}},
    "components": {
        "requestBodies": {"Ask": BODY},
        "schemas": {"Ask": {"type": "object", "required": ["words"], "properties": {"words": {"type": "string"}}}},
    },
}


def test_a_schema_brings_what_it_refers_to() -> None:
    validator = jsonschema.Draft202012Validator(request_schema(DOCUMENT, "/ask"))
    assert validator.is_valid({"words": "hi"})
    assert not validator.is_valid({"words": 1})
    assert not validator.is_valid({})


def test_a_path_that_isn_t_there_is_told() -> None:
    with pytest.raises(KeyError, match="/other"):
        request_schema(DOCUMENT, "/other")
