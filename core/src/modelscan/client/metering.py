"""Everything that holds a client's limits and budgets, put together from its settings when the first call is made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from inspect import signature
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from modelscan.accounting.budgets import BudgetBook
from modelscan.accounting.estimates import Estimator
from modelscan.accounting.rates import ExchangeRate
from modelscan.accounting.tariff import Terms
from modelscan.client.admission import Metering
from modelscan.client.facts import CatalogFacts, given_prices
from modelscan.client.knowledge import Knowledge
from modelscan.client.recording import Recorder
from modelscan.client.settings import Settings
from modelscan.contracts.limiter import Limiter, Quota
from modelscan.contracts.operations import Tokenizer
from modelscan.errors import ConfigurationError, PluginError
from modelscan.folders import data_folder
from modelscan.limits.learning import Learned
from modelscan.limits.watching import Nearly
from modelscan.plugins import Plugins
from modelscan.types.limits import Budget

if TYPE_CHECKING:
    from modelscan.catalog.catalog import Catalog


_LEARNED: Final = "limits.sqlite3"
_MOST_MODELS: Final = 512


class LateMetering:
    """The metering of one client. Nothing is opened before it is needed."""

    def __init__(self, settings: Settings, prices: Mapping[str, Any]) -> None:
        self._settings = settings
        self._prices = given_prices(prices)
        self.book = BudgetBook(settings.budgets)
        self._rates = tuple(_rate(text) for text in settings["accounting.exchange_rates"])
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made: Metering | None = None
        self._recorder: Recorder | None = None
        self._catalog: LateCatalog | None = None
        self._learned: Learned | None = None

    def made(self, plugins: Plugins) -> Metering:
        """The metering, on the loop that is running."""
        if self._made is None:
            self._loop = asyncio.get_running_loop()
            self._made = self._make(plugins)
        return self._made

    def close_budgets(self, budgets: Sequence[Budget]) -> None:
        """The context that opened these has ended: what its allotments had left goes back, on the calls' own loop."""
        if self._loop is None or self._loop.is_closed() or self._loop is _running():
            self.book.close(budgets)
        else:
            self._loop.call_soon_threadsafe(self.book.close, budgets)

    async def close(self) -> None:
        """Write down what isn't yet, and refuse whoever waits."""
        if self._made is not None:
            await self._made.limiter.close()
        if self._learned is not None:
            await self._learned.close()
        if self._recorder is not None:
            await self._recorder.close()
        if self._catalog is not None:
            self._catalog.close()

    def _make(self, plugins: Plugins) -> Metering:
        settings = self._settings
        hooks = plugins.hooks()
        self._learned = Learned(data_folder() / _LEARNED if settings["limits.remember"] else None)
        self._catalog = LateCatalog(plugins)
        self._recorder = Recorder(is_kept=settings["accounting.ledger"])
        knowledge = Knowledge(
            CatalogFacts(self._catalog, _knows(plugins), self._prices),
            settings.limits,
            self._learned,
            Terms(currency=self._shown_currency(), rates=self._rates),
            Terms(currency=self.book.currency, rates=self._rates),
            holds_catalog=settings["limits.catalog"] and settings["client.limiter"] != "unlimited",
            headroom=settings["limits.headroom"] or None,
            moved=settings.base_urls.keys(),
        )
        return Metering(
            _limiter(plugins, settings, Nearly(hooks)),
            knowledge,
            Estimator(),
            self.book,
            self._learned,
            hooks,
            recorder=self._recorder,
            tokenizer=LateTokenizer(plugins) if plugins.names("tokenizer") else None,
        )

    def _shown_currency(self) -> str:
        """What replies and the ledger tell costs in: where there are budgets, theirs, which begin with the ledger."""
        wanted = str(self._settings["accounting.currency"])
        if self.book and wanted not in ("", self.book.currency):
            raise ConfigurationError(
                f"costs are told in {wanted} (accounting.currency), and the budgets are in {self.book.currency}",
                advice="Write both in one currency: what was spent of a budget is read off the ledger.",
            )
        return wanted or (self.book.currency if self.book and self._rates else "")


class LateTokenizer:
    """The tokenizers that are installed; the first that knows a model counts.

    They are loaded by a thread of their own once a text is to be counted, since a vocabulary takes a while. Until then,
    and where none knows the model, nobody counts: the text is estimated.
    """

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._names = plugins.names("tokenizer")
        self._models: dict[str, Tokenizer | None] = {}

    def count(self, text: str, model: str) -> int | None:
        """How many tokens the text has; None where nobody knows, or not yet."""
        if model not in self._models:
            if len(self._models) >= _MOST_MODELS:
                self._models.clear()
            self._models[model] = None
            Thread(target=self._load, args=(model,), name="modelscan-tokenizer", daemon=True).start()
        tokenizer = self._models[model]
        return None if tokenizer is None else tokenizer.count(text, model)

    def _load(self, model: str) -> None:
        for name in self._names:
            with suppress(PluginError):
                tokenizer = self._plugins.tokenizer(name)
                if tokenizer.count("", model) is not None:
                    self._models[model] = tokenizer
                    return


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _limiter(plugins: Plugins, settings: Settings, watch: Callable[[Quota, int], None]) -> Limiter:
    """The limiter of the settings, given those of a client's options that it takes."""
    factory = plugins.limiter(settings["client.limiter"])
    options = {"longest_wait_s": settings["limits.longest_wait_s"] or float("inf"), "watch": watch}
    taken = signature(factory).parameters
    return factory(**{name: value for name, value in options.items() if name in taken})


class LateCatalog:
    """The user's catalog, opened with the first question about a provider that it may know. Any thread may ask."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self._opening = Lock()
        self._opened: Catalog | None = None

    def __call__(self) -> Catalog:
        """The catalog."""
        with self._opening:
            if self._opened is None:
                from modelscan.catalog.catalog import Catalog

                self._opened = Catalog(plugins=self._plugins)
            return self._opened

    def close(self) -> None:
        """Close its file."""
        if self._opened is not None:
            self._opened.close()


def _knows(plugins: Plugins) -> Callable[[str], bool]:
    """Whether a provider's package, or a source of catalogs, may carry data of a provider."""
    has_sources = bool(plugins.names("catalog_source"))

    @cache
    def knows(provider: str) -> bool:
        from modelscan.catalog.installed import package_of

        return has_sources or package_of(provider) is not None

    return knows


def _rate(text: str) -> ExchangeRate:
    parts = text.split(":")
    try:
        currency, to, rate, day = parts
        return ExchangeRate(currency=currency, to=to, rate=Decimal(rate), since=date.fromisoformat(day))
    except (ValueError, InvalidOperation):
        raise ConfigurationError(
            f"{text!r} is no dated exchange rate", advice="Write it as EUR:USD:1.0832:2026-11-20."
        ) from None
