"""From an HTTP error to the right class of `ProviderError`, for every wire format.

A family reads the vendor's words out of the body (message, code) and may name a class; the rest is the same for all:
the class that a status stands for, the wait that the headers ask for, the request's id, a text for a body that isn't
the vendor's at all (a proxy's page, nothing, half of something).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from modelscan.contracts.http import HttpResponse
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    ContentFilterError,
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
from modelscan.wire.waits import retry_after_s

_BY_STATUS: Final[Mapping[int, type[ProviderError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaExceededError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: RequestTimeoutError,
    409: ConflictError,
    413: RequestTooLargeError,
    422: BadRequestError,
    429: RateLimitError,
    503: OverloadedError,
    529: OverloadedError,
}
_FINAL: Final = (
    BadRequestError,
    AuthenticationError,
    PermissionDeniedError,
    NotFoundError,
    RequestTooLargeError,
    ContentFilterError,
    QuotaExceededError,
)
_KEPT_BODY_BYTES: Final = 64 * 1024
_SHOWN_CHARACTERS: Final = 300
_REQUEST_ID_HEADERS: Final = (
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-ms-request-id",
    "cf-ray",
)
_TAGS: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def class_of(status: int) -> type[ProviderError]:
    """The class of error that an HTTP status stands for."""
    found = _BY_STATUS.get(status)
    if found is not None:
        return found
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError
    return BadRequestError if status >= HTTPStatus.BAD_REQUEST else ProviderError


def provider_error(
    response: HttpResponse,
    *,
    message: str = "",
    code: str = "",
    kind: type[ProviderError] | None = None,
    status: int | None = None,
    retryable: bool | None = None,
    wait_s: float | None = None,
    request_id: str = "",
    advice: str = "",
) -> ProviderError:
    """The error in a response.

    `message` and `code` are the vendor's; without a message the body's own text is shown, cut short. `kind` and
    `status` win over the response's status (for an error that came with 200); `wait_s` over its headers.
    """
    status = response.status if status is None else status
    kind = kind or class_of(status)
    return kind(
        message or describe(response),
        status=status,
        code=code,
        request_id=request_id or request_id_of(response),
        retryable=_asked_to_retry(response, kind) if retryable is None else retryable,
        retry_after_s=retry_after_s(response.head.headers) if wait_s is None else wait_s,
        body=response.body[:_KEPT_BODY_BYTES],
        advice=advice,
    )


def _asked_to_retry(response: HttpResponse, kind: type[ProviderError]) -> bool | None:
    """What `x-should-retry` asks for. It can't make a final refusal (wrong request or key, no credit) a passing one."""
    asked = response.header("x-should-retry")
    if asked == "false":
        return False
    return True if asked == "true" and not issubclass(kind, _FINAL) else None


def request_id_of(response: HttpResponse) -> str:
    """The vendor's or its gateway's id of the request; empty for none."""
    found = {name: value for name, value in response.head.headers if name in _REQUEST_ID_HEADERS}
    return next((found[name] for name in _REQUEST_ID_HEADERS if found.get(name)), "") if found else ""


def describe(response: HttpResponse) -> str:
    """What a body says that isn't the vendor's own error: its text without markup, cut short, after the status."""
    try:
        status = f"{response.status} {HTTPStatus(response.status).phrase}"
    except ValueError:
        status = f"status {response.status}"
    text = response.body[:_KEPT_BODY_BYTES].decode("utf-8", "replace")
    import html  # its table of entities takes a while, and hardly an error is a page

    text = " ".join(html.unescape(_TAGS.sub(" ", text)).split())
    if not text:
        return f"{status}, with an empty body"
    return f"{status}: {text[:_SHOWN_CHARACTERS]}{'…' if len(text) > _SHOWN_CHARACTERS else ''}"
