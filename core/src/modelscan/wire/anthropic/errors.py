"""Errors of the Messages API.

Source: the error types of Anthropic's Python SDK 2.12.0 and platform.claude.com's pages on errors and rate limits,
read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from modelscan.contracts.http import HttpResponse
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
from modelscan.wire.anthropic.structs import ErrorBody, ErrorEnvelope, EventType
from modelscan.wire.failures import provider_error
from modelscan.wire.unreadable import UNREADABLE

KINDS: Final[Mapping[str, tuple[type[ProviderError], int]]] = {
    "invalid_request_error": (BadRequestError, 400),
    "authentication_error": (AuthenticationError, 401),
    "billing_error": (QuotaExceededError, 402),
    "permission_error": (PermissionDeniedError, 403),
    "not_found_error": (NotFoundError, 404),
    "conflict_error": (ConflictError, 409),
    "request_too_large": (RequestTooLargeError, 413),
    "rate_limit_error": (RateLimitError, 429),
    "api_error": (ServerError, 500),
    "timeout_error": (RequestTimeoutError, 504),
    "overloaded_error": (OverloadedError, 529),
}
"""The class of each type of error, and the status that it comes with; in mid-stream it comes with 200."""

# A 429 that waiting doesn't mend: a spend limit, or an organisation on hold. `ramp_limit_exceeded` is not among them.
_SPENT: Final = frozenset(
    {
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
        "linked_organization_spend_limit_reached",
        "organization_on_hold",
    }
)
# Told by words alone, all with type `invalid_request_error`.
_NO_CREDIT: Final = re.compile(r"credit balance is too low", re.IGNORECASE)
_TOO_LONG: Final = re.compile(
    r"(prompt|input) is too long|exceeds? (the )?(context|model's) (limit|window)", re.IGNORECASE
)
_FILTERED: Final = re.compile(r"blocked by content filtering", re.IGNORECASE)

_envelopes: Final = msgspec.json.Decoder(ErrorEnvelope)
_types: Final = msgspec.json.Decoder(EventType)


class AnthropicErrors:
    """Reads `{"type": "error", "error": {"type", "message", "details"}, "request_id"}`, also with status 200."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response; None where there is none."""
        envelope = _envelope(response.body)
        is_error = response.status >= HTTPStatus.BAD_REQUEST
        if not is_error and envelope.type != "error":
            return None
        body = envelope.error or ErrorBody()
        kind, status = KINDS.get(body.type or "", (None, None))
        code = (body.details.error_code if body.details else None) or body.type or ""
        return provider_error(
            response,
            message=body.message or "",
            code=code,
            kind=_told_by_words(code, body.message or "", kind),
            status=None if is_error else status,
            request_id=envelope.request_id or response.header("request-id"),
        )


def _envelope(body: bytes) -> ErrorEnvelope:
    try:
        return _envelopes.decode(body)
    except UNREADABLE:
        pass
    try:
        return ErrorEnvelope(type=_types.decode(body).type)
    except UNREADABLE:
        return ErrorEnvelope()


def _told_by_words(code: str, message: str, kind: type[ProviderError] | None) -> type[ProviderError] | None:
    if code in _SPENT or _NO_CREDIT.search(message):
        return QuotaExceededError
    if kind in (BadRequestError, None, RequestTooLargeError) and _TOO_LONG.search(message):
        return ContextLengthError
    if _FILTERED.search(message):
        return ContentFilterError
    return kind
