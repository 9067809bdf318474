"""Sources of catalog data beside the provider plugins: a company's own prices, a public price list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class CatalogSource(Protocol):
    """Gives plans, limits, models and prices. Both methods may block: they run off the event loop."""

    name: str

    def version(self) -> str:
        """Changes whenever the data does: the catalog reads the data again only then."""
        ...

    def read(self) -> Mapping[str, Mapping[str, Any]]:
        """By provider's name, what that provider's `catalog.yaml` could hold: YAML, so its values are of any shape."""
        ...
