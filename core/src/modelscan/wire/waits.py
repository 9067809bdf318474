"""How long a response asks to wait."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


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
    until = _date(text)
    if until is None:
        return None
    since = _date(found.get("date", "")) or now or datetime.now(UTC)
    return max(0.0, (until - since).total_seconds())


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().removesuffix("s"))
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
