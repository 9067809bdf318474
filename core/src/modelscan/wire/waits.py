"""How long a response asks to wait."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_PIECE: Final = re.compile(r"(\d{1,12}(?:\.\d{0,12})?)(ns|us|µs|ms|s|m|h)")
_UNITS_S: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def retry_after_s(headers: Iterable[tuple[str, str]], now: datetime | None = None) -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (seconds or an HTTP date) ask for; None where neither does.

    Names are in lower case. A date is taken relative to the response's own `date` header, so that a wrong clock here
    does no harm, else to `now`. Nonsense (negative, not a number) counts as absent.
    """
    found = {name: value for name, value in headers if name in ("retry-after-ms", "retry-after", "date")}
    milliseconds = _number(found.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = found.get("retry-after", "")
    seconds = _number(text)
    if seconds is not None or not text:
        return seconds
    until = http_date(text)
    if until is None:
        return None
    since = http_date(found.get("date", "")) or now or datetime.now(UTC)
    return max(0.0, (until - since).total_seconds())


def duration_s(text: str) -> float | None:
    """Seconds of a duration as Go writes it (`6m0s`, `1.5s`, `12ms`); None for anything else.

    >>> duration_s("1m2.5s")
    62.5
    """
    total, end = 0.0, 0
    for piece in _PIECE.finditer(text):
        if piece.start() != end:
            return None
        total += float(piece[1]) * _UNITS_S[piece[2]]
        end = piece.end()
    return total if end and end == len(text) else None


def http_date(text: str) -> datetime | None:
    """The moment that an HTTP date names; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().removesuffix("s"))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
