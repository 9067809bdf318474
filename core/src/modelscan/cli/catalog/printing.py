"""Tables of what the catalog answers: each row with how sure and how old it is, and where it comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

import click

from modelscan.catalog.answers import Freshness, KnownLimit, KnownModel, KnownPlan, PriceList, PriceRow
from modelscan.catalog.limit_rows import limit_type
from modelscan.cli.catalog.wording import amount_of, per_of, price_lines, remarks_of, trust_of, verified_of
from modelscan.cli.output import print_table

Known = tuple[Sequence[str], Freshness]
"""The cells of a row, and how fresh it is."""


def print_known(headers: Sequence[str], rows: Iterable[Known]) -> None:
    """Print rows with their freshness. A terminal gets the sources below the table, a pipe in a column of its own."""
    rows = list(rows)
    is_drawn = sys.stdout.isatty()
    columns = (*headers, "TRUST", "VERIFIED", *(() if is_drawn else ("SOURCE",)))
    print_table(
        columns,
        [
            (*cells, trust_of(told), verified_of(told), *(() if is_drawn else (told.source_url,)))
            for cells, told in rows
        ],
    )
    sources = sorted({told.source_url for _, told in rows} - {""})
    if is_drawn and sources:
        click.echo("\n".join(("Sources:", *(f"  {url}" for url in sources))))


def print_limits(limits: Iterable[KnownLimit]) -> None:
    """Limits, one a line."""
    print_known(("PLAN", "LIMIT", "AMOUNT", "PER", "MODELS", "REMARKS"), map(_of_limit, limits))


def _of_limit(known: KnownLimit) -> Known:
    limit = known.limit
    models = ", ".join(limit.models) or "all"
    cells = (
        *(known.plan, limit_type(limit).replace("_", " "), amount_of(limit.amount), per_of(limit)),
        *(models, remarks_of(limit)),
    )
    return cells, known.freshness


def print_plans(plans: Iterable[KnownPlan]) -> None:
    """Plans, one a line."""
    print_known(("PLAN", "NAME", "MONTHLY", "LIMITS", "REGIONS", "ABOUT"), map(_of_plan, plans))


def _of_plan(known: KnownPlan) -> Known:
    plan = known.plan
    monthly = "free" if plan.is_free else "" if plan.monthly is None else f"{amount_of(plan.monthly)} {plan.currency}"
    about = "; ".join(filter(None, ("the default" if plan.is_default else "", plan.about)))
    return (plan.id, plan.name, monthly, str(len(plan.limits)), ", ".join(plan.regions), about), known.freshness


def print_models(models: Iterable[KnownModel]) -> None:
    """Models, one a line."""
    headers = ("MODEL", "CAN", "FEATURES", "CONTEXT", "MOST OUTPUT", "STATUS")
    print_known(headers, map(_of_model, models))


def _of_model(known: KnownModel) -> Known:
    model = known.model
    status = f"{model.status}, retires {model.retires}" if model.retires else model.status
    sizes = [f"{size:,}" if size is not None else "" for size in (model.context_tokens, model.max_output_tokens)]
    cells = known.name, ", ".join(model.capabilities), ", ".join(model.features), *sizes, status
    return cells, known.freshness


def print_prices(prices: PriceList) -> None:
    """Prices, what multiplies them and what is included, one a line."""
    rows: tuple[PriceRow, ...] = (*prices.prices, *prices.factors, *prices.free)
    print_known(("OF", "PRICE", "WHEN"), ((line, prices.freshness) for row in rows for line in price_lines(row)))
