"""When each price of a model held: what the catalog has now and what it had before, in one line of time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from modelscan.catalog.answers import PastPrice
from modelscan.catalog.columns import day_of, moment_of
from modelscan.catalog.database import Row
from modelscan.catalog.price_rows import PRICE, price_of

HISTORY: Final = f"""
SELECT p.key, p.held_until, p.first_recorded, p.ended_at, p.source_url, p.trust, p.last_verified, {PRICE}
FROM pricing_history AS p WHERE p.provider = :provider AND p.model = :model ORDER BY p.ended_at, p.id
"""  # noqa: S608 - our own names
CURRENT: Final = f"""
SELECT p.key, p.valid_until, p.first_recorded, NULL, p.source_url, p.trust, p.last_verified, {PRICE}
FROM ending_prices AS p WHERE p.provider = :provider AND p.model = :model ORDER BY p.position, p.id
"""  # noqa: S608 - our own names


@attrs.frozen
class Span:
    """A row of prices and the days on which it held; `told` is its source's address, trust and date."""

    key: str
    price: PastPrice
    told: Row

    def holds(self, day: dt.date) -> bool:
        """Whether it held on a day, as far as it says."""
        since, until = self.price.valid_from, self.price.valid_until
        return (since is None or since <= day) and (until is None or day < until)


def spans(provider: str, model: str, past: Iterable[Row], current: Iterable[Row]) -> list[Span]:
    """The line of time, from the rows of `HISTORY` and `CURRENT`.

    A row that doesn't say since when it holds holds since the one before it under the same conditions ended.
    """
    result = []
    ends: dict[str, dt.date | None] = {}
    for key, until, first_recorded, ended, *rest in (*past, *current):
        row = price_of(tuple(rest[3:]))
        end = day_of(until)
        price = PastPrice(
            provider=provider,
            model=model,
            row=row,
            valid_from=day_of(getattr(row, "since", None)) or ends.get(key),
            valid_until=end,
            recorded=moment_of(first_recorded),
            ended=moment_of(ended) if ended else None,
        )
        ends[key] = end
        result.append(Span(key, price, tuple(rest[:3])))
    return result


def held_on(day: dt.date, line: Sequence[Span]) -> list[Span]:
    """What held on a day, by what is known now.

    Where a row says since when it holds and was changed under that same date, the change was a correction: the latest
    counts for all of that time.
    """
    corrected = {span.key: span for span in line if getattr(span.price.row, "since", None)}
    return [span for span in line if span.holds(day) and corrected.get(span.key, span) is span]
