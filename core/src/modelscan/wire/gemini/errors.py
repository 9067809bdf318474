"""Errors of the Gemini API.

Source: ai.google.dev's pages on troubleshooting and rate limits, the error model of google.rpc (AIP-193) and
recordings, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

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
    ServerError,
)
from modelscan.wire.failures import provider_error
from modelscan.wire.gemini.structs import ErrorBody, ErrorDetail, ErrorEnvelope, PromptFeedback
from modelscan.wire.unreadable import UNREADABLE

KINDS: Final[Mapping[str, tuple[type[ProviderError], int]]] = {
    "INVALID_ARGUMENT": (BadRequestError, 400),
    "FAILED_PRECONDITION": (BadRequestError, 400),
    "OUT_OF_RANGE": (BadRequestError, 400),
    "UNAUTHENTICATED": (AuthenticationError, 401),
    "PERMISSION_DENIED": (PermissionDeniedError, 403),
    "NOT_FOUND": (NotFoundError, 404),
    "ABORTED": (ConflictError, 409),
    "ALREADY_EXISTS": (ConflictError, 409),
    "RESOURCE_EXHAUSTED": (RateLimitError, 429),
    "CANCELLED": (ServerError, 499),
    "INTERNAL": (ServerError, 500),
    "UNKNOWN": (ServerError, 500),
    "DATA_LOSS": (ServerError, 500),
    "UNIMPLEMENTED": (BadRequestError, 501),
    "UNAVAILABLE": (OverloadedError, 503),
    "DEADLINE_EXCEEDED": (RequestTimeoutError, 504),
}
"""The class of each status of google.rpc, and the HTTP status that it comes with; in mid-stream it comes with 200."""

_BAD_KEYS: Final = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "ACCESS_TOKEN_EXPIRED", "CREDENTIALS_MISSING"})
# Told by words alone, with INVALID_ARGUMENT, PERMISSION_DENIED or FAILED_PRECONDITION.
_BAD_KEY: Final = re.compile(
    r"api key (not valid|not found|expired)|unregistered callers|key was reported as leaked", re.IGNORECASE
)
_TOO_LONG: Final = re.compile(
    r"(input )?token count.{0,40}exceeds the maximum|exceeds the maximum number of (input )?tokens", re.IGNORECASE
)
_WRONG_PLACE: Final = re.compile(r"location is not supported", re.IGNORECASE)
# A spend limit of a month, or credit used up. The spend limit of ten minutes mends itself, and isn't among them.
_SPENT: Final = re.compile(r"(monthly|billing).{0,40}(spend|billing|cap\b)|credits are depleted", re.IGNORECASE)
_NO_QUOTA: Final = re.compile(r"\blimit: 0\b")
_SECONDS: Final = re.compile(r"(\d{1,9}(?:\.\d+)?)s")

_envelopes: Final = msgspec.json.Decoder(ErrorEnvelope, strict=False)
_arrays: Final = msgspec.json.Decoder(list[ErrorEnvelope], strict=False)
_details: Final = msgspec.json.Decoder(ErrorDetail, strict=False)


class GeminiErrors:
    """Reads `{"error": {"code", "message", "status", "details"}}`, alone or in an array, and prompts that were blocked.

    RESOURCE_EXHAUSTED is a `RateLimitError` with the wait of its `RetryInfo`, unless waiting for seconds doesn't mend
    it: where a violated quota's id says `PerDay` (the quota of a day returns at midnight Pacific), where the quota is
    zero (the plan doesn't hold the model), or where a spend limit of the month or the credit is used up. These are
    `QuotaExceededError`s, whatever `RetryInfo` says.
    """

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response; None where there is none."""
        is_error = response.status >= HTTPStatus.BAD_REQUEST
        if not is_error and b'"error"' not in response.body and b'"blockReason' not in response.body:
            return None
        envelope = _envelope(response.body)
        if envelope.error is None:
            if is_error:
                return provider_error(response)
            feedback = envelope.prompt_feedback
            return _blocked(response, feedback) if feedback is not None and not envelope.candidates else None
        return _refused(response, envelope.error, is_error=is_error)


def passed_quotas(body: bytes) -> tuple[tuple[str, str], ...]:
    """The ids of the quotas that a refusal names, and their amounts where it tells them; empty for any other body."""
    error = _envelope(body).error or ErrorBody()
    return tuple((name, amount) for name, amount in _quotas(_read(error.details or ())) if name)


def _envelope(body: bytes) -> ErrorEnvelope:
    try:
        if body.lstrip()[:1] == b"[":
            return next((one for one in _arrays.decode(body) if one.error is not None), ErrorEnvelope())
        return _envelopes.decode(body)
    except UNREADABLE:
        return ErrorEnvelope()


def _refused(response: HttpResponse, body: ErrorBody, *, is_error: bool) -> ProviderError:
    code, message = body.status or "", body.message or ""
    details = list(_read(body.details or ()))
    kind, status = KINDS.get(code, (None, None))
    kind = _told_by_words(details, message, kind)
    if (response.status == HTTPStatus.TOO_MANY_REQUESTS or kind is RateLimitError) and _is_final(details, message):
        kind = QuotaExceededError
    return provider_error(
        response,
        message=message,
        code=code,
        kind=kind,
        status=None if is_error else status or body.code,
        wait_s=None if kind is QuotaExceededError else _wait_s(details),
    )


def _read(details: Iterable[msgspec.Raw]) -> Iterable[ErrorDetail]:
    for raw in details:
        try:
            yield _details.decode(raw)
        except UNREADABLE:  # a detail of a shape that says nothing here
            continue


def _told_by_words(
    details: Iterable[ErrorDetail], message: str, kind: type[ProviderError] | None
) -> type[ProviderError] | None:
    if any(detail.reason in _BAD_KEYS for detail in details) or _BAD_KEY.search(message):
        return AuthenticationError
    if kind in (BadRequestError, None) and _TOO_LONG.search(message):
        return ContextLengthError
    if kind is BadRequestError and _WRONG_PLACE.search(message):
        return PermissionDeniedError
    return kind


def _is_final(details: Iterable[ErrorDetail], message: str) -> bool:
    quotas = list(_quotas(details))
    if any("PerDay" in name for name, _ in quotas) or any(value == "0" for _, value in quotas):
        return True
    return bool(_SPENT.search(message) or _NO_QUOTA.search(message))


def _quotas(details: Iterable[ErrorDetail]) -> Iterable[tuple[str, str]]:
    """The ids of the quotas that were passed, and their amounts where they are told."""
    for detail in details:
        for violation in detail.violations or ():
            yield violation.quota_id or "", violation.quota_value or ""
        metadata: dict[str, Any] = detail.metadata or {}
        yield str(metadata.get("quota_limit") or ""), str(metadata.get("quota_limit_value") or "")


def _wait_s(details: Iterable[ErrorDetail]) -> float | None:
    for detail in details:
        if found := _SECONDS.fullmatch(detail.retry_delay or ""):
            return float(found[1])
    return None


def _blocked(response: HttpResponse, feedback: PromptFeedback) -> ProviderError | None:
    reason = feedback.block_reason or ""
    if not reason and not feedback.block_reason_message:
        return None
    spoke = [
        f"{str(rating.get('category')).removeprefix('HARM_CATEGORY_')} {rating['probability']}"
        for rating in feedback.safety_ratings or ()
        if rating.get("blocked") or rating.get("probability") in ("MEDIUM", "HIGH")
    ]
    why = feedback.block_reason_message or ", ".join(spoke)
    return provider_error(
        response,
        message=f"the prompt was blocked: {reason or 'no reason given'}{f' ({why})' if why else ''}",
        code=reason,
        kind=ContentFilterError,
    )
