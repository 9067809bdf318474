"""Errors: each type's class, the words that tell more than the type, and bodies that aren't the vendor's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContentFilterError,
    ContextLengthError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServerError,
)
from modelscan.wire.anthropic import AnthropicErrors


def error(status: int, type_: str, message: str = "No.", headers: Any = (), **details: Any) -> ProviderError:
    body: dict[str, Any] = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}
    if details:
        body["error"]["details"] = details
    found = AnthropicErrors().error(HttpResponse(ResponseHead(status, tuple(headers)), json.dumps(body).encode()))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("status", "type_", "class_", "retryable"),
    [
        (400, "invalid_request_error", BadRequestError, False),
        (401, "authentication_error", AuthenticationError, False),
        (402, "billing_error", QuotaExceededError, False),
        (403, "permission_error", PermissionDeniedError, False),
        (404, "not_found_error", NotFoundError, False),
        (409, "conflict_error", ConflictError, True),
        (413, "request_too_large", RequestTooLargeError, False),
        (429, "rate_limit_error", RateLimitError, True),
        (500, "api_error", ServerError, True),
        (504, "timeout_error", RequestTimeoutError, True),
        (529, "overloaded_error", OverloadedError, True),
        (409, "memory_path_conflict_error", ConflictError, True),
        (418, "teapot_error", BadRequestError, False),
    ],
)
def test_each_type_has_its_class(status: int, type_: str, class_: type[ProviderError], retryable: bool) -> None:
    found = error(status, type_)
    assert type(found) is class_
    assert (found.status, found.code, found.message, found.request_id) == (status, type_, "No.", "req_1")
    assert found.retryable is retryable


@pytest.mark.parametrize(
    "code",
    [
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "organization_on_hold",
    ],
)
def test_a_spend_limit_is_not_to_be_waited_for(code: str) -> None:
    found = error(429, "rate_limit_error", error_code=code)
    assert type(found) is QuotaExceededError
    assert (found.code, found.retryable) == (code, False)


def test_traffic_that_rose_too_fast_may_be_tried_again() -> None:
    found = error(429, "rate_limit_error", error_code="ramp_limit_exceeded", headers=[("retry-after", "7")])
    assert type(found) is RateLimitError
    assert (found.code, found.retry_after_s) == ("ramp_limit_exceeded", 7.0)


@pytest.mark.parametrize(
    ("status", "type_", "message", "class_"),
    [
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextLengthError),
        (
            400,
            "invalid_request_error",
            "input length and `max_tokens` exceed context limit: 190000 + 16000 > 200000",
            ContextLengthError,
        ),
        (413, "request_too_large", "Prompt is too long", ContextLengthError),
        (400, "invalid_request_error", "Your credit balance is too low to access the API.", QuotaExceededError),
        (400, "invalid_request_error", "Output blocked by content filtering policy", ContentFilterError),
    ],
)
def test_some_words_tell_more_than_the_type(status: int, type_: str, message: str, class_: type[ProviderError]) -> None:
    assert type(error(status, type_, message)) is class_


def test_an_error_that_comes_with_status_200_has_the_status_of_its_type() -> None:
    found = error(200, "overloaded_error")
    assert (type(found), found.status) == (OverloadedError, 529)


def test_a_200_without_an_error_is_none() -> None:
    for body in (b'{"type":"message"}', b"", b"<html>", b'{"input_tokens":3}'):
        assert AnthropicErrors().error(HttpResponse(ResponseHead(200), body)) is None


@pytest.mark.parametrize("body", [b"", b"<html><h1>Bad gateway</h1></html>", b'{"error":"text"}', b'{"type":"error"}'])
def test_a_body_that_isn_t_the_vendor_s_is_shown(body: bytes) -> None:
    response = HttpResponse(ResponseHead(502, (("request-id", "req_9"),)), body)
    found = AnthropicErrors().error(response)
    assert type(found) is ServerError
    assert found.message.startswith("502 Bad Gateway")
    assert found.request_id == "req_9"
