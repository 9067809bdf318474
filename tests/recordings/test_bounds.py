"""No recorded call took more than its bound says it can, and the bounds say how far they are off."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest

from modelscan.contracts.operations import Meter
from modelscan.plugins import Plugins
from modelscan.wire.anthropic import MessagesMeter
from modelscan.wire.gemini import GeminiMeter
from modelscan.wire.openai_compatible import CompatibleMeter
from recorded_calls import Called, calls
from recordings import needs_recordings

pytestmark = needs_recordings

UNITS: Final = ("input_tokens", "output_tokens", "cache_write_tokens", "searches")
EXCEPTIONS: Final[dict[str, str]] = {}
"""Calls that took more, by the end of their name, each with the reason. There are none."""

LONG_TOKENS: Final = 500
# Half of the prompts are bounded within so many times what they took: of all, which are mostly a few words and as much
# as a vendor's own prompt may be, and of the long ones.
MOST_OF_ALL: Final = 40
MOST_OF_LONG: Final = 7


def meter_of(called: Called) -> tuple[str, Meter[Any]]:
    """The meter that the provider's plugin has or would have, and its name."""
    if called.format == "anthropic":
        return "anthropic", MessagesMeter()
    if called.format == "gemini":
        return "gemini", GeminiMeter()
    if called.recording.provider in ("openai", "azure-openai"):
        meter = Plugins().provider("openai").meter
        assert meter is not None
        return "openai", meter
    return "compatible", CompatibleMeter()


def bounds() -> Iterator[tuple[Called, str, str, int, int | None]]:
    """For each call and unit: whose meter, what it took and the most it could take."""
    for called in calls():
        name, meter = meter_of(called)
        most = meter.bound(called.request, called.target)
        for unit in UNITS:
            if unit in most:
                yield called, name, unit, getattr(called.usage, unit), most[unit]


def test_no_call_took_more_than_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    found = list(bounds())
    above = [
        f"{called.name}: {took} {unit} and a bound of {most}"
        for called, _, unit, took, most in found
        if most is not None and took > most and not called.name.endswith(tuple(EXCEPTIONS) or "\0")
    ]
    bounded = Counter((name, unit) for _, name, unit, _, most in found if most is not None)
    unbounded = Counter((name, unit) for _, name, unit, _, most in found if most is None)
    with capsys.disabled():
        for key in sorted(bounded | unbounded):
            print(f"\nbounds of {' '.join(key)}: {bounded[key]}, without one: {unbounded[key]}", end="")  # noqa: T201
    assert above == []
    assert sum(bounded.values()) >= 980
    assert len(calls()) >= 640


def test_bounds_are_not_far_above_what_calls_take(capsys: pytest.CaptureFixture[str]) -> None:
    pairs = [
        (name, took, most / took)
        for _, name, unit, took, most in bounds()
        if unit == "input_tokens" and most is not None and took
    ]
    with capsys.disabled():
        for name in sorted({name for name, _, _ in pairs}):
            median = statistics.median(ratio for of, _, ratio in pairs if of == name)
            print(f"\n{name}: the bound of a prompt is {median:.1f} times what it took, in the median", end="")  # noqa: T201
    of_all = statistics.median(ratio for _, _, ratio in pairs)
    of_long = statistics.median(ratio for _, took, ratio in pairs if took >= LONG_TOKENS)
    with capsys.disabled():
        print(f"\nall: {of_all:.1f} times; those of {LONG_TOKENS} tokens and more: {of_long:.1f} times")  # noqa: T201
    assert of_all <= MOST_OF_ALL
    assert of_long <= MOST_OF_LONG
