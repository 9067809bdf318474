"""The other direction: replies and errors as bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from modelscan.types.chat import ChatReply, Choice, TokenLogprob
from modelscan.types.content import AnyPart, Citation, Reasoning, Text
from modelscan.types.embed import EmbedReply
from modelscan.types.messages import Message
from modelscan.types.usage import Usage
from modelscan.wire.gemini.citations import metadata_of
from modelscan.wire.gemini.contents import Contents
from modelscan.wire.gemini.decode import FINISH_REASONS, WIRE
from modelscan.wire.gemini.errors import KINDS
from modelscan.wire.gemini.usage import WORDS, usage_block

_REASONS: Final = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "pause": "CONTINUATION",
    "error": "MALFORMED_RESPONSE",
}
_STATUSES: Final[tuple[tuple[type[ProviderError], str], ...]] = (
    (BadRequestError, "INVALID_ARGUMENT"),
    (ContentFilterError, "INVALID_ARGUMENT"),
    (RequestTooLargeError, "INVALID_ARGUMENT"),
    (AuthenticationError, "UNAUTHENTICATED"),
    (PermissionDeniedError, "PERMISSION_DENIED"),
    (NotFoundError, "NOT_FOUND"),
    (ConflictError, "ABORTED"),
    (RateLimitError, "RESOURCE_EXHAUSTED"),
    (QuotaExceededError, "RESOURCE_EXHAUSTED"),
    (RequestTimeoutError, "DEADLINE_EXCEEDED"),
    (OverloadedError, "UNAVAILABLE"),
)
OF_RESPONSE: Final = (*WORDS, "promptFeedback")
"""Words of `ChatReply.extra` that stand beside the candidates; all others are the first candidate's."""
_TYPES: Final = "type.googleapis.com/google.rpc."

Json = dict[str, Any]


def reply_body(reply: ChatReply[Any]) -> Json:
    """A whole answer."""
    first = Choice(reply.message, reply.finish_reason, reply.raw_finish_reason, reply.logprobs)
    extra = {name: value for name, value in reply.extra.items() if name not in OF_RESPONSE}
    candidates = [_candidate(choice, place) for place, choice in enumerate((first, *reply.alternatives))]
    candidates[0] = joined(candidates[0], extra)
    return {"candidates": candidates, **response_fields(reply.usage, reply.model, reply.id, reply.extra)}


def response_fields(usage: Usage | None, model: str, reply_id: str, extra: Mapping[str, Any]) -> Json:
    """What stands beside the candidates, as far as it is known."""
    block = usage_block(Usage(is_reported=False) if usage is None else usage, extra)
    told: Json = {"usageMetadata": block, "modelVersion": model, "responseId": reply_id}
    told["promptFeedback"] = extra.get("promptFeedback")
    return {name: value for name, value in told.items() if value}


def parts_of(parts: Sequence[AnyPart]) -> list[Json]:
    """The blocks of a message's parts, thoughts too: an answer tells them with or without a signature."""
    blocks = []
    for part in parts:
        written = Contents([Message("assistant", (part,), wire=WIRE)], "", signs_calls=False).turns()
        if written:
            blocks += written[0]["parts"]
        elif isinstance(part, Reasoning):
            blocks.append({"text": part.text, "thought": True})
    return blocks


def cited_fields(citations: Sequence[Citation]) -> Json:
    """The fields of a candidate that tell what it cites."""
    return metadata_of(citations)


def joined(candidate: Json, extra: Mapping[str, Any]) -> Json:
    """A candidate with what stands beside its content; grounding is one object with the sources in it."""
    grounding = {**candidate.get("groundingMetadata", {}), **extra.get("groundingMetadata", {})}
    return {**candidate, **extra, **({"groundingMetadata": grounding} if grounding else {})}


def finish_word(finish: str | None, raw: str) -> str | None:
    """The vendor's word for why the model stopped: its own where it is one, else that of the normalised reason."""
    if finish is None:
        return None
    return raw if raw in FINISH_REASONS else _REASONS.get(finish) or raw or "OTHER"


def logprobs_block(logprobs: Sequence[TokenLogprob]) -> Json:
    """Log-probabilities; empty for none."""
    if not logprobs:
        return {}
    result: Json = {"chosenCandidates": [_entry(one) for one in logprobs]}
    if any(one.top for one in logprobs):
        result["topCandidates"] = [{"candidates": [_entry(other) for other in one.top]} for one in logprobs]
    return {"logprobsResult": result}


def embed_reply_body(reply: EmbedReply) -> Json:
    """The vectors. One alone is told in both ways, for a call doesn't say which of the two methods it was."""
    vectors = [{"values": list(vector)} for vector in reply.vectors]
    body: Json = {"embeddings": vectors} | ({"embedding": vectors[0]} if len(vectors) == 1 else {})
    usage = usage_block(reply.usage, {})
    return body | ({"usageMetadata": usage} if usage else {})


def error_status(error: ProviderError) -> int:
    """The HTTP status of an error, its kind's own where it has none that says so."""
    if error.status is not None and error.status >= 400:
        return error.status
    return KINDS[_status_word(error)][1]


def error_body(error: ProviderError) -> Json:
    """An error as a body, and as a frame in mid-stream."""
    body: Json = {"code": error_status(error), "message": _words(error), "status": _status_word(error)}
    if details := list(_details(error)):
        body["details"] = details
    return {"error": body}


def _candidate(choice: Choice, place: int) -> Json:
    parts = choice.message.content
    cited = [one for part in parts if isinstance(part, Text) for one in part.citations]
    candidate: Json = {"content": {"parts": parts_of(parts), "role": "model"}, "index": place}
    if (word := finish_word(choice.finish_reason, choice.raw_finish_reason)) is not None:
        candidate["finishReason"] = word
    return candidate | cited_fields(cited) | logprobs_block(choice.logprobs)


def _entry(one: TokenLogprob) -> Json:
    return {"token": one.token, "logProbability": one.logprob}


def _status_word(error: ProviderError) -> str:
    if error.code in KINDS:
        return error.code
    return next((word for class_, word in _STATUSES if isinstance(error, class_)), "INTERNAL")


def _words(error: ProviderError) -> str:
    """The message; too many tokens are told by words alone."""
    opening = "The input token count exceeds the maximum number of tokens allowed"
    is_untold = isinstance(error, ContextLengthError) and "exceeds the maximum" not in error.message
    return f"{opening}: {error.message}" if is_untold else error.message


def _details(error: ProviderError) -> list[Json]:
    details: list[Json] = []
    if isinstance(error, AuthenticationError):
        details.append({"@type": f"{_TYPES}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"})
    if isinstance(error, QuotaExceededError):
        violation = {"quotaId": "RequestsPerDayPerProject"}
        details.append({"@type": f"{_TYPES}QuotaFailure", "violations": [violation]})
    if error.retry_after_s is not None:
        details.append({"@type": f"{_TYPES}RetryInfo", "retryDelay": f"{error.retry_after_s:g}s"})
    return details
