"""What was spent: exact sums over the ledger's entries, by model, provider, account, tag, day, ..."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan.accounting.exact import EXACT
from modelscan.accounting.ledger_rows import SELECT, entries_of, microseconds

if TYPE_CHECKING:
    import apsw

    from modelscan.accounting.entry import Entry

_ZERO: Final = Decimal(0)
_PART: Final = 10**9
_TAG: Final = "tag:"
_COLUMNS: Final = {
    "model": "provider || '/' || model",
    "provider": "provider",
    "account": "account",
    "capability": "capability",
    "certainty": "certainty",
    "currency": "currency",
    "day": "strftime('%Y-%m-%d', at_us / 1000000, 'unixepoch')",
    "outcome": "outcome",
    "principal": "principal",
}
DIMENSIONS: Final = (*_COLUMNS, "tag:NAME")
"""What sums go by, and what they may be narrowed down to (that, by `budget` too). Days are those of UTC."""


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one group's attempts cost together, in one currency.

    `estimated` and `bound` are the parts of `total` whose quantities the provider didn't report. Of `attempts`, the
    `unpriced` ones are in no sum: nobody knows what they cost.
    """

    group: tuple[str, ...]
    total: Decimal
    currency: str
    estimated: Decimal = _ZERO
    bound: Decimal = _ZERO
    attempts: int
    unpriced: int = 0


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are meant: from `since` until before `until`, with these values in the dimensions of `where`.

    `by` are the dimensions that sums go by. Raises `ValueError` for one that is unknown.
    """

    since: datetime | None = None
    until: datetime | None = None
    where: Mapping[str, str] = {}
    by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.condition()
        self.columns()

    def columns(self) -> tuple[str, list[str]]:
        """The dimensions of `by` in SQL, each with a comma, and the values in them."""
        expressions = [_expression(dimension) for dimension in self.by]
        return "".join(f"{text}, " for text, _ in expressions), [value for _, values in expressions for value in values]

    def condition(self) -> tuple[str, list[Any]]:
        """The condition on a row in SQL, and the values in it."""
        parts, values = ["1"], list[Any]()
        for moment, comparison in ((self.since, ">="), (self.until, "<")):
            if moment is not None:
                parts.append(f"at_us {comparison} ?")
                values.append(microseconds(moment))
        for dimension, value in self.where.items():
            if dimension == "budget":
                parts.append("attempts.budgets IN (SELECT label_set FROM labels WHERE name = ?)")
            elif dimension.startswith(_TAG):
                parts.append("attempts.tags IN (SELECT label_set FROM labels WHERE name = ? AND value = ?)")
                values.append(dimension.removeprefix(_TAG))
            else:
                parts.append(f"{_expression(dimension)[0]} = ?")
            values.append(value)
        return " AND ".join(parts), values


def spent(connection: apsw.Connection, query: Query) -> tuple[Spent, ...]:
    """The sums by these dimensions, in the groups' order; one for all without dimensions, none for no entries."""
    columns, names = query.columns()
    condition, values = query.condition()
    # Equal amounts are counted in SQL, and added up here: SQLite's own sums are floats.
    places = ", ".join(str(place + 1) for place in range(len(query.by) + 3))
    columns += "currency, certainty, amount, count(*)"
    text = f"SELECT {columns} FROM attempts WHERE {condition} GROUP BY {places}"  # noqa: S608 - all names are ours
    sums: dict[tuple[str, ...], _Sums] = {}
    for *group, currency, certainty, amount, times in connection.execute(text, (*names, *values)):
        sums.setdefault(tuple(group), _Sums()).add(currency, certainty, amount, times)
    return tuple(line for group in sorted(sums) for line in sums[group].lines(group))


def spent_nano(connection: apsw.Connection, query: Query, currency: str) -> int:
    """The sum of all costs in one currency, in billionths, each rounded up: what a budget counts."""
    condition, values = query.condition()
    # In two parts, since SQLite refuses a sum beyond its whole numbers.
    sums = f"sum(nano / {_PART}), sum(nano % {_PART})"
    text = f"SELECT {sums} FROM attempts WHERE {condition} AND currency = ?"  # noqa: S608 - all names are ours
    ((whole, rest),) = connection.execute(text, (*values, currency))
    return (whole or 0) * _PART + (rest or 0)


def entries(connection: apsw.Connection, query: Query) -> Iterator[Entry]:
    """The entries themselves, in the order of their times."""
    condition, values = query.condition()
    return entries_of(connection.execute(f"{SELECT} WHERE {condition} ORDER BY at_us, attempts.id", values))


class _Sums:
    """The sums of one group, by currency."""

    def __init__(self) -> None:
        self._amounts: dict[str, dict[str, Decimal]] = {}
        self._attempts: dict[str, int] = {}
        self._unpriced = 0

    def add(self, currency: str, certainty: str, amount: str | None, times: int) -> None:
        if amount is None:
            self._unpriced += times
            return
        sums = self._amounts.setdefault(currency, {})
        sums[certainty] = EXACT.add(sums.get(certainty, _ZERO), EXACT.multiply(Decimal(amount), times))
        self._attempts[currency] = self._attempts.get(currency, 0) + times

    def lines(self, group: tuple[str, ...]) -> Iterator[Spent]:
        """A line for each currency. Attempts of unknown cost stand in the first one."""
        unpriced = self._unpriced
        for currency in sorted(self._amounts) or [""]:
            sums = self._amounts.get(currency, {})
            total = _ZERO
            for amount in sums.values():
                total = EXACT.add(total, amount)
            yield Spent(
                group=group,
                total=total,
                currency=currency,
                estimated=sums.get("estimated", _ZERO),
                bound=sums.get("bound", _ZERO),
                attempts=self._attempts.get(currency, 0) + unpriced,
                unpriced=unpriced,
            )
            unpriced = 0


def _expression(dimension: str) -> tuple[str, list[str]]:
    """A dimension in SQL, and the values in it."""
    if dimension.startswith(_TAG):
        name = dimension.removeprefix(_TAG)
        query = "coalesce((SELECT value FROM labels WHERE label_set = attempts.tags AND name = ?), '')"
        return query, [name]
    if dimension not in _COLUMNS:
        raise ValueError(f"costs go by {', '.join(DIMENSIONS)}, not by {dimension!r}")
    return _COLUMNS[dimension], []
