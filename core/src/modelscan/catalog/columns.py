"""Values as the tables hold them: exact amounts as text, lists and mappings as JSON, days as they were written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec

from modelscan.catalog.answers import Freshness
from modelscan.catalog.format import Source, Trust

Value = int | str | None
Columns = dict[str, Value]
"""A row to be written, by the names of its columns."""

STALE_DAYS: Final = 7
"""How long after somebody has verified it a row counts as fresh."""

_LARGEST: Final = 2**63 - 1
_ANYTHING: Final = msgspec.json.Decoder(float_hook=Decimal)
_EXACT: Final = msgspec.json.Decoder(dict[str, Decimal])
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def json_of(value: object) -> str:
    """A list or mapping as JSON; its amounts are numbers, to the last digit."""
    return _ENCODER.encode(value).decode()


def exact_json(amounts: Mapping[str, Decimal]) -> str:
    """Amounts as JSON, each as text."""
    return json_of({name: str(amount) for name, amount in amounts.items()})


def anything_of(text: str) -> dict[str, Any]:
    """A mapping of whatever shape, its fractions exact. Not to be changed where it is empty."""
    found: dict[str, Any] = {} if text == "{}" else _ANYTHING.decode(text)
    return found


def amounts_of(text: str) -> dict[str, Decimal]:
    """What `exact_json` wrote."""
    return {} if text == "{}" else _EXACT.decode(text)


@lru_cache(maxsize=4096)
def texts_of(text: str) -> tuple[str, ...]:
    """A list of words."""
    return msgspec.json.decode(text, type=tuple[str, ...])


def number_of(amount: Decimal | None) -> Value:
    """An amount as a whole number where it is written as one, so that SQL can compare it, else as text."""
    if amount is None:
        return None
    is_whole = amount.as_tuple().exponent == 0 and abs(amount) <= _LARGEST
    return int(amount) if is_whole else str(amount)


def text_of(amount: Decimal | None) -> str | None:
    """An amount as text, to the last digit."""
    return None if amount is None else str(amount)


def exact_of(value: Value) -> Decimal | None:
    """The amount that `number_of` or `text_of` wrote."""
    return None if value is None else Decimal(value)


def provenance(own: str, parents: str, sources: Mapping[str, Source]) -> Columns:
    """Where a row comes from: its own source, else that of what it belongs to."""
    source = sources.get(own or parents)
    return {
        "source": own,
        "source_url": source.url if source else "",
        "trust": source.trust if source else "unverified",
        "last_verified": source.verified if source else "",
    }


@lru_cache(maxsize=4096)
def freshness_of(source_url: str, trust: Trust, verified: str, today: dt.date) -> Freshness:
    """The same as an answer says it. What a package says of itself, with no page behind it, doesn't age."""
    day = day_of(verified)
    is_own = trust == "official" and not source_url
    is_stale = not is_own and (day is None or (today - day).days > STALE_DAYS)
    return Freshness(verified=day, trust=trust, source_url=source_url, is_stale=is_stale)


@lru_cache(maxsize=1024)
def day_of(text: str | None) -> dt.date | None:
    """A day; of a month or a year the first."""
    if not text:
        return None
    year, month, day = (*text.split("-"), "1", "1")[:3]
    return dt.date(int(year), int(month), int(day))


def moment_of(text: str) -> dt.datetime:
    """A moment in UTC."""
    return dt.datetime.fromisoformat(text)


def distinct(keys: Iterable[str]) -> list[str]:
    """The keys, those that were there before marked with how often: `#2`."""
    count: dict[str, int] = {}
    result = []
    for key in keys:
        count[key] = count.get(key, 0) + 1
        result.append(key if count[key] == 1 else f"{key}#{count[key]}")
    return result
