"""Every recorded header that tells of limits is read, or is known to say nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from modelscan.contracts.http import Headers, HttpResponse, ResponseHead
from modelscan.limits.learning import DIALECTS, LimitReport, read_limits, read_refusal
from modelscan.wire.gemini import GeminiErrors
from modelscan.wire.openai_compatible import OpenAIErrors
from recordings import Recording, interactions, needs_recordings

pytestmark = needs_recordings

LIKELY = re.compile(r"limit|quota|remaining|-reset|retry-after|renewal|concurrent")
NAMED_OTHERWISE = {"azure-openai": "azure", "gemini": "none", "vertex": "none"}
"""Whose dialect isn't called as the provider is."""

SAYS_NOTHING = {
    "ratelimitbysize-query-cost": "what this call cost",
    "x-ratelimit": "whether this call was held back",
    "x-ratelimit-abusepenalty-active": "whether the account is punished",
    "x-ratelimit-limit": "Cohere's of 2023: of which unit and in what time, nobody says",
    "x-ratelimit-limit-tokens-usage-based": "the tokens' limit again, in 2023",
    "x-ratelimit-remaining": "as x-ratelimit-limit",
    "x-ratelimit-remaining-tokens-usage-based": "the tokens' limit again",
    "x-ratelimit-reset": "as x-ratelimit-limit",
    "x-ratelimit-reset-tokens-usage-based": "the tokens' limit again",
    "x-ratelimit-tokens-query-cost": "what this call cost",
    "retry-after": "Together's, on good answers: it is always there",
}
"""Headers that the dialect of whoever sends them passes over, and why."""


def dialect_of(recording: Recording) -> str:
    return NAMED_OTHERWISE.get(recording.provider, recording.provider)


def headers_of(recording: Recording) -> Headers:
    return tuple((name.lower(), value) for name, value in recording.response.headers)


@cache
def telling() -> tuple[Recording, ...]:
    """The recordings with a header that may tell of limits."""
    return tuple(one for one in interactions() if any(LIKELY.search(name) for name, _ in headers_of(one)))


def reports(provider: str) -> Iterator[tuple[Recording, tuple[LimitReport, ...]]]:
    for recording in telling():
        if recording.provider == provider:
            status = recording.response.status or 200
            yield recording, read_limits(dialect_of(recording), headers_of(recording), status, 1.8e9)


def test_every_header_that_tells_of_limits_is_read_or_known_to_say_nothing() -> None:
    passed_over = {
        (recording.provider, name)
        for recording in telling()
        for name, _ in headers_of(recording)
        if LIKELY.search(name) and name not in DIALECTS.get(dialect_of(recording), DIALECTS[""])
    }
    assert {name for _, name in passed_over} == set(SAYS_NOTHING)
    assert {provider for provider, name in passed_over if name.startswith(("x-ratelimit-limit", "x-ratelimit-re"))} == {
        "cohere",
        "openai",
    }
    assert {provider for provider, name in passed_over if name == "retry-after"} == {"together"}


def test_every_response_with_such_a_header_gives_reports_that_make_sense() -> None:
    silent: Counter[str] = Counter()
    for provider in sorted({recording.provider for recording in telling()}):
        for recording, told in reports(provider):
            values = " ".join(value for name, value in headers_of(recording) if LIKELY.search(name))
            if not told and "REDACTED" not in values:
                silent[provider] += 1
            for report in told:
                assert report.limit is None or report.limit > 0
                assert report.remaining is None or 0 <= report.remaining <= (report.limit or 10**12)
                assert report.reset_s is None or 0 <= report.reset_s <= 86400
    assert silent == {"together": 14}  # nothing but the `retry-after` that is always there


@pytest.mark.parametrize(
    ("provider", "windows_s"),
    [
        ("openai", {60.0}),
        ("anthropic", {60.0}),
        ("azure-openai", {60.0}),
        ("groq", {60.0, 86400.0}),
        ("mistral", {10.0, 60.0, None}),
        ("cohere", {60.0, None}),
        ("together", {1.0}),
        ("openrouter", {60.0}),
        ("replicate", {60.0}),
    ],
)
def test_the_windows_are_those_that_the_vendor_documents(provider: str, windows_s: set[float | None]) -> None:
    assert {one.window_s for _, told in reports(provider) for one in told if not one.pause_s} == windows_s


@pytest.mark.parametrize("provider", ["openai", "azure-openai", "groq"])
def test_resets_are_when_the_bucket_is_full_again(provider: str) -> None:
    """What is taken comes back at limit / window a second: this holds the units of the resets."""
    checked = 0
    for recording, told in reports(provider):
        for report in told:
            if report.limit and report.used and report.reset_s and report.window_s and recording.response.status == 200:
                full_s = report.used / report.limit * report.window_s
                assert report.reset_s <= full_s + 0.002
                assert report.reset_s >= full_s - report.window_s / report.limit - 0.002
                checked += 1
    assert checked >= 30


def test_anthropics_resets_are_near_the_responses_own_date() -> None:
    resets = [
        one.reset_s
        for recording, told in reports("anthropic")
        for one in told
        if one.name.startswith("anthropic") and one.reset_s is not None and "date" in dict(headers_of(recording))
    ]
    assert len(resets) > 50
    assert max(resets) <= 61


def test_good_answers_of_anthropic_with_a_retry_after_and_all_left_are_no_pause() -> None:
    with_one = [told for recording, told in reports("anthropic") if "retry-after" in dict(headers_of(recording))]
    assert len(with_one) == 3
    assert not any(report.pause_s for told in with_one for report in told)


def test_recorded_refusals_tell_the_limit() -> None:
    found = set()
    for recording in interactions():
        body = recording.response.body
        if recording.response.status != 429 and b"RESOURCE_EXHAUSTED" not in body:
            continue
        errors = GeminiErrors() if recording.provider in ("gemini", "vertex") else OpenAIErrors()
        error = errors.error(HttpResponse(ResponseHead(429, headers_of(recording)), body))
        assert error is not None, json.loads(body)
        refusal = read_refusal(error, dialect_of(recording), 1754667634.0)
        found |= {
            (recording.provider, one.unit, one.window_s, one.limit, one.remaining, refusal.is_quota)
            for one in refusal.reports
        }
    assert found == {
        ("gemini", "requests", 60.0, None, 0, False),
        ("openai", "images", 60.0, 5, 0, False),
        ("openrouter", "requests", 60.0, 1, None, False),
        ("openrouter", "requests", 60.0, 1, 0, False),
    }
