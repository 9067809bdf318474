"""Errors of Bedrock's runtime: a name in a header, or in the headers of a message in mid-stream.

Source: the service model of botocore 1.43.11 (bedrock-runtime) and recordings, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from modelscan.contracts.http import Frame, HttpResponse, ResponseHead
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
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

_KINDS: Final[Mapping[str, tuple[type[ProviderError], int]]] = {
    "accessdeniedexception": (PermissionDeniedError, 403),
    "expiredtokenexception": (AuthenticationError, 403),
    "internalserverexception": (ServerError, 500),
    "invalidsignatureexception": (AuthenticationError, 403),
    "modelerrorexception": (ServerError, 424),
    "modelnotreadyexception": (OverloadedError, 429),
    "modelstreamerrorexception": (ServerError, 424),
    "modeltimeoutexception": (RequestTimeoutError, 408),
    "resourcenotfoundexception": (NotFoundError, 404),
    "servicequotaexceededexception": (QuotaExceededError, 400),
    "serviceunavailableexception": (OverloadedError, 503),
    "throttlingexception": (RateLimitError, 429),
    "unrecognizedclientexception": (AuthenticationError, 403),
    "validationexception": (BadRequestError, 400),
}
_TOO_LONG: Final = ("input is too long", "too many input tokens", "maximum context length")


class _Told(msgspec.Struct):
    message: str = ""
    Message: str = ""


class BedrockErrors:
    """The error in a whole response, by its header `x-amzn-errortype`, else by its status."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error; None below 400."""
        if response.status < 400:
            return None
        return _error(response, response.header("x-amzn-errortype"))


def stream_error(frame: Frame, head: ResponseHead) -> ProviderError | None:
    """The error that a message of an event stream is; None for an event."""
    headers = dict(frame.headers)
    if headers.get(":message-type", "event") == "event":
        return None
    # An error that the framing's layer knows of has its text in a header, an exception of the service has a body.
    body = frame.data or msgspec.json.encode({"message": headers.get(":error-message", "")})
    return _error(HttpResponse(head, body), frame.event, is_in_stream=True)


def _error(response: HttpResponse, name: str, *, is_in_stream: bool = False) -> ProviderError:
    code = name.partition(":")[0].rpartition("#")[2]
    kind, status = _KINDS.get(code.lower(), (ServerError if is_in_stream else class_of(response.status), None))
    try:
        told = msgspec.json.decode(response.body, type=_Told)
    except msgspec.MsgspecError:
        told = _Told()
    message = told.message or told.Message
    if kind is BadRequestError and any(words in message.lower() for words in _TOO_LONG):
        kind = ContextLengthError
    return provider_error(response, message=message, code=code, kind=kind, status=status if is_in_stream else None)
