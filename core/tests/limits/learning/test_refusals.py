"""What refusals say of limits, in the words of those who send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.contracts.operations import Errors
from modelscan.errors import ContextLengthError, OverloadedError, ProviderError, QuotaExceededError, RateLimitError
from modelscan.limits.learning import Refusal, read_refusal
from modelscan.wire.anthropic import AnthropicErrors
from modelscan.wire.gemini import GeminiErrors
from modelscan.wire.openai_compatible import OpenAIErrors

NOW_S = 1_754_667_634.0  # 2025-08-08 15:40:34 UTC


def refusal(
    errors: Errors, body: object, headers: dict[str, str] | None = None, *, dialect: str = "openai", status: int = 429
) -> Refusal:
    response = HttpResponse(ResponseHead(status, tuple((headers or {}).items())), msgspec.json.encode(body))
    error = errors.error(response)
    assert error is not None
    return read_refusal(error, dialect, NOW_S)


def openai(message: str, **more: Any) -> Refusal:
    return refusal(OpenAIErrors(), {"error": {"message": message, "code": "rate_limit_exceeded"}}, **more)


def figures(found: Refusal) -> list[tuple[Any, ...]]:
    return [(one.unit, one.window_s or one.period, one.limit, one.remaining, one.scope) for one in found.reports]


ORGANIZATION = ("organization", "model")


@pytest.mark.parametrize(
    ("message", "expected", "wait_s"),
    [
        (
            (
                "Rate limit reached for gpt-4.1 in organization org-1 on tokens per min (TPM): Limit 30000, Used "
                "29937, Requested 385. Please try again in 644ms. Visit https://platform.openai.com/account/rate-limits."
            ),
            [("tokens", 60.0, 30_000, 63, ORGANIZATION)],
            0.644,
        ),
        (
            (
                "Rate limit reached for gpt-4o in project proj_1 organization org-1 on requests per day (RPD): Limit "
                "200, Used 200, Requested 1. Please try again in 7m12s."
            ),
            [("requests", 86400.0, 200, 0, ("project", "model"))],
            432.0,
        ),
        (
            (
                "Rate limit reached for model `llama3-70b-8192` in organization `org_1` service tier `on_demand` on "
                "tokens per minute (TPM): Limit 5000, Used 5747, Requested ~4251. Please try again in 59.977s."
            ),
            [("tokens", 60.0, 5000, 0, ORGANIZATION)],
            59.977,
        ),
        (
            "Rate limit exceeded for images per minute in organization org-1. Limit: 5/1min. Current: 6/1min.",
            [("images", 60.0, 5, 0, ORGANIZATION)],
            None,
        ),
        (
            (
                "Rate limit reached for default in organization org-1 on requests per min. Limit: 60.000000 / min. "
                "Current: 100.000000 / min."
            ),
            [("requests", 60.0, 60, 0, ORGANIZATION)],
            None,
        ),
        (
            "High demand for meta-llama/llama-3.2-3b-instruct:free on OpenRouter - limited to 1 requests per minute.",
            [("requests", 60.0, 1, None, ORGANIZATION)],
            None,
        ),
        (
            "This request would exceed your organization's rate limit of 40,000 input tokens per minute (model: c).",
            [("input_tokens", 60.0, 40_000, None, ORGANIZATION)],
            None,
        ),
        (
            "You have not yet added your payment method: reduced rate limits of 3 RPM and 10K TPM.",
            [("requests", 60.0, 3, None, ("model",)), ("tokens", 60.0, 10_000, None, ("model",))],
            None,
        ),
        ("a limit of 0 requests per minute, or 0 RPM", [], None),
        ("Tokens per minute limit exceeded - too many tokens processed.", [], None),
        ("have exceeded token rate limit of your tier. Please retry after 86400 seconds.", [], 86400.0),
        ("Request was throttled. Expected available in 1 second.", [], 1.0),
        ("Quota exceeded. Please retry in 45.578569677s.", [], 45.578569677),
        ("Come back later.", [], None),
    ],
)
def test_a_message_tells_the_limit_that_was_passed_and_the_wait(
    message: str, expected: list[tuple[Any, ...]], wait_s: float | None
) -> None:
    found = openai(message)
    assert figures(found) == expected
    assert found.retry_after_s == wait_s
    assert not found.is_quota
    assert not found.is_too_large


def test_headers_win_over_what_words_say_of_the_wait() -> None:
    assert openai("Please retry after 86400 seconds.", headers={"retry-after": "3"}).retry_after_s == 3


@pytest.mark.parametrize(
    ("body", "wait_s"),
    [
        ({"detail": "Request was throttled.", "retry_after": 1}, 1.0),
        ({"error": {"code": "limited", "message": "no", "retry_after_seconds": 12.5}}, 12.5),
        ({"error": "Model is loading", "estimated_time": 20.0}, 20.0),
        ({"error": {"message": "no", "retry_after": True}}, None),
        ({"error": {"message": "no", "retry_after": "soon"}}, None),
        ({"error": {"message": "no", "retry_after": -1}}, None),
        ({"error": {"message": "no", "retry_after": 1e300}}, None),
        ([{"error": {"message": "no"}}], None),
    ],
)
def test_a_body_may_tell_the_wait(body: object, wait_s: float | None) -> None:
    assert refusal(OpenAIErrors(), body).retry_after_s == wait_s


def test_what_alone_asks_for_more_than_the_limit_is_too_large() -> None:
    message = (
        "Request too large for gpt-4o in organization org-1 on tokens per min (TPM): Limit 30000, Requested 30601. The "
        "input or output tokens must be reduced in order to run successfully."
    )
    found = openai(message)
    assert found.is_too_large
    assert figures(found) == [("tokens", 60.0, 30_000, None, ORGANIZATION)]
    assert openai(message, status=413).is_too_large


@pytest.mark.parametrize(
    ("errors", "body"),
    [
        (OpenAIErrors(), {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}),
        (OpenAIErrors(), {"error": {"message": "Pay.", "type": "exceeded_current_quota_error"}}),
        (OpenAIErrors(), {"message": "Overdue.", "code": "Arrearage"}),
        (
            AnthropicErrors(),
            {
                "type": "error",
                "error": {
                    "type": "rate_limit_error",
                    "message": "Spent.",
                    "details": {"error_code": "enforced_spend_limit_reached"},
                },
            },
        ),
    ],
)
def test_a_quota_that_waiting_does_not_mend_is_told_apart(errors: Errors, body: object) -> None:
    assert refusal(errors, body).is_quota


def google(*violations: Mapping[str, object], **more: object) -> dict[str, object]:
    details: list[object] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": list(violations)},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"},
    ]
    return {"error": {"code": 429, "message": "Over.", "status": "RESOURCE_EXHAUSTED", "details": details, **more}}


def test_geminis_quotas_are_read_by_their_ids() -> None:
    found = refusal(
        GeminiErrors(),
        google(
            {"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "250000"},
            {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"},
            {"quotaId": "ImagesPerUser", "quotaValue": "5"},
            {"quotaId": "SomethingPerMinute", "quotaValue": "5"},
        ),
        dialect="none",
    )
    assert figures(found) == [
        ("input_tokens", 60.0, 250_000, 0, ("model",)),
        ("requests", 60.0, None, 0, ("project", "model")),
    ]
    assert found.retry_after_s == 34.4
    assert not found.is_quota
    assert found.reports[1].name == "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"


def test_geminis_day_is_a_quota_that_returns_at_midnight_in_california() -> None:
    daily = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}
    found = refusal(GeminiErrors(), google(daily))
    (report,) = found.reports
    assert (report.kind, report.period, report.zone) == ("calendar", "day", "America/Los_Angeles")
    assert (report.limit, report.remaining, report.window_s) == (20, 0, None)
    assert found.is_quota
    assert found.retry_after_s is None


def test_a_quota_of_nothing_is_no_limit_to_count_by() -> None:
    nothing = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "0"}
    found = refusal(GeminiErrors(), google(nothing))
    assert (found.reports, found.is_quota) == ((), True)


def test_vertex_tells_its_quota_in_another_detail() -> None:
    metadata = {"quota_limit": "GenerateContentRequestsPerMinutePerProjectPerRegion", "quota_limit_value": "60"}
    body = google(details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "metadata": metadata}])
    assert figures(refusal(GeminiErrors(), body)) == [("requests", 60.0, 60, 0, ("project", "region"))]


def test_openrouter_repeats_headers_in_the_body() -> None:
    headers = {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1754667660000", "N": 5}
    body = {"error": {"message": "Rate limit exceeded", "code": 429, "metadata": {"headers": headers}}}
    (report,) = refusal(OpenAIErrors(), body, dialect="openrouter").reports
    assert (report.limit, report.window_s, report.reset_s) == (20, 60.0, 26.0)
    assert refusal(OpenAIErrors(), {"error": {"message": '"headers"', "metadata": []}}).reports == ()
    assert read_refusal(RateLimitError("no", body=b'{"headers": ')).reports == ()


def test_an_error_in_mid_stream_is_read_by_its_message() -> None:
    found = read_refusal(OverloadedError("rate limit of 40,000 output tokens per minute"))
    assert [(report.unit, report.limit) for report in found.reports] == [("output_tokens", 40_000)]


@pytest.mark.parametrize("kind", [QuotaExceededError, RateLimitError, ContextLengthError])
def test_an_error_that_says_nothing_gives_an_empty_refusal(kind: type[ProviderError]) -> None:
    is_quota = kind is QuotaExceededError
    assert read_refusal(kind("no")) == Refusal(retry_after_s=None, is_quota=is_quota)


def test_a_message_that_is_no_text_is_read_as_far_as_it_is_one() -> None:
    (report,) = read_refusal(RateLimitError("\ud800 limited to 5 requests per minute")).reports
    assert report.limit == 5
