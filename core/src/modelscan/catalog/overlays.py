"""What catalog sources say over a provider's own file: their keys win, plan by plan and model by model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.catalog.consistency import inconsistencies
from modelscan.catalog.format import FORMAT, Catalog
from modelscan.errors import ConfigurationError

Content = Mapping[str, Any]
"""What a `catalog.yaml` could hold: of any shape until it is checked."""

_BY: Final = {"sources": "id", "quirks": "about", "units": "name", "plans": "id", "models": "id"}


def overlaid(catalog: Catalog, name: str, content: Content) -> Catalog:
    """The catalog with what the source `name` says in place of what it said.

    Of a plan or a model the keys that the source gives are replaced and the others stay; its other plans and models
    stay too. Raises `ConfigurationError` where the source contradicts the format.
    """
    try:
        result = msgspec.convert(_merged(catalog, name, content), Catalog)
    except (msgspec.ValidationError, AttributeError, KeyError, TypeError) as error:  # it may be of any shape
        raise _refused(name, catalog.provider, str(error)) from error
    for path, message in inconsistencies(result):
        raise _refused(name, catalog.provider, f"{message} (at {'.'.join(map(str, path))})")
    return result


def _merged(catalog: Catalog, name: str, content: Content) -> Content:
    under, over = msgspec.to_builtins(catalog), _marked(content, name)
    merged = {"format": FORMAT, "provider": catalog.provider, **under}
    merged |= {key: value for key, value in over.items() if key not in (*_BY, "format")}
    return merged | {key: _by_name(under.get(key, ()), over.get(key, ()), by) for key, by in _BY.items()}


def _by_name(under: Sequence[Content], over: Sequence[Content], by: str) -> list[Content]:
    rows = {row[by]: row for row in under}
    for row in over:
        rows[row.get(by)] = {**rows.get(row.get(by), {}), **row}
    return list(rows.values())


def _marked(content: Content, name: str) -> Content:
    """The source's own sources bear its name, so that none of them passes for one of the package's."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    own = {source["id"]: f"{word}-{source['id']}" for source in content.get("sources", ())}
    marked: Content = _renamed(content, own)
    return {**marked, "sources": [{**source, "id": own[source["id"]]} for source in content.get("sources", ())]}


def _renamed(part: Any, own: Mapping[str, str]) -> Any:
    if isinstance(part, Mapping):
        return {key: own.get(value, value) if key == "source" else _renamed(value, own) for key, value in part.items()}
    return [_renamed(item, own) for item in part] if isinstance(part, (list, tuple)) else part


def _refused(name: str, provider: str, message: str) -> ConfigurationError:
    return ConfigurationError(
        f"what the catalog source {name!r} says of {provider} can't be used: {message}",
        advice="It gives by provider what a catalog.yaml could hold; see the description of that format.",
    )
