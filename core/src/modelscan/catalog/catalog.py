"""The catalog: what every provider offers, costs and allows, and how fresh that is."""

from __future__ import annotations

import copy
import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from modelscan.catalog import questions
from modelscan.catalog.answers import (
    KnownLimit,
    KnownModel,
    KnownPlan,
    KnownProvider,
    PastPrice,
    PriceList,
    PriceRow,
    Validation,
)
from modelscan.catalog.database import Database
from modelscan.catalog.format import Model, Plan, PublishedLimit, Source
from modelscan.catalog.freshness import warn_if_stale
from modelscan.catalog.importing import Importer
from modelscan.catalog.installed import names as installed_names
from modelscan.catalog.memory import Memory, keep
from modelscan.catalog.names import split_name, unknown
from modelscan.catalog.runs import RUNS, now, put_run, run_of, text_of_moment
from modelscan.catalog.updating import put_provider
from modelscan.errors import UnknownNameError
from modelscan.folders import data_folder

if TYPE_CHECKING:
    import apsw

    from modelscan.plugins import Plugins

K = TypeVar("K")
V = TypeVar("V")


def catalog_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the catalog is: in `$MODELSCAN_HOME`, else in the user's data folder."""
    return data_folder(environment) / "catalog.db"


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


class Catalog:
    """Providers, plans, limits, models and prices, in one SQLite file that all programs of a user share.

    What installed packages bring is imported when it is first asked for and has changed. Answers are kept in memory,
    and another process's changes are noticed within a second. Any thread may ask. All methods raise `CatalogError`
    where the file can't be used, and `UnknownNameError`, with the nearest names, for what the catalog doesn't have.

    `path` is the file (default: `catalog_file()`), `plugins` tells the catalog sources, `today` the day it is.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        plugins: Plugins | None = None,
        today: Callable[[], dt.date] = _today,
    ) -> None:
        self.path = catalog_file() if path is None else Path(path).expanduser()
        self._database = Database(self.path)
        self._memory = Memory(self._database, today)
        self._today = today
        self._given_plugins = plugins

    # --- What a call asks ---------------------------------------------------------------------------------------------

    def limits(self, provider: str, *, plan: str = "", model: str = "") -> tuple[KnownLimit, ...]:
        """The limits of a plan (none given: the provider's default), all or those that hold for a model.

        A model may be named as the vendor names it, by an alias or a dated snapshot; one that the catalog doesn't know
        has the limits that hold for all models and those whose pattern it fits.
        """
        memory = self._memory
        if memory.clock() >= memory.due:
            memory.look()
        known = memory.limits.get((provider, plan, model))
        return self._limits(provider, plan, model) if known is None else known

    def price(self, name: str, *, plan: str = "", at: dt.date | None = None) -> PriceList:
        """The price list of `provider/model` with what the plan includes, as it is now or was at a time.

        The list holds all conditions (tier, region, time of day, size of the prompt): which of its rows count for a
        call is for `modelscan.accounting` to say.
        """
        if at is not None:
            at = at.astimezone(dt.UTC).date() if isinstance(at, dt.datetime) else at
        memory = self._memory
        if memory.clock() >= memory.due:
            memory.look()
        known = memory.prices.get((name, plan, at))
        return self._price(name, plan, at) if known is None else known

    def model(self, name: str) -> KnownModel:
        """What is known of `provider/model`."""
        memory = self._memory
        if memory.clock() >= memory.due:
            memory.look()
        known = memory.models.get(name)
        return self._model(name) if known is None else known

    def is_ready(self, provider: str) -> bool:
        """Whether a provider's data was looked at already, so that no file is read but the catalog's own."""
        return self._importer.is_ready(provider)

    def prepare(self, provider: str) -> None:
        """Import what has changed of one provider, ahead of the first question about it. May take a second."""
        run = self._importer.prepare(provider)
        if run and run.outcome == "changed":
            self._memory.forget()

    # --- What a person asks -------------------------------------------------------------------------------------------

    def seed(self, providers: Iterable[str] = ()) -> tuple[Validation, ...]:
        """Import what has changed of these providers, or of all that are installed, and tell what came of each."""
        wanted = sorted(providers) or sorted({*installed_names(), *self._importer.of_sources()})
        runs = [self._importer.prepare(provider, again=True) for provider in wanted]
        self._memory.forget()
        return tuple(run for run in runs if run is not None)

    def providers(self) -> tuple[KnownProvider, ...]:
        """All providers with how much is known of each. Imports first what has changed."""
        self._prepare_all()
        return self._database.read(lambda at: tuple(questions.providers(at)))

    def plans(self, provider: str) -> tuple[KnownPlan, ...]:
        """A provider's plans, each with its limits."""
        self.prepare(provider)

        def answer(at: apsw.Connection) -> tuple[KnownPlan, ...]:
            self._refuse_unknown(at, provider)
            return questions.plans(at, provider, self._today())

        return self._database.read(answer)

    def models(self, provider: str = "", *, capability: str = "", feature: str = "") -> tuple[KnownModel, ...]:
        """The models of one provider or of all (which imports first what has changed), as they are offered now.

        `capability` and `feature` leave those that have it: `chat`, `embed`, ...; `tools`, `vision`, ...
        """
        if provider:
            self.prepare(provider)
        else:
            self._prepare_all()

        def answer(at: apsw.Connection) -> tuple[KnownModel, ...]:
            if provider:
                self._refuse_unknown(at, provider)
            return tuple(
                known
                for known in questions.models(at, provider, self._today())
                if (not capability or capability in known.model.capabilities)
                and (not feature or feature in known.model.features)
            )

        return self._database.read(answer)

    def history(self, name: str) -> tuple[PastPrice, ...]:
        """All prices that `provider/model` has and ever had here, the oldest first."""
        provider, model = split_name(name)
        self.prepare(provider)

        def answer(at: apsw.Connection) -> tuple[PastPrice, ...]:
            line = questions.line_of_time(at, provider, self._resolved(at, provider, model))
            return tuple(span.price for span in line)

        return self._database.read(answer)

    def counts(self) -> dict[str, int]:
        """How many rows each table holds, as far as it was imported."""
        from modelscan.catalog import transfer

        return self._database.read(transfer.counts)

    def validations(self, provider: str = "") -> tuple[Validation, ...]:
        """The looks at whether rows are right, of one provider or of all, the first first."""
        return self._database.read(lambda at: tuple(run_of(row) for row in at.execute(RUNS, {"provider": provider})))

    # --- What is written ----------------------------------------------------------------------------------------------

    def upsert_provider(self, provider: str, *, title: str) -> None:
        """Name a provider, which may be one that no package knows."""
        self._write(lambda at: put_provider(at, provider, {"title": title}, text_of_moment(now())))

    def upsert_plan(self, provider: str, plan: Plan, source: Source | None = None) -> None:
        """Write a plan and the limits that it lists: they win over a package's from now on, as all upserts do."""
        from modelscan.catalog import upserts

        self._write(lambda at: upserts.put_plan(at, provider, plan, source))

    def upsert_limit(self, provider: str, plan: str, limit: PublishedLimit, source: Source | None = None) -> None:
        """Write one limit, in place of the plan's limit that counts the same for the same models."""
        from modelscan.catalog import upserts

        self._write(lambda at: upserts.put_limit(at, provider, plan, limit, source))

    def upsert_model(self, provider: str, model: Model, source: Source | None = None) -> None:
        """Write a model with its aliases and the prices that it lists."""
        from modelscan.catalog import upserts

        self._write(lambda at: upserts.put_model(at, provider, model, source))

    def upsert_price(self, name: str, price: PriceRow, source: Source | None = None) -> None:
        """Write prices, a factor or an allowance of `provider/model`, in place of what holds on the same conditions."""
        provider, model = split_name(name)
        from modelscan.catalog import upserts

        self._write(lambda at: upserts.put_price(at, provider, model, price, source))

    def record(self, run: Validation) -> None:
        """Keep that somebody has looked at whether rows are right."""
        self._write(lambda at: put_run(at, run))

    def export_json(self, path: str | Path) -> None:
        """Write everything, with all history, to a JSON file."""
        from modelscan.catalog import transfer

        transfer.write_json(self._database, Path(path))

    def import_json(self, path: str | Path) -> None:
        """Take in what `export_json` wrote: its rows win over those that are here, and nothing is deleted."""
        from modelscan.catalog import transfer

        rows = transfer.read_json(Path(path))
        self._write(lambda at: transfer.put(at, rows))

    def export_csv(self, folder: str | Path) -> None:
        """Write everything, with all history, to a folder: a CSV file for each table."""
        from modelscan.catalog import transfer

        transfer.write_csv(self._database, Path(folder))

    def import_csv(self, folder: str | Path) -> None:
        """Take in what `export_csv` wrote, as `import_json` does."""
        from modelscan.catalog import transfer

        self._write(lambda at: transfer.put(at, transfer.read_csv(at, Path(folder))))

    def close(self) -> None:
        """Close the file. What comes after opens it again."""
        self._database.close()

    # --- How it is found ----------------------------------------------------------------------------------------------

    @cached_property
    def _importer(self) -> Importer:
        return Importer(self._database, self._plugins)

    def _plugins(self) -> Plugins:
        if self._given_plugins is None:
            from modelscan.plugins import Plugins

            self._given_plugins = Plugins()
        return self._given_plugins

    def _answered(self, provider: str, answers: dict[K, V], asked: K, find: Callable[[apsw.Connection], V]) -> V:
        """What was found, kept until the file changes; that nothing was found is kept as well."""
        self.prepare(provider)
        with self._database.reading:
            unknown = self._memory.unknown
            if asked in unknown:
                raise copy.copy(unknown[asked])
            try:
                return keep(answers, asked, self._database.read(find))
            except UnknownNameError as error:
                keep(unknown, asked, copy.copy(error))
                raise

    def _limits(self, provider: str, plan: str, model: str) -> tuple[KnownLimit, ...]:
        def find(at: apsw.Connection) -> tuple[KnownLimit, ...]:
            found = questions.limits(at, provider, plan, model, self._today())
            if found is None:
                self._refuse_unknown(at, provider, plan)
            return found or ()

        limits = self._answered(provider, self._memory.limits, (provider, plan, model), find)
        for known in limits:
            warn_if_stale(provider, known.freshness)
        return limits

    def _price(self, name: str, plan: str, day: dt.date | None) -> PriceList:
        provider, model = split_name(name)
        today = self._today()

        def find(at: apsw.Connection) -> PriceList:
            if plan:
                self._refuse_unknown(at, provider, plan)
            if day is not None and day < today:
                found = questions.prices_on(at, provider, self._resolved(at, provider, model), day, today)
            else:
                found = questions.prices(at, provider, model, today) or self._prices(at, provider, model)
            return _of_plan(at, found, plan) if found.free else found

        found = self._answered(provider, self._memory.prices, (name, plan, day), find)
        warn_if_stale(provider, found.freshness)
        return found

    def _prices(self, at: apsw.Connection, provider: str, model: str) -> PriceList:
        """By another name than that which was asked for, or an empty list where the model has no prices."""
        name, today = self._resolved(at, provider, model), self._today()
        found = questions.prices(at, provider, name, today)
        freshness = found.freshness if found else questions.model(at, provider, name, today).freshness
        return found or PriceList(provider=provider, model=name, freshness=freshness)

    def _model(self, name: str) -> KnownModel:
        provider, model = split_name(name)

        def find(at: apsw.Connection) -> KnownModel:
            return questions.model(at, provider, self._resolved(at, provider, model), self._today())

        return self._answered(provider, self._memory.models, name, find)

    def _resolved(self, at: apsw.Connection, provider: str, model: str) -> str:
        found = questions.resolved(at, provider, model)
        if not found:
            self._refuse_unknown(at, provider)
            raise unknown("model", model, questions.model_names(at, provider), provider=provider)
        return found

    def _refuse_unknown(self, at: apsw.Connection, provider: str, plan: str = "") -> None:
        known = questions.provider_names(at)
        if provider not in known:
            installed = set(installed_names())
            more = f"Where a package knows it: pip install modelscan-provider-{provider}"
            if provider in installed:
                more = "It is installed, and brings no data that can be used (see `modelscan catalog verify`)."
            raise unknown("provider", provider, {*known, *installed} - {provider}, more=more)
        plans = questions.plan_names(at, provider) if plan else []
        if plan and plan not in plans:
            raise unknown("plan", plan, plans, provider=provider)

    def _prepare_all(self) -> None:
        for provider in {*installed_names(), *self._importer.of_sources()}:
            self.prepare(provider)

    def _write(self, change: Callable[[apsw.Connection], None]) -> None:
        self._database.write(change)
        self._memory.forget()


def _of_plan(at: apsw.Connection, found: PriceList, plan: str) -> PriceList:
    """The list without what other plans include."""
    plan = plan or next(iter(questions.plan_names(at, found.provider)), "")
    return msgspec.structs.replace(found, free=tuple(part for part in found.free if part.plan in ("", plan)))
