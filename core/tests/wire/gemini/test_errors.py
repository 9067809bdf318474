"""Errors: their class, the wait, and what waiting doesn't mend."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
)
from modelscan.wire.gemini import GeminiErrors, GeminiServer

RPC = "type.googleapis.com/google.rpc."


def error_of(status: int, body: Any) -> ProviderError | None:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return GeminiErrors().error(HttpResponse(ResponseHead(status), data))


def refused(status: int, word: str, message: str, *details: dict[str, Any]) -> ProviderError:
    found = error_of(status, {"error": {"code": status, "message": message, "status": word, "details": list(details)}})
    assert found is not None
    return found


def quota(quota_id: str, value: str = "20") -> dict[str, Any]:
    return {"@type": f"{RPC}QuotaFailure", "violations": [{"quotaId": quota_id, "quotaValue": value}]}


WAIT = {"@type": f"{RPC}RetryInfo", "retryDelay": "34.4s"}


def test_a_quota_of_a_minute_is_a_rate_limit_with_its_wait() -> None:
    error = refused(429, "RESOURCE_EXHAUSTED", "quota", quota("RequestsPerMinutePerProject"), WAIT)
    assert type(error) is RateLimitError
    assert (error.retry_after_s, error.retryable, error.code) == (34.4, True, "RESOURCE_EXHAUSTED")


def test_a_quota_of_a_day_is_mended_by_no_wait_whatever_the_service_asks_for() -> None:
    error = refused(
        429, "RESOURCE_EXHAUSTED", "quota", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), WAIT
    )
    assert type(error) is QuotaExceededError
    assert (error.retry_after_s, error.retryable) == (None, False)


@pytest.mark.parametrize(
    ("message", "details"),
    [
        ("quota", [quota("RequestsPerMinute", "0")]),
        ("Quota exceeded for metric: requests, limit: 0, model: gemini-3-pro", [WAIT]),
        ("Your project has exceeded its monthly spending cap.", []),
        ("Your prepayment credits are depleted. Please go to AI Studio.", []),
        ("q", [{"metadata": {"quota_limit": "RequestsPerMinute", "quota_limit_value": "0"}}]),
    ],
)
def test_no_quota_at_all_and_spent_money_are_mended_by_no_wait(message: str, details: list[dict[str, Any]]) -> None:
    assert type(refused(429, "RESOURCE_EXHAUSTED", message, *details)) is QuotaExceededError


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", AuthenticationError),
        (400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", AuthenticationError),
        (403, "PERMISSION_DENIED", "Your API key was reported as leaked.", AuthenticationError),
        (401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", AuthenticationError),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            ContextLengthError,
        ),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", PermissionDeniedError),
        (503, "UNAVAILABLE", "The model is overloaded. Please try again later.", OverloadedError),
        (504, "DEADLINE_EXCEEDED", "Deadline expired.", RequestTimeoutError),
        (500, "INTERNAL", "An internal error has occurred.", ServerError),
        (499, "CANCELLED", "The operation was cancelled.", ServerError),
        (400, "A_NEW_WORD", "Something new.", BadRequestError),
    ],
)
def test_an_error_has_the_class_that_its_words_stand_for(
    status: int, word: str, message: str, kind: type[ProviderError]
) -> None:
    error = refused(status, word, message)
    assert type(error) is kind
    assert (error.message, error.code, error.status) == (message, word, status)


def test_a_reason_tells_a_bad_key_in_any_words() -> None:
    assert type(refused(400, "INVALID_ARGUMENT", "Nein.", {"reason": "API_KEY_INVALID"})) is AuthenticationError


def test_an_error_in_an_array_and_with_status_200_is_found() -> None:
    error = error_of(200, [{"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}])
    assert type(error) is OverloadedError
    assert (error.status, error.retryable) == (503, True)


def test_a_body_that_is_not_the_vendors_is_shown() -> None:
    error = error_of(502, b"<html><h1>Bad Gateway</h1></html>")
    assert type(error) is ServerError
    assert error.message == "502 Bad Gateway: Bad Gateway"
    assert type(error_of(400, b"[]")) is BadRequestError


def test_a_detail_of_any_shape_does_no_harm() -> None:
    body = {
        "error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED", "details": [1, {"violations": 3}, WAIT]}
    }
    error = error_of(429, body)
    assert error is not None
    assert error.retry_after_s == 34.4


def test_a_blocked_prompt_says_which_rule_spoke() -> None:
    ratings = [
        {"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"},
        {"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "HIGH"},
    ]
    error = error_of(200, {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings}})
    assert type(error) is ContentFilterError
    assert error.message == "the prompt was blocked: SAFETY (HATE_SPEECH HIGH)"
    assert error.code == "SAFETY"


def test_an_answer_is_no_error_whatever_words_it_uses() -> None:
    said = {"candidates": [{"content": {"parts": [{"text": '"error" and "blockReason"'}]}}]}
    assert error_of(200, said) is None
    assert error_of(200, {"candidates": [], "promptFeedback": {"blockReason": None}}) is None
    assert error_of(200, {**said, "promptFeedback": {"blockReason": "SAFETY"}}) is None
    assert error_of(200, {"models": [{"blockReason": 1}]}) is None


@pytest.mark.parametrize(
    "error",
    [
        BadRequestError("wrong", status=400, code="INVALID_ARGUMENT"),
        ContextLengthError("too long", status=400, code="INVALID_ARGUMENT"),
        AuthenticationError("no key", status=401, code="UNAUTHENTICATED"),
        RateLimitError("slowly", status=429, code="RESOURCE_EXHAUSTED", retry_after_s=2.5),
        QuotaExceededError("used up", status=429, code="RESOURCE_EXHAUSTED"),
        OverloadedError("busy", status=503, code="UNAVAILABLE"),
        ServerError("broken", status=500, code="INTERNAL"),
    ],
)
def test_an_error_that_the_server_writes_is_read_as_it_was_meant(error: ProviderError) -> None:
    response = GeminiServer().error(error)
    again = GeminiErrors().error(response)
    assert again is not None
    assert (type(again), again.status, again.code, again.retry_after_s) == (
        type(error),
        error.status,
        error.code,
        error.retry_after_s,
    )
    assert again.message.endswith(error.message)


def test_an_error_of_another_vendor_gets_this_vendors_words() -> None:
    again = GeminiErrors().error(GeminiServer().error(OverloadedError("busy", code="overloaded_error")))
    assert type(again) is OverloadedError
    assert (again.status, again.code) == (503, "UNAVAILABLE")
    unknown = GeminiServer().error(ProviderError("strange"))
    assert unknown.status == 500
