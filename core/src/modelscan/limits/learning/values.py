"""The values of such headers: amounts, and moments in every form that somebody sends. Nonsense is None."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from modelscan.contracts.http import Headers
from modelscan.wire.waits import duration_s, http_date

_LONGEST: Final = 40  # characters of the longest date that anybody sends, and of any number worth reading
_NO_LIMIT: Final = frozenset({2**31 - 1, 2**32 - 1})
TOO_MUCH: Final = 10**15
_NINES: Final = 7  # 9,999,999 and its like stand for "no limit"
_EPOCH_S: Final = 1e9  # as seconds since 1970 this was in 2001, as a wait it is 31 years
_EPOCH_MS: Final = 1e11
_LONGEST_WAIT_S: Final = 366 * 86400.0


class Clock:
    """What time it is: by the response's own `date`, so that a wrong clock here does no harm, else by `now_s`."""

    __slots__ = ("_headers", "_now_s")

    def __init__(self, headers: Headers, now_s: float) -> None:
        self._headers = headers
        self._now_s = now_s

    @property
    def now_s(self) -> float:
        """Seconds since 1970."""
        for name, value in self._headers:
            if name == "date":
                told = _epoch_of_date(value)
                return self._now_s if told is None else told
        return self._now_s


def amount(text: str) -> int | None:
    """A whole number, also where it is written as a float."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return int(float(text))
    except (ValueError, OverflowError):
        return None


def is_endless(value: int) -> bool:
    """Whether a limit of so much is none: zero, -1, and the huge numbers that mean "no limit"."""
    if value <= 0 or value >= TOO_MUCH or value in _NO_LIMIT:
        return True
    digits = str(value)
    return len(digits) >= _NINES and digits == "9" * len(digits)


def window(text: str) -> float | None:
    """The seconds of a window: more than none, and no more than a year."""
    seconds = amount(text)
    return float(seconds) if seconds is not None and 0 < seconds <= _LONGEST_WAIT_S else None


def seconds_until(text: str, clock: Clock) -> float | None:
    """Seconds from now, never negative: of a number of seconds, a duration (`6m0s`), or a moment.

    A moment is seconds or milliseconds since 1970, RFC 3339 (without a zone: UTC) or an HTTP date. More than a year is
    nonsense.
    """
    if len(text) > _LONGEST:
        return None
    told = _number(text)
    if told is None:
        told = duration_s(text)
    if told is None:
        moment = _moment_s(text)
        told = None if moment is None else moment - clock.now_s
    elif told >= _EPOCH_S:
        told = (told / 1000 if told >= _EPOCH_MS else told) - clock.now_s
    if told is None or not told <= _LONGEST_WAIT_S:
        return None
    return max(0.0, told)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _moment_s(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _epoch_of_date(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=32)  # a second's responses have the same date
def _epoch_of_date(text: str) -> float | None:
    moment = http_date(text)
    return None if moment is None else moment.timestamp()
