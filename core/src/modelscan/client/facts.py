"""Where a client's facts come from: prices that it was given, then the catalog, opened with the first question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from modelscan.catalog.answers import Freshness, KnownLimit, KnownModel, PriceList
from modelscan.catalog.format import Prices
from modelscan.errors import CatalogError, ConfigurationError, UnknownNameError
from modelscan.plugins.notices import told, warn

if TYPE_CHECKING:
    from modelscan.catalog.catalog import Catalog

T = TypeVar("T")

_GIVEN = Freshness(verified=None, trust="official", source_url="")


class CatalogFacts:
    """The catalog's answers, and nothing where it knows nothing.

    `prices` are the client's own, by `provider/model` or `provider/*`. `knows` says whether anything carries data of a
    provider: for the others the catalog isn't opened.
    """

    def __init__(
        self,
        catalog: Callable[[], Catalog],
        knows: Callable[[str], bool],
        prices: Mapping[str, Sequence[Prices]],
    ) -> None:
        self._catalog = catalog
        self._knows = knows
        self._prices = prices

    def limits(self, provider: str, plan: str, model: str) -> Sequence[KnownLimit]:
        """The limits of a plan, or of the provider's default plan, that concern a model."""
        if not self._knows(provider):
            return ()
        try:
            return self._catalog().limits(provider, plan=plan, model=model)
        except UnknownNameError:
            if plan:
                raise
            return ()
        except CatalogError as error:
            return _nothing(error, ())

    def price(self, provider: str, plan: str, model: str) -> PriceList | None:
        """What a model costs."""
        own = self._prices.get(f"{provider}/{model}") or self._prices.get(f"{provider}/*")
        if own:
            return PriceList(provider=provider, model=model, prices=tuple(own), freshness=_GIVEN)
        if not self._knows(provider):
            return None
        try:
            found = self._catalog().price(f"{provider}/{model}", plan=plan)
        except UnknownNameError:
            return None
        except CatalogError as error:
            return _nothing(error, None)
        return found if found.prices else None

    def model(self, provider: str, model: str) -> KnownModel | None:
        """What is known of a model."""
        if not self._knows(provider):
            return None
        try:
            return self._catalog().model(f"{provider}/{model}")
        except UnknownNameError:
            return None
        except CatalogError as error:
            return _nothing(error, None)


def _nothing(error: CatalogError, answer: T) -> T:
    """Go on without the catalog: a call that could be made isn't lost to a file that can't be read."""
    warn(f"the catalog can't be used, so nothing is known of limits and prices: {told(error)}", see="modelscan doctor")
    return answer


def given_prices(prices: Mapping[str, Any]) -> dict[str, tuple[Prices, ...]]:
    """The client's own prices, checked: `Prices`, several of them, or a mapping that could be one.

    Raises `ConfigurationError` for anything else.
    """
    return {name: _rows(name, rows) for name, rows in prices.items()}


def _rows(name: str, rows: Any) -> tuple[Prices, ...]:
    many = rows if isinstance(rows, (list, tuple)) else (rows,)
    try:
        return tuple(row if isinstance(row, Prices) else msgspec.convert(row, Prices, strict=False) for row in many)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"the price of {name!r} can't be read: {error}",
            advice='Write {"per": 1_000_000, "units": {"input_tokens": "0.15", "output_tokens": "0.60"}}.',
        ) from None
