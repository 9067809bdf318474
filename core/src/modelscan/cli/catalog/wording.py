"""What the catalog answers, in words for a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from modelscan.catalog.answers import Freshness, PriceRow
from modelscan.catalog.format import Allowance, Factor, Hours, Prices, PublishedLimit
from modelscan.cli.output import Caution

_SECONDS: Final = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def trust_of(freshness: Freshness) -> str:
    """How sure a row is; what nobody has verified catches the eye."""
    return Caution("unverified") if freshness.trust == "unverified" else freshness.trust


def verified_of(freshness: Freshness) -> str:
    """When somebody last read it; what is old catches the eye."""
    day = str(freshness.verified or "never")
    return Caution(day) if freshness.is_stale else day


def amount_of(amount: Decimal | None) -> str:
    """A number as people read it: 1,000,000 and 0.15."""
    return "not published" if amount is None else f"{amount:,f}"


def per_of(limit: PublishedLimit) -> str:
    """The time in which a limit's amount may be used."""
    if limit.kind == "gauge":
        return "at once"
    if limit.period:
        anchor = limit.anchor or "00:00"
        resets = "on the subscription's day" if anchor == "subscription" else f"at {anchor} {limit.zone}"
        return f"{limit.period}, resets {resets}"
    seconds = limit.window_s or Decimal(0)
    return _SECONDS.get(int(seconds), "") if seconds in _SECONDS else f"{amount_of(seconds)} s"


def remarks_of(limit: PublishedLimit) -> str:
    """What else a limit says, first whose it is where that isn't the account."""
    parts = [
        f"per {', '.join(limit.scope).replace('_', ' ')}" if limit.scope != ("account",) else "",
        f"in {limit.region}" if limit.region else "",
        f"at {', '.join(limit.endpoints)}" if limit.endpoints else "",
        f"at most {amount_of(limit.burst)} in a burst" if limit.burst else "",
        f"counts {_weights(limit.counts)}" if limit.counts else "",
        "counts the output asked for" if limit.admission == "asked" else "",
        "shared" if limit.is_shared else "",
        limit.note,
    ]
    return "; ".join(filter(None, parts))


def price_lines(row: PriceRow) -> Iterator[tuple[str, str, str]]:
    """Each price of a row: of what, how much, on which conditions."""
    if isinstance(row, Prices):
        per = f" / {row.per:,}" if row.per != 1 else ""
        when = conditions_of(row)
        for unit, price in row.units.items():
            yield unit, f"{amount_of(price)} {row.currency}{per}", "; ".join(filter(None, (when, _least(row, unit))))
    elif isinstance(row, Factor):
        yield "every price", f"x {amount_of(row.factor)}", "; ".join(filter(None, (row.tier, row.region)))
    else:
        yield row.unit, f"{amount_of(row.amount)} included per {row.period}", _of_allowance(row)


def conditions_of(row: Prices) -> str:
    """When prices hold."""
    parts = [
        row.tier if row.tier != "standard" else "",
        f"in {row.region}" if row.region else "",
        *(f"above {amount:,} {unit}" for unit, amount in row.above.items()),
        *(f"{name} {value}" for name, value in row.when.items()),
        *(_hours(hours) for hours in row.hours),
        f"from {row.since}" if row.since else "",
        f"until {row.until}" if row.until else "",
        row.note,
    ]
    return "; ".join(filter(None, parts))


def _least(row: Prices, unit: str) -> str:
    least = f"{amount_of(row.least[unit])} at least" if unit in row.least else ""
    step = f"in steps of {amount_of(row.step[unit])}" if unit in row.step else ""
    return "; ".join(filter(None, (least, step)))


def _of_allowance(row: Allowance) -> str:
    parts = [
        f"plan {row.plan}" if row.plan else "",
        f"shared by {row.group}" if row.group else "",
        f"then {amount_of(row.overage)} {row.currency} each" if row.overage is not None else "",
    ]
    return "; ".join(filter(None, parts))


def _hours(hours: Hours) -> str:
    days = f"{', '.join(hours.days)} " if hours.days else ""
    return f"{days}{hours.start} to {hours.end} {hours.zone}"


def _weights(counts: Mapping[str, Decimal]) -> str:
    parts = (unit if weight == 1 else f"{amount_of(weight)} x {unit}" for unit, weight in counts.items())
    return ", ".join(parts).replace("_", " ")
