"""Errors as the server tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.contracts.http import Headers
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

_INVALID: Final = "invalid_request_error"
_KINDS: Final[Mapping[type[ProviderError], tuple[int, str, str | None]]] = {
    ContextLengthError: (400, _INVALID, "context_length_exceeded"),
    ContentFilterError: (400, _INVALID, "content_policy_violation"),
    BadRequestError: (400, _INVALID, None),
    AuthenticationError: (401, _INVALID, "invalid_api_key"),
    PermissionDeniedError: (403, _INVALID, None),
    NotFoundError: (404, _INVALID, "model_not_found"),
    RequestTimeoutError: (408, "timeout", None),
    ConflictError: (409, _INVALID, None),
    RequestTooLargeError: (413, _INVALID, None),
    QuotaExceededError: (429, "insufficient_quota", "insufficient_quota"),
    RateLimitError: (429, "rate_limit_error", "rate_limit_exceeded"),
    OverloadedError: (503, "overloaded_error", None),
    ServerError: (500, "server_error", None),
}


def error_body(error: ProviderError) -> dict[str, Any]:
    """The body that tells an error."""
    _, kind, code = _kind(error)
    return {"error": {"message": error.message, "type": kind, "param": None, "code": error.code or code}}


def error_head(error: ProviderError) -> tuple[int, Headers]:
    """Its status, and the headers that tell the request's id and the wait."""
    headers: list[tuple[str, str]] = []
    if error.request_id:
        headers.append(("x-request-id", error.request_id))
    if error.retry_after_s is not None:
        headers.append(("retry-after", f"{error.retry_after_s:g}"))
    is_status = error.status is not None and error.status >= 400
    return error.status if is_status and error.status else _kind(error)[0], tuple(headers)


def _kind(error: ProviderError) -> tuple[int, str, str | None]:
    return next((told for kind, told in _KINDS.items() if isinstance(error, kind)), _KINDS[ServerError])
