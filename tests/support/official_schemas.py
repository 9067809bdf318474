"""The vendors' own OpenAPI documents, where they lie beside the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from modelscan.testing.conformance.openapi import request_schema

_SPECS = Path(__file__).parents[3] / "shared" / "reference" / "specs"


def official_schemas(document: str, paths: Mapping[str, str]) -> Callable[[], Mapping[str, Mapping[str, Any]]] | None:
    """What gives the schemas of request bodies by capability, out of a document; None where it isn't there."""
    path = _SPECS / document
    if not path.exists():
        return None
    return lambda: {capability: request_schema(_read(path), where) for capability, where in paths.items()}


@cache
def _read(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        found: Mapping[str, Any] = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return found
