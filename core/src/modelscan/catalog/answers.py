"""What the catalog answers: rows of its tables as values, each with how fresh it is."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from modelscan.catalog.format import Allowance, Factor, Model, Plan, Prices, PublishedLimit, Trust

PriceRow = Prices | Factor | Allowance
"""One row of a model's prices: what units cost, what multiplies that, or what is included."""

Outcome = Literal["passed", "changed", "failed"]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value that the catalog gives."""


class Freshness(Answer, frozen=True, kw_only=True):
    """Where a row comes from, and how old it is.

    `verified` is the day on which somebody last read it at `source_url` (of a month the first day; None where nobody
    says). `is_stale`: that was more than 7 days before it was asked for, or nobody says. What a package says officially
    without a page behind it, of itself, doesn't age.
    """

    verified: dt.date | None
    trust: Trust
    source_url: str = ""
    is_stale: bool = False


class KnownLimit(Answer, frozen=True, kw_only=True):
    """A limit of a plan."""

    provider: str
    plan: str
    limit: PublishedLimit
    freshness: Freshness


class KnownPlan(Answer, frozen=True, kw_only=True):
    """A plan with its limits."""

    provider: str
    plan: Plan
    freshness: Freshness


class KnownModel(Answer, frozen=True, kw_only=True):
    """A model without its prices: `Catalog.price` gives those."""

    provider: str
    model: Model
    freshness: Freshness

    @property
    def name(self) -> str:
        """`provider/model`, as it is written in a call."""
        return f"{self.provider}/{self.model.id}"


class PriceList(Answer, frozen=True, kw_only=True):
    """All that makes up the price of a call to a model; `prices` is empty where the catalog knows none.

    `model` is the name that the catalog has it under: an alias and a dated snapshot are resolved. `free` is what the
    plan includes. `freshness` is that of the row that was verified longest ago, with the lowest trust of all.
    """

    provider: str
    model: str
    prices: tuple[Prices, ...] = ()
    factors: tuple[Factor, ...] = ()
    free: tuple[Allowance, ...] = ()
    freshness: Freshness


class PastPrice(Answer, frozen=True, kw_only=True):
    """A row of a model's prices at some time: now (`valid_until` None or to come), or before it changed.

    It held from `valid_from` (None: nobody knows since when) until the day before `valid_until`. `recorded` is when the
    catalog first had it, and `ended` when it no longer had, both in UTC.
    """

    provider: str
    model: str
    row: PriceRow
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    recorded: dt.datetime
    ended: dt.datetime | None = None


class KnownProvider(Answer, frozen=True, kw_only=True):
    """A provider: how people write its name, and where its rows come from."""

    provider: str
    title: str = ""
    version: str = ""
    plans: int = 0
    limits: int = 0
    models: int = 0
    priced_models: int = 0
    quirks: tuple[str, ...] = ()


class Validation(Answer, frozen=True, kw_only=True):
    """One look at whether rows are right: an import, or a check against a source.

    `kind` says what was done (`import`, `verify`, ...), `source` what with, `problems` what was found wrong.
    """

    provider: str
    kind: str
    outcome: Outcome
    source: str = ""
    at: dt.datetime
    checked: int = 0
    changed: int = 0
    problems: tuple[str, ...] = ()
    more: dict[str, Any] = {}  # what a checker of its own wants to keep: JSON
