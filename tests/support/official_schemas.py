"""Vendors' own descriptions of their APIs, as judges of the bodies that we send.

They lie beside the workspace and not every checkout has them: mark tests that read them with `@needs_schemas`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from modelscan.testing.conformance.openapi import request_schema

SPECS = Path(__file__).parents[3] / "shared" / "reference" / "specs"
FILES = {
    "openai": "openai/openai__openai-openapi__openapi.yaml",  # the vendor's repository
    "anthropic": "anthropic/tryAGI__Anthropic__openapi.yaml",  # a mirror of the vendor's address
    "gemini": "gemini/tryAGI__Google_Generative_AI__openapi.json",  # the same
}

needs_schemas = pytest.mark.skipif(
    not SPECS.is_dir(), reason="the vendors' descriptions of their APIs are not beside this workspace"
)

Json = dict[str, Any]


def request_schemas(family: str, paths: Mapping[str, str]) -> Callable[[], Mapping[str, Mapping[str, Any]]] | None:
    """What gives the schemas of request bodies by capability, for a suite; None where the descriptions aren't there.

    `paths` says which path of the description each capability's requests go to.
    """
    if not (SPECS / FILES[family]).exists():
        return None
    return lambda: {capability: request_schema(_document(family), where) for capability, where in paths.items()}


def faults(family: str, name: str, body: Json) -> list[str]:
    """What a schema holds against a body, as `place: what`; fields that it doesn't know are faults too."""
    validator = Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": _schemas(family)}}
    )
    found = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(body)]
    known = set(_properties(family, {"$ref": f"#/components/schemas/{name}"}))
    return found + [f"$.{field}: no such field" for field in body if field not in known]


@cache
def _document(family: str) -> Json:
    path = SPECS / FILES[family]
    text = path.read_text(encoding="utf-8")
    document: Json = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=yaml.CSafeLoader)
    return document


@cache
def _schemas(family: str) -> Json:
    schemas: Json = deepcopy(_document(family)["components"]["schemas"])
    if family == "openai":
        # A fault of it: exactly one of these is to fit, and a user's message with a list of content fits two of them
        # (`EasyInputMessage`, `InputMessage`), as in the description's own examples.
        for name in ("InputItem", "Item"):
            schemas[name]["anyOf"] = schemas[name].pop("oneOf")
    if family == "gemini":  # it is made from a protocol whose servers refuse unknown fields at any depth
        for schema in schemas.values():
            if schema.get("properties"):
                schema.setdefault("additionalProperties", False)
    return schemas


def _properties(family: str, schema: Json) -> Iterator[str]:
    if "$ref" in schema:
        yield from _properties(family, _schemas(family)[schema["$ref"].rpartition("/")[2]])
    yield from schema.get("properties", ())
    for part in schema.get("allOf", ()):
        yield from _properties(family, part)
