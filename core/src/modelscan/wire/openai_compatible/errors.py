"""Errors as OpenAI tells them, and as the servers that follow it do.

Source: OpenAI's page on error codes, openai/openai-openapi (mirror of 2026-08), and recordings of some thirty servers,
read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from modelscan.contracts.http import HttpResponse
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
    RequestTimeoutError,
    ServerError,
)
from modelscan.wire.failures import class_of, provider_error
from modelscan.wire.loose import listed
from modelscan.wire.unreadable import UNREADABLE
from modelscan.wire.waits import duration_s

KINDS: Final[Mapping[str, type[ProviderError]]] = {
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,  # llama.cpp
    "insufficient_quota": QuotaExceededError,
    "billing_hard_limit_reached": QuotaExceededError,
    "billing_not_active": QuotaExceededError,
    "insufficient_balance": QuotaExceededError,
    "insufficient_credits": QuotaExceededError,
    "exceeded_current_quota_error": QuotaExceededError,  # Moonshot
    "arrearage": QuotaExceededError,  # DashScope
    "access_terminated": PermissionDeniedError,
    "unsupported_country_region_territory": PermissionDeniedError,
    "content_policy_violation": ContentFilterError,
    "content_filter": ContentFilterError,
    "moderation_blocked": ContentFilterError,
    "invalid_prompt": ContentFilterError,  # the Responses API's word for a prompt that its policy refuses
    "bio_policy": ContentFilterError,
    "misalignment_policy_violation": ContentFilterError,
    "data_inspection_failed": ContentFilterError,  # DashScope
    "model_not_found": NotFoundError,
    "deploymentnotfound": NotFoundError,  # Azure
    "invalid_model": NotFoundError,  # Mistral
    "invalid_api_key": AuthenticationError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_error": RateLimitError,
    "authentication_error": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "not_found_error": NotFoundError,
    "timeout": RequestTimeoutError,
    "overloaded_error": OverloadedError,
    "server_overloaded": OverloadedError,
    "engine_overloaded_error": OverloadedError,  # Moonshot
    "slow_down": OverloadedError,
    "server_error": ServerError,
    "internal_server_error": ServerError,
    "invalid_request_error": BadRequestError,
}
"""The class of an error's code or type, in lower case."""

# What a code says that a status would hide: a 400 or 429 may stand for each of these.
_TELLING: Final = (
    ContextLengthError,
    QuotaExceededError,
    ContentFilterError,
    NotFoundError,
    AuthenticationError,
    PermissionDeniedError,
)
_REQUEST: Final = (BadRequestError, ServerError)
_TOO_LONG: Final = re.compile(
    r"maximum context length|context (length|window|size)\b.*exceed|exceed\w*.*\bcontext (length|window|size)"
    r"|prompt is too long|input is too long|reduce the length of the (messages|prompt)",
    re.IGNORECASE,
)
_NO_MODEL: Final = re.compile(
    r"\bmodel\b.*\b(does not exist|not found|has been deprecated)|is not a valid model|invalid model:"
    r"|supported API model names are",
    re.IGNORECASE,
)
_NO_KEY: Final = re.compile(r"(incorrect|invalid) API key", re.IGNORECASE)
_BY_WORDS: Final = ((_TOO_LONG, ContextLengthError), (_NO_MODEL, NotFoundError), (_NO_KEY, AuthenticationError))
_BAD_REQUEST: Final = int(HTTPStatus.BAD_REQUEST)  # every reply comes by here, and an enumeration compares slowly
_TRY_AGAIN: Final = re.compile(r"try again in ((?:\d{1,9}(?:\.\d{0,12})?(?:ms|[hms]))+)")
_DEEPEST: Final = 5  # nobody's complaints are nested deeper
_ERROR_STATUS: Final = re.compile(r"[45][0-9][0-9]")
_HAS_ERROR: Final = re.compile(rb'"error"\s*:\s*[{"]|"(?:object|type)"\s*:\s*"error"')


class OpenAIErrors:
    """Reads `{"error": {"message", "type", "param", "code"}}` and its many variations, with whatever status."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response; None where there is none."""
        is_error = response.head.status >= _BAD_REQUEST
        # Every good reply comes by here, so the search is for bytes first.
        if not is_error and not (b'"error"' in response.body and _HAS_ERROR.search(response.body)):
            return None
        told = _told(_parsed(response.body), is_error=is_error)
        if told is None:
            return provider_error(response) if is_error else None
        message, codes = _message(told), _codes(told)
        status = response.status if is_error else _status(told, codes)
        return provider_error(
            response,
            message=message,
            code=codes[0] if codes else "",
            kind=_kind(message, codes, status),
            status=status if is_error or status >= HTTPStatus.BAD_REQUEST else None,
            wait_s=_wait_s(message),
        )


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return None


def _told(body: Any, *, is_error: bool) -> Mapping[str, Any] | None:
    """The object that tells the error, with what stands beside it; None where nothing tells one."""
    if isinstance(body, list):
        body = next((item for item in body if isinstance(item, dict)), None)
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict) and error:
        return error
    if isinstance(error, str) and error:
        return {**body, "message": error}
    if is_error or "error" in (body.get("object"), body.get("type")):
        return body
    return None


def _message(told: Mapping[str, Any], depth: int = 0) -> str:
    for name in ("message", "msg", "detail", "error_description", "title"):
        if text := _text(told.get(name), depth):
            return text
    return ""


def _text(value: Any, depth: int) -> str:
    """Words out of whatever holds them: text, a list of complaints, or a complaint about one place of the request."""
    if isinstance(value, str):
        return value
    if depth > _DEEPEST:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, [_text(item, depth + 1) for item in value]))
    if isinstance(value, dict):
        place = ".".join(map(str, listed(value.get("loc"))))
        text = _message(value, depth + 1)
        return f"{place}: {text}" if place and text else text
    return ""


def _codes(told: Mapping[str, Any]) -> list[str]:
    """The error's code and type, the more telling first."""
    found = [told.get(name) for name in ("code", "type")]
    return [str(value) for value in found if value and value != "error" and isinstance(value, (str, int))]


def _status(told: Mapping[str, Any], codes: list[str]) -> int:
    """The status that an error in a 200 stands for; 0 where it doesn't say."""
    for value in map(str, (told.get("status"), told.get("status_code"), *codes)):
        if _ERROR_STATUS.fullmatch(value):
            return int(value)
    return 0


def _kind(message: str, codes: list[str], status: int) -> type[ProviderError]:
    """The class: what the code or the words tell, else what the status does; an error without any is the server's."""
    known = [kind for code in codes if (kind := KINDS.get(code.lower())) is not None]
    for kind in known:
        if issubclass(kind, _TELLING):
            return kind
    plain = class_of(status) if status else (known[0] if known else ServerError)
    if issubclass(plain, _REQUEST):
        for words, kind in _BY_WORDS:
            if words.search(message):
                return kind
    return plain


def _wait_s(message: str) -> float | None:
    """The wait that the message asks for, where headers don't: "Please try again in 1m2.5s"."""
    found = _TRY_AGAIN.search(message)
    return None if found is None else duration_s(found[1])
