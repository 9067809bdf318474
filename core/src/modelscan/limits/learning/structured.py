"""Headers that tell of several limits at once: lists with a policy, and the IETF's RateLimit fields.

Source: draft-ietf-httpapi-ratelimit-headers, whose versions differ: up to 06 `RateLimit-Limit: 100, 100;w=60`, in 07
`RateLimit: limit=100, remaining=50, reset=30`, since 08 `RateLimit: "burst";r=50;t=30` beside
`RateLimit-Policy: "burst";q=100;w=60`; read 2026-11. Brave's `X-RateLimit-*` are lists with one place for each policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from modelscan.limits.learning.counter import Counter, Field, Figures, Told, figures, plain
from modelscan.limits.learning.reports import LimitReport
from modelscan.limits.learning.values import Clock, amount, window
from modelscan.types.limits import LimitKind

_LONGEST: Final = 512
_MOST_ITEMS: Final = 8
_ITEM: Final = re.compile(r'(?:[^,"]|"[^"]*")+')
_PART: Final = re.compile(r'(?:[^;"]|"[^"]*")+')
_UNITS: Final[Mapping[str, tuple[str, LimitKind]]] = {
    "requests": ("requests", "rate"),
    "concurrent-requests": ("concurrent", "gauge"),
}
_OLDER: Final[tuple[Field, ...]] = ("limit", "remaining", "reset")


class Item(NamedTuple):
    """One item of a list: its values, the quoted ones without their quotes, and its parameters."""

    values: tuple[str, ...]
    parameters: Mapping[str, str]


def items(text: str) -> list[Item]:
    """The items of a header, as far as they can be read."""
    return [_item(found[0]) for found in _ITEM.finditer(text[:_LONGEST])][:_MOST_ITEMS]


def _item(text: str) -> Item:
    values, parameters = [], {}
    for found in _PART.finditer(text):
        part = found[0].strip()
        name, is_parameter, value = part.partition("=")
        if is_parameter and not part.startswith('"'):
            parameters[name.strip().lower()] = value.strip().strip('"')
        else:
            values.append(part.strip('"'))
    return Item(tuple(values), parameters)


def ietf(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """The reports of RateLimit fields, of whichever version."""
    state = items(told.get("state", ""))
    older = {name: value for item in state for name, value in item.parameters.items()}
    if "remaining" in older or "limit" in older:
        told = told | {field: older[field] for field in _OLDER if field in older}
    elif state or told.keys() == {"policy"}:
        return _named(counter, items(told.get("policy", "")), state, clock)
    return listed(counter, told, clock)


def _named(counter: Counter, policies: list[Item], state: list[Item], clock: Clock) -> tuple[LimitReport, ...]:
    """Policies and what is left of them, which go together by name."""
    reports: list[LimitReport] = []
    for policy in policies or [Item(one.values, {}) for one in state]:
        left = next((one for one in state if set(one.values) & set(policy.values)), None)
        if left is None and len(policies) == len(state) == 1:
            left = state[0]
        reports += _report(counter, policy, left.parameters if left else {}, clock)
    return tuple(reports)


def _report(counter: Counter, policy: Item, left: Mapping[str, str], clock: Clock) -> tuple[LimitReport, ...]:
    unit, kind = _UNITS.get(policy.parameters.get("qu", "requests"), ("", "rate"))
    if not unit:
        return ()
    quota = policy.parameters.get("q") or (policy.values[0] if policy.values else "")
    told: Told = {"limit": quota}
    if "r" in left:
        told["remaining"] = left["r"]
    if "t" in left:
        told["reset"] = left["t"]
    return _with(counter, unit, kind, figures(told, clock), policy)


def listed(counter: Counter, told: Told, clock: Clock) -> tuple[LimitReport, ...]:
    """One limit, or a list with one place for each policy; a policy may also stand behind the limit itself."""
    amounts = items(told.get("limit", ""))
    policies = items(told.get("policy", "")) or [item for item in amounts if "w" in item.parameters]
    if len(amounts) <= 1 and not policies:
        return plain(counter, told, clock)
    places = [_split(told, at) for at in range(len(policies))]
    if len(policies) > 1 and all("remaining" in place for place in places):
        reports = [
            _with(counter, "requests", "rate", figures(place, clock), policy)
            for place, policy in zip(places, policies, strict=True)
        ]
        return tuple(report for found in reports for report in found)
    found = figures(_split(told, 0), clock)
    policy = next((one for one in policies if _quota(one) == found.limit), None)
    return _with(counter, "requests", "rate", found, policy or Item((), {}))


def _split(told: Told, at: int) -> Told:
    """What stands in one place of the lists."""
    place: Told = {}
    for field in _OLDER:
        values = [item.values[0] for item in items(told.get(field, "")) if item.values]
        if at < len(values):
            place[field] = values[at]
    return place


def _quota(policy: Item) -> int | None:
    return amount(policy.values[0]) if policy.values else None


def _with(counter: Counter, unit: str, kind: LimitKind, found: Figures, policy: Item) -> tuple[LimitReport, ...]:
    """A report with the policy's window."""
    if found.limit is None and found.remaining is None:
        return ()
    return (
        LimitReport(
            unit=unit,
            kind=kind,
            window_s=window(policy.parameters.get("w", "")) if kind == "rate" else None,
            limit=found.limit,
            remaining=found.remaining,
            reset_s=found.reset_s,
            scope=counter.scope,
            name=counter.name,
        ),
    )
