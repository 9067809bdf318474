"""The words of refusals, read for figures: which limit was passed, how much of it is left, in how long to come again.

Its patterns take a while to compile and hardly a program meets a refusal, so it is imported when one does. Source:
messages of OpenAI, Groq, Anthropic, OpenRouter, Voyage and Gemini as users quote them in public issues of 2023 to 2026,
and recordings; read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from modelscan.limits.learning.counter import DAY_S, HOUR_S, MINUTE_S
from modelscan.limits.learning.reports import LimitReport, Period
from modelscan.limits.learning.values import amount, is_endless
from modelscan.wire.unreadable import UNREADABLE

_LONGEST: Final = 16 * 1024
_WINDOWS_S: Final = {"s": 1.0, "m": MINUTE_S, "h": HOUR_S, "d": DAY_S}
_UNITS: Final = {
    "request": "requests",
    "token": "tokens",
    "image": "images",
    "input token": "input_tokens",
    "prompt token": "input_tokens",
    "output token": "output_tokens",
    "completion token": "output_tokens",
}
_UNIT: Final = r"(?P<unit>(?:(?:input|output|prompt|completion) )?(?:request|token|image))s?"
_PER: Final = r"per (?P<per>second|sec|minute|min|hour|day)\b"
_NUMBER: Final = r"(?P<limit>(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,20})(?:\.\d{1,9})?)"

# "on tokens per min (TPM): Limit 30000, Used 29937, Requested 385"; in 2023 "Limit: 60.000000 / min. Current: 100."
_LIMIT_USED: Final = re.compile(
    rf"\b{_UNIT} {_PER}[^:.]{{0,120}}[:.] ?Limit:? {_NUMBER}"
    r"(?:[^,.]{0,12}[,.] (?:Used|Current):? ~?(?P<used>\d{1,20}))?(?:[^,]{0,16}, Requested ~?(?P<asked>\d{1,20}))?",
    re.IGNORECASE,
)
# "your organization's rate limit of 40,000 input tokens per minute"; "limited to 1 requests per minute"
_SO_MANY: Final = re.compile(rf"\b(?:of|to) {_NUMBER} {_UNIT} {_PER}", re.IGNORECASE)
# "reduced rate limits of 3 RPM and 10K TPM"
_IN_SHORT: Final = re.compile(r"(?<![\d.,])(?P<limit>\d{1,9})(?P<thousand>K|M)? ?(?P<unit>R|T)P(?P<per>S|M|H|D)\b")
_THOUSANDS: Final = {None: 1, "K": 1_000, "M": 1_000_000}

_QUOTA_UNIT: Final = re.compile(r"InputToken|OutputToken|Token|Request|Image")
_QUOTA_PER: Final = re.compile(r"Per(Second|Minute|Hour|Day)")
_QUOTA_UNITS: Final = {
    "InputToken": "input_tokens",
    "OutputToken": "output_tokens",
    "Token": "tokens",
    "Request": "requests",
    "Image": "images",
}
_SCOPES: Final = ("project", "model", "region", "user")

# "Please retry in 45.5s", "Please retry after 86400 seconds", "Expected available in 1 second"
_WAIT: Final = re.compile(
    r"(?:retry|try again|available) (?:in|after) (?P<wait>\d{1,9}(?:\.\d{1,12})?) ?s(?:ec|\b)", re.IGNORECASE
)
_WAIT_FIELDS: Final = ("retry_after", "retry_after_seconds", "estimated_time")


def told_limits(body: bytes, *, dialect: str = "", now_s: float = 0.0) -> tuple[LimitReport, ...]:
    """The limits that the body of an error tells of."""
    text = body[:_LONGEST].decode("utf-8", "replace")
    reports = [*_in_words(text), *_in_headers(body, dialect, now_s)]
    if b"quota" in body:
        reports += _in_quotas(body)
    return tuple(reports)


def _in_words(text: str) -> Iterator[LimitReport]:
    for pattern in (_LIMIT_USED, _SO_MANY):
        for found in pattern.finditer(text):
            groups = found.groupdict()
            limit = amount(groups["limit"].replace(",", ""))
            if limit is None or is_endless(limit):
                continue
            used = amount(groups.get("used") or "")
            scope = "project" if " in project " in text else "organization"
            yield LimitReport(
                unit=_UNITS[groups["unit"].lower()],
                window_s=_WINDOWS_S[groups["per"][0].lower()],
                limit=limit,
                remaining=None if used is None else max(0, limit - used),
                scope=(scope, "model"),
                name=f"{groups['unit'].lower()}s per {_named(groups['per'])}",
            )
    for found in _IN_SHORT.finditer(text):
        limit = int(found["limit"]) * _THOUSANDS[found["thousand"]]
        if not is_endless(limit):
            unit = "requests" if found["unit"] == "R" else "tokens"
            window_s = _WINDOWS_S[found["per"].lower()]
            yield LimitReport(unit=unit, window_s=window_s, limit=limit, name=f"{found['unit']}P{found['per']}")


def _named(per: str) -> str:
    return {"s": "second", "m": "minute", "h": "hour", "d": "day"}[per[0].lower()]


def _in_headers(body: bytes, dialect: str, now_s: float) -> tuple[LimitReport, ...]:
    """The headers that OpenRouter repeats in an error's `metadata`, also where the error comes in mid-stream."""
    if b'"headers"' not in body:
        return ()
    from modelscan.limits.learning.dialects import read_limits

    headers = _object(_object(_object(_parsed(body).get("error")).get("metadata")).get("headers"))
    pairs = tuple((name.lower(), value) for name, value in headers.items() if isinstance(value, str))
    return read_limits(dialect, pairs, 0, now_s)


def _in_quotas(body: bytes) -> Iterator[LimitReport]:
    """The quotas that an error of Google's names, such as `GenerateRequestsPerDayPerProjectPerModel-FreeTier`."""
    from modelscan.wire.gemini.errors import passed_quotas  # late: other vendors' callers need none of it

    for name, value in passed_quotas(body):
        unit, per = _QUOTA_UNIT.search(name), _QUOTA_PER.search(name)
        limit = amount(value)
        if unit is None or per is None or (limit is not None and is_endless(limit)):
            continue
        # A day ends at midnight in California; the shorter ones roll.
        period: Period | None = "day" if per[1] == "Day" else None
        yield LimitReport(
            unit=_QUOTA_UNITS[unit[0]],
            kind="calendar" if period else "rate",
            window_s=None if period else _WINDOWS_S[per[1][0].lower()],
            period=period,
            zone="America/Los_Angeles" if period else "UTC",
            limit=limit,
            remaining=0,
            scope=tuple(scope for scope in _SCOPES if f"Per{scope.capitalize()}" in name),
            name=name,
        )


def is_too_large(message: str) -> bool:
    """Whether an error says that this request alone asks for more than the limit."""
    found = _LIMIT_USED.search(message)
    asked = amount(found["asked"] or "") if found else None
    limit = amount(found["limit"].replace(",", "")) if found else None
    return asked is not None and limit is not None and asked > limit


def wait_of(message: str, body: bytes) -> float | None:
    """The wait that an error's words ask for, where neither its headers nor its family's details do."""
    if found := _WAIT.search(message):
        return float(found["wait"])
    told = _parsed(body)
    for holder in (told, _object(told.get("error"))):
        for name in _WAIT_FIELDS:
            wait = holder.get(name)
            if isinstance(wait, (int, float)) and not isinstance(wait, bool) and 0 <= wait <= DAY_S:
                return float(wait)
    return None


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        return _object(msgspec.json.decode(body))
    except UNREADABLE:
        return {}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
