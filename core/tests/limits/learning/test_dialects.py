"""Every vendor's headers, as it sends them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelscan.limits.learning import DIALECTS, LimitReport, read_limits

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "limit-headers.md"
NOW_S = 1_785_693_600.0  # 2026-08-02 18:00:00 UTC


def read(dialect: str, headers: dict[str, str], status: int = 200) -> list[LimitReport]:
    return list(read_limits(dialect, tuple(headers.items()), status, NOW_S))


def figures(reports: list[LimitReport]) -> list[tuple[Any, ...]]:
    return [(one.unit, one.window_s or one.period, one.limit, one.remaining, one.reset_s) for one in reports]


def openai(requests: tuple[str, str, str], tokens: tuple[str, str, str]) -> dict[str, str]:
    fields = ("limit", "remaining", "reset")
    return {f"x-ratelimit-{field}-requests": value for field, value in zip(fields, requests, strict=True)} | {
        f"x-ratelimit-{field}-tokens": value for field, value in zip(fields, tokens, strict=True)
    }


@pytest.mark.parametrize("dialect", [*DIALECTS, "nobody's"])
def test_a_response_that_tells_nothing_has_no_reports(dialect: str) -> None:
    assert read(dialect, {"content-type": "application/json", "x-request-id": "1"}) == []


def test_openai_tells_requests_and_tokens_of_the_minute() -> None:
    headers = openai(("5000", "4999", "12ms"), ("160000", "159959", "15ms"))
    assert figures(read("openai", headers)) == [
        ("requests", 60.0, 5000, 4999, 0.012),
        ("tokens", 60.0, 160_000, 159_959, 0.015),
    ]
    (report, _) = read("openai", headers)
    assert (report.kind, report.scope, report.name) == ("rate", ("organization", "model"), "x-ratelimit-requests")
    assert (report.used, report.pause_s, report.is_countable) == (1, None, True)


@pytest.mark.parametrize(
    ("requests", "window_s"),
    [
        (("200", "199", "7m12s"), 86400.0),
        (("200", "198", "11m24s"), 86400.0),  # a used one of which a part has come back
        (("10000", "9999", "8.64s"), 86400.0),
        (("200", "0", "24h0m0s"), 86400.0),
        (("500", "499", "120ms"), 60.0),
        (("5000", "5000", "0s"), 60.0),
        (("3", "0", "59s"), 60.0),
        (("1000", "999", "45"), 60.0),  # a window that ends at once, as others tell it
        (("1000", "0", "1h0m0s"), 60.0),
        (("1000", "REDACTED", "45s"), 60.0),
        (("REDACTED", "999", "45s"), 60.0),
        (("1000", "999", "soon"), 60.0),
    ],
)
def test_whether_openais_requests_are_the_minutes_or_the_days_follows_from_the_figures(
    requests: tuple[str, str, str], window_s: float
) -> None:
    (report, *_) = read("openai", openai(requests, ("1", "1", "0s")))
    assert report.window_s == window_s


def test_openai_tells_the_projects_share_and_pictures_apart() -> None:
    headers = {
        "x-ratelimit-limit-project-tokens": "1000",
        "x-ratelimit-remaining-project-tokens": "900",
        "x-ratelimit-reset-project-tokens": "6s",
        "x-ratelimit-limit-images": "5",
        "x-ratelimit-remaining-images": "0",
        "x-ratelimit-reset-images": "4",
        "x-ratelimit-limit-input-images": "50000",
    }
    project, images, pictures = read("openai", headers, 429)
    assert (project.unit, project.scope, project.used) == ("tokens", ("project", "model"), 100)
    assert (images.unit, images.window_s, images.remaining, images.reset_s) == ("images", 60.0, 0, 4.0)
    assert (pictures.unit, pictures.limit, pictures.remaining) == ("input_images", 50_000, None)
    assert pictures.used is None


def test_anthropic_tells_four_counters_of_which_three_say_all() -> None:
    told = {
        f"anthropic-ratelimit-{stem}-{field}": value
        for stem, limit in (("requests", "50"), ("tokens", "60"), ("input-tokens", "40"), ("output-tokens", "20"))
        for field, value in (("limit", limit), ("remaining", "10"), ("reset", "2026-08-02T18:00:07Z"))
    }
    assert figures(read("anthropic", told)) == [
        ("requests", 60.0, 50, 10, 7.0),
        ("input_tokens", 60.0, 40, 10, 7.0),
        ("output_tokens", 60.0, 20, 10, 7.0),
    ]


def test_anthropics_tokens_are_read_where_input_and_output_arent_told_apart() -> None:
    (report,) = read("anthropic", {"anthropic-ratelimit-tokens-limit": "20000"})
    assert (report.unit, report.limit) == ("tokens", 20_000)


def test_anthropics_priority_tier_holds_for_that_tier() -> None:
    (report,) = read("anthropic", {"anthropic-priority-input-tokens-remaining": "7"})
    assert (report.unit, report.tier, report.remaining) == ("input_tokens", "priority", 7)


def test_azure_counts_a_reset_in_milliseconds_where_it_tells_the_window() -> None:
    headers = openai(("120", "119", "500"), ("120000", "119986", "7"))
    windows = {"x-ratelimit-renewalperiod-requests": "60", "x-ratelimit-renewalperiod-tokens": "10"}
    assert figures(read("azure", headers | windows)) == [
        ("requests", 60.0, 120, 119, 0.5),
        ("tokens", 10.0, 120_000, 119_986, 0.007),
    ]
    assert figures(read("azure", {"x-rate-limit-reset-tokens": "55", "x-ratelimit-remaining-tokens": "0"}, 429)) == [
        ("tokens", 60.0, None, 0, 55.0)
    ]
    assert figures(read("azure", {"x-ratelimit-remaining-tokens": "5", "x-ratelimit-renewalperiod-tokens": "60"})) == [
        ("tokens", 60.0, None, 5, None)
    ]


def test_minus_one_is_no_limit() -> None:
    headers = {"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "0"}
    assert read("azure", headers) == []
    assert read("", {"x-ratelimit-remaining-tokens": "-1"}) == []
    assert read("", {"x-ratelimit-remaining-tokens": str(2**63 - 1)}) == []


def test_groqs_requests_are_the_days_and_its_tokens_the_minutes() -> None:
    headers = openai(("14400", "14398", "10.974999999s"), ("30000", "29642", "716ms"))
    assert figures(read("groq", headers)) == [
        ("requests", 86400.0, 14_400, 14_398, 10.974999999),
        ("tokens", 60.0, 30_000, 29_642, 0.716),
    ]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "x-ratelimit-limit-req-10-second": "60",
                "x-ratelimit-remaining-req-10-second": "51",
                "x-ratelimit-limit-tokens-minute": "2000000",
                "x-ratelimit-limit-tokens-month": "10000000000",
                "x-ratelimit-remaining-tokens-month": "9999999147",
            },
            [
                ("requests", 10.0, 60, 51, None),
                ("tokens", 60.0, 2_000_000, None, None),
                ("tokens", "month", 10_000_000_000, 9_999_999_147, None),
            ],
        ),
        (
            {
                "ratelimitbysize-limit": "500000",
                "ratelimitbysize-remaining": "444817",
                "ratelimitbysize-reset": "44",
                "x-ratelimitbysize-limit-minute": "500000",
            },
            [("tokens", 60.0, 500_000, 444_817, 44.0)],
        ),
    ],
)
def test_mistrals_names_say_the_window(headers: dict[str, str], expected: list[tuple[Any, ...]]) -> None:
    assert figures(read("mistral", headers)) == expected


def test_cerebras_and_sambanova_tell_the_window_too() -> None:
    headers = {
        "x-ratelimit-limit-requests-day": "14400",
        "x-ratelimit-remaining-requests-day": "14399",
        "x-ratelimit-reset-requests-day": "33011.382867",
        "x-ratelimit-limit-tokens-minute": "60000",
    }
    assert figures(read("cerebras", headers)) == [
        ("requests", 86400.0, 14_400, 14_399, 33011.382867),
        ("tokens", 60.0, 60_000, None, None),
    ]
    reset = {"x-ratelimit-limit-requests": "240", "x-ratelimit-reset-requests": f"{NOW_S + 9:.0f}"}
    assert figures(read("sambanova", reset)) == [("requests", 60.0, 240, None, 9.0)]


def test_gateways_and_digitalocean_tell_the_window_in_other_words() -> None:
    headers = {"x-ratelimit-limit-minute": "5", "x-ratelimit-limit-tokens-per-day": "1000"}
    assert figures(read("", headers)) == [("requests", 60.0, 5, None, None), ("tokens", 86400.0, 1000, None, None)]


def test_coheres_trial_is_told_by_the_minute_and_by_the_month() -> None:
    headers = {
        "x-endpoint-monthly-call-limit": "1000",
        "x-trial-endpoint-call-limit": "10",
        "x-trial-endpoint-call-remaining": "9",
        "x-ratelimit-limit": "10000000",
        "x-ratelimit-remaining": "9999990",
        "x-ratelimit-reset": "1694403260",
    }
    assert figures(read("cohere", headers)) == [
        ("requests", "month", 1000, None, None),
        ("requests", 60.0, 10, 9, None),
    ]


def test_togethers_amounts_are_the_seconds_and_its_retry_after_says_nothing() -> None:
    headers = {
        "retry-after": "2",
        "x-ratelimit-limit": "10",
        "x-ratelimit-remaining": "19",
        "x-ratelimit-reset": "2",
        "x-ratelimit-limit-tokens": "3000",
        "x-tokenlimit-remaining": "2910",
    }
    assert figures(read("together", headers)) == [
        ("requests", 1.0, 10, 10, 2.0),
        ("tokens", 1.0, 3000, 2910, None),
    ]
    assert read("together", {"retry-after": "2"}) == []


def test_fireworks_tells_by_the_second_what_it_counts_by_the_minute() -> None:
    headers = {
        "x-ratelimit-limit-tokens-prompt": "60000",
        "x-ratelimit-remaining-tokens-prompt": "100",
        "x-ratelimit-limit-tokens-generated": "600",
        "x-ratelimit-remaining-tokens-prompt-uncached": "10",
    }
    assert figures(read("fireworks", headers)) == [
        ("input_tokens", 60.0, 3_600_000, 6000, None),
        ("output_tokens", 60.0, 36_000, None, None),
        ("uncached_input_tokens", 60.0, None, 600, None),
    ]


@pytest.mark.parametrize(
    ("in_s", "window_s"), [(26, 60.0), (60, 60.0), (30_000, 86400.0), (86_400, 86400.0), (200_000, None)]
)
def test_openrouters_reset_tells_the_minute_from_the_day(in_s: int, window_s: float | None) -> None:
    headers = {
        "x-ratelimit-limit": "20",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": f"{(NOW_S + in_s) * 1000:.0f}",
    }
    (report,) = read("openrouter", headers, 429)
    assert (report.window_s, report.reset_s, report.scope) == (window_s, in_s, ("account",))


def test_openrouter_without_a_reset_tells_no_window() -> None:
    (report,) = read("openrouter", {"x-ratelimit-limit": "20"})
    assert (report.window_s, report.is_countable) == (None, False)


def test_replicate_tells_what_is_left_and_not_of_what() -> None:
    (report,) = read("replicate", {"ratelimit-remaining": "597", "ratelimit-reset": "1"}, 201)
    assert figures([report]) == [("requests", 60.0, None, 597, 1.0)]
    assert not report.is_countable
    assert report.pause_s is None


def test_elevenlabs_tells_how_many_calls_are_under_way() -> None:
    headers = {"current-concurrent-requests": "3", "maximum-concurrent-requests": "10"}
    (report,) = read("elevenlabs", headers)
    assert (report.kind, report.unit, report.limit, report.used) == ("gauge", "concurrent", 10, 3)
    assert report.is_countable
    assert read("elevenlabs", {"current-concurrent-requests": "3"}) == []
    (report,) = read("elevenlabs", {"maximum-concurrent-requests": "10", "current-concurrent-requests": "?"})
    assert report.used is None


def test_more_left_than_there_is_is_all_of_it_and_less_than_nothing_is_nothing() -> None:
    left = {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "11"}
    assert read("", left)[0].remaining == 10
    assert read("", left | {"x-ratelimit-remaining-requests": "-3"})[0].remaining == 0


def test_the_dialect_of_those_who_tell_nothing_reads_nothing() -> None:
    assert read("none", {"x-ratelimit-limit-requests": "10", "retry-after": "1"}) == []


@pytest.mark.parametrize("status", [200, 201])
def test_a_good_answers_retry_after_is_a_pause(status: int) -> None:
    (report,) = read("", {"retry-after": "7"}, status)
    assert (report.unit, report.limit, report.pause_s, report.is_countable) == ("requests", None, 7.0, False)
    assert read("", {"retry-after-ms": "250"}, status)[0].pause_s == 0.25
    assert read("", {"retry-after": "Sun, 02 Aug 2026 18:00:30 GMT"}, status)[0].pause_s == 30


@pytest.mark.parametrize("status", [202, 302, 429, 503])
def test_other_answers_retry_after_is_none_of_the_reports(status: int) -> None:
    assert read("", {"retry-after": "7"}, status) == []


def test_a_retry_after_that_asks_for_nothing_is_no_pause() -> None:
    assert read("", {"retry-after": "0"}) == []
    assert read("", {"retry-after": "soon"}) == []


def test_a_retry_after_beside_something_left_is_no_pause() -> None:
    headers = {"anthropic-ratelimit-tokens-limit": "100", "anthropic-ratelimit-tokens-remaining": "100"}
    assert [report.name for report in read("anthropic", headers | {"retry-after": "59"})] == [
        "anthropic-ratelimit-tokens"
    ]
    headers["anthropic-ratelimit-tokens-remaining"] = "0"
    assert len(read("anthropic", headers | {"retry-after": "59"})) == 2


def test_an_errors_body_tells_limits_beside_its_headers() -> None:
    body = b'{"error": {"message": "on tokens per min (TPM): Limit 30000, Used 29937, Requested 385."}}'
    headers = (("x-ratelimit-limit-requests", "500"),)
    told = read_limits("openai", headers, 429, NOW_S, body)
    assert [(report.unit, report.limit) for report in told] == [("requests", 500), ("tokens", 30_000)]
    assert [report.unit for report in read_limits("openai", (), 429, NOW_S, body)] == ["tokens"]
    assert [report.unit for report in read_limits("openai", headers, 200, NOW_S, body)] == ["requests"]


def test_a_calendar_quota_without_its_period_cannot_be_counted() -> None:
    assert not LimitReport(unit="requests", kind="calendar", limit=1).is_countable
    assert LimitReport(unit="requests", kind="calendar", limit=1, period="day").is_countable


@pytest.mark.parametrize(
    ("report", "pause_s"),
    [
        (LimitReport(unit="requests", remaining=0, reset_s=7), 7),
        (LimitReport(unit="requests", limit=5, remaining=0, reset_s=7), 7),
        (LimitReport(unit="requests", remaining=1, reset_s=7), None),
        (LimitReport(unit="requests", remaining=0), None),
        (LimitReport(unit="requests", remaining=0, reset_s=7, tier="priority"), None),
        (LimitReport(unit="requests", limit=5, remaining=0, reset_s=7, window_s=60), None),
    ],
)
def test_nothing_left_is_a_pause_where_no_quota_can_hold_it(report: LimitReport, pause_s: float | None) -> None:
    assert report.pause_s == pause_s


@pytest.mark.skipif(not PAGE.exists(), reason="the documentation is not beside the core's tests")
def test_the_reference_lists_every_dialect() -> None:
    rows = [line.split("|")[1].strip(" `") for line in PAGE.read_text(encoding="utf-8").splitlines() if "|" in line]
    assert set(filter(None, DIALECTS)) <= set(rows)
