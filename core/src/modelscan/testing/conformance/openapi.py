"""A vendor's OpenAPI document as JSON Schemas of request bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Any  # any decoded JSON


def request_schema(document: Mapping[str, Json], path: str, method: str = "post") -> dict[str, Json]:
    """The JSON Schema of the body that a path takes. Raises `KeyError` where the document has no such path.

    >>> content = {"application/json": {"schema": {"type": "object"}}}
    >>> document = {"paths": {"/x": {"post": {"requestBody": {"content": content}}}}}
    >>> request_schema(document, "/x")["type"]
    'object'
    """
    body = _resolved(document, document["paths"][path][method]["requestBody"])
    schema = body["content"]["application/json"]["schema"]
    return {"components": document.get("components", {}), **schema}


def _resolved(document: Mapping[str, Json], value: Json) -> Json:
    while "$ref" in value:
        found: Json = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        value = found
    return value
