"""The other direction: replies and errors as the bodies that the vendor's server writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
)
from modelscan.types.chat import ChatReply
from modelscan.types.messages import Message
from modelscan.wire.anthropic.blocks import block_of
from modelscan.wire.anthropic.decode import FINISH_REASONS
from modelscan.wire.anthropic.errors import KINDS
from modelscan.wire.anthropic.usage import usage_block

USAGE_EXTRA: Final = ("service_tier", "inference_geo", "speed")
"""Words of `ChatReply.extra` that stand beside the counts."""

_WORDS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
}
_TYPES: Final[tuple[tuple[type[ProviderError], str], ...]] = (
    (BadRequestError, "invalid_request_error"),
    (ContentFilterError, "invalid_request_error"),
    (AuthenticationError, "authentication_error"),
    (QuotaExceededError, "billing_error"),
    (PermissionDeniedError, "permission_error"),
    (NotFoundError, "not_found_error"),
    (ConflictError, "conflict_error"),
    (RequestTooLargeError, "request_too_large"),
    (RateLimitError, "rate_limit_error"),
    (RequestTimeoutError, "timeout_error"),
    (OverloadedError, "overloaded_error"),
)
# Two kinds that the format tells by words alone; these are the vendor's.
_OPENINGS: Final[Mapping[type[ProviderError], str]] = {
    ContextLengthError: "prompt is too long",
    ContentFilterError: "Output blocked by content filtering policy",
}


def reply_body(reply: ChatReply[Any]) -> dict[str, Any]:
    """A whole answer."""
    beside = {name: reply.extra[name] for name in USAGE_EXTRA if name in reply.extra}
    extra = {name: value for name, value in reply.extra.items() if name not in USAGE_EXTRA}
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": _content(reply.message),
        "stop_reason": stop_reason(reply.finish_reason, reply.raw_finish_reason),
        "stop_sequence": None,
        "usage": usage_block(reply.usage) | beside,
        **extra,
    }


def stop_reason(finish: str | None, raw: str) -> str | None:
    """The vendor's word for why the model stopped: its own where it is one, else that of the normalised reason."""
    if finish is None or raw in FINISH_REASONS:
        return raw or None
    return _WORDS.get(finish) or raw or "end_turn"


def error_type(error: ProviderError) -> str:
    """The vendor's type for an error; what has none is `api_error`."""
    return next((kind for class_, kind in _TYPES if isinstance(error, class_)), "api_error")


def error_status(error: ProviderError) -> int:
    """The status of an error, the type's own where it has none that says so."""
    return error.status if error.status is not None and error.status >= 400 else KINDS[error_type(error)][1]


def error_body(error: ProviderError) -> dict[str, Any]:
    """An error as a body, and as an error event's data."""
    opening = next((words for class_, words in _OPENINGS.items() if isinstance(error, class_)), "")
    message = error.message if opening.lower() in error.message.lower() else f"{opening}: {error.message}"
    body = {"type": error_type(error), "message": message}
    return {"type": "error", "error": body, "request_id": error.request_id or None}


def _content(message: Message) -> list[dict[str, Any]]:
    return [block_of(part) for part in message.content]
