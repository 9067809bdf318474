"""Errors in every shape that servers tell them in, each of one class."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProviderError,
    QuotaExceededError,
    RateLimitError,
    RequestTooLargeError,
    ServerError,
)
from modelscan.wire.openai_compatible import OpenAIErrors


def error(status: int, body: Any, *headers: tuple[str, str]) -> ProviderError:
    found = maybe(status, body, *headers)
    assert found is not None
    return found


def maybe(status: int, body: Any, *headers: tuple[str, str]) -> ProviderError | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return OpenAIErrors().error(HttpResponse(ResponseHead(status, headers), raw))


def told(code: str | None, kind: str = "invalid_request_error", message: str = "Sorry.") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, told(None), BadRequestError),
        (400, told("context_length_exceeded"), ContextLengthError),
        (400, told(None, message="This model's maximum context length is 8192 tokens."), ContextLengthError),
        (400, told(None, message="Your input exceeds the context window of this model."), ContextLengthError),
        (500, told(None, message="The context size has been exceeded."), ContextLengthError),
        (400, told("content_policy_violation"), ContentFilterError),
        (400, told("content_filter"), ContentFilterError),
        (400, told("invalid_prompt"), ContentFilterError),
        (400, told("model_not_found"), NotFoundError),
        (404, told("model_not_found"), NotFoundError),
        (400, {"type": "invalid_model", "message": "Invalid model: x", "code": "1500"}, NotFoundError),
        (401, told("invalid_api_key"), AuthenticationError),
        (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}, AuthenticationError),
        (403, told("unsupported_country_region_territory"), PermissionDeniedError),
        (413, told(None), RequestTooLargeError),
        (429, told("rate_limit_exceeded", "tokens"), RateLimitError),
        (429, told("insufficient_quota", "insufficient_quota"), QuotaExceededError),
        (400, told("billing_hard_limit_reached"), QuotaExceededError),
        (402, {"error": "no credit"}, QuotaExceededError),
        (500, told(None, "server_error"), ServerError),
        (503, told(None, "server_error"), OverloadedError),
        (429, told(None, "engine_overloaded_error"), RateLimitError),
    ],
)
def test_the_class_is_told_by_code_type_words_or_status(status: int, body: Any, kind: type[ProviderError]) -> None:
    found = error(status, body)
    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (told("c", message="Sorry."), "Sorry.", "c"),
        ({"error": "Sorry."}, "Sorry.", ""),
        ({"error": "Sorry.", "error_type": "x", "code": 7}, "Sorry.", "7"),
        ({"message": "Sorry.", "request_id": "r"}, "Sorry.", ""),
        ({"detail": "Sorry."}, "Sorry.", ""),
        ({"detail": [{"loc": ["body", "n"], "msg": "Too many"}, {"msg": "Odd"}]}, "body.n: Too many; Odd", ""),
        ({"object": "error", "message": {"detail": [{"loc": ["x"], "msg": "Bad"}]}}, "x: Bad", ""),
        ([told("c")], "Sorry.", "c"),
        ({"error": {}, "message": "Sorry."}, "Sorry.", ""),
        ({"error": {"message": None, "msg": "Sorry."}}, "Sorry.", ""),
        (b"<html><h1>Bad gateway</h1></html>", "400 Bad Request: Bad gateway", ""),
        (b"", "400 Bad Request, with an empty body", ""),
        (b'{"error":{"mess', '400 Bad Request: {"error":{"mess', ""),
        ([], "400 Bad Request: []", ""),
        ({"error": {"code": "c"}}, '400 Bad Request: {"error": {"code": "c"}}', "c"),
        ({"detail": [5]}, '400 Bad Request: {"detail": [5]}', ""),
    ],
)
def test_the_vendors_words_are_found_wherever_they_are(body: Any, message: str, code: str) -> None:
    found = error(400, body)
    assert type(found) is BadRequestError
    assert (found.message, found.code) == (message, code)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        {"choices": [], "error": None},
        {"object": "response", "error": None, "output": []},
        {"choices": [{"message": {"content": '{"error": "x"}'}}]},
        {"output": [{"type": "mcp_call", "error": {"message": "x"}}]},
        {"error": {}},
        [{"error": None}],
        b'{"error": "x',
    ],
)
def test_a_good_reply_is_no_error(body: Any) -> None:
    assert maybe(200, body) is None


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"message": "x", "code": "rate_limit_exceeded"}}, RateLimitError, 200),
        ({"error": {"message": "x", "code": 429}}, RateLimitError, 429),
        ({"error": {"message": "x", "status": 400, "code": "content_filter"}}, ContentFilterError, 400),
        ({"error": {"message": "x", "type": "invalid_request_error"}}, BadRequestError, 200),
        ({"error": "x"}, ServerError, 200),
        ({"type": "error", "code": "server_error", "message": "x"}, ServerError, 200),
        ({"object": "error", "message": "x", "type": "overloaded_error"}, OverloadedError, 200),
    ],
)
def test_an_error_with_status_200_is_one(body: Any, kind: type[ProviderError], status: int) -> None:
    found = error(200, body)
    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("Please try again in 20s.", 20.0),
        ("Please try again in 1m2.5s.", 62.5),
        ("Please try again in 120ms.", 0.12),
        ("Please try again in 1h0m0s.", 3600.0),
        ("Please try again in 6m0s.", 360.0),
        ("Please try again in a while.", None),
        ("Please try again later.", None),
    ],
)
def test_the_wait_is_read_from_the_message_where_no_header_tells_it(words: str, wait_s: float | None) -> None:
    assert error(429, told("rate_limit_exceeded", message=words)).retry_after_s == wait_s


def test_the_header_tells_the_wait_and_the_requests_id() -> None:
    found = error(429, told("rate_limit_exceeded"), ("retry-after", "3"), ("x-request-id", "req_1"))
    assert (found.retry_after_s, found.request_id, found.retryable) == (3.0, "req_1", True)
