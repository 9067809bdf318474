"""A whole answer of the Gemini API, from its bytes to a `ChatReply`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.http import HttpResponse
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, Choice, FinishReason, TokenLogprob
from modelscan.types.content import AnyPart, Audio, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.wire.gemini.audio import as_wav
from modelscan.wire.gemini.citations import SOURCES, citations_of, recited_in
from modelscan.wire.gemini.parts import NAMELESS, body_of, joined, joins, part_of
from modelscan.wire.gemini.structs import Candidate, LogprobEntry, LogprobsResult, ResponseBody
from modelscan.wire.gemini.usage import searches_in, usage_of, usage_words
from modelscan.wire.unreadable import UNREADABLE

WIRE: Final = "gemini"
"""The name of this wire format in `Message.wire`."""

FINISH_REASONS: Final[Mapping[str, FinishReason]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "MODEL_ARMOR": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "IMAGE_PROHIBITED_CONTENT": "content_filter",
    "IMAGE_RECITATION": "content_filter",
    "MALFORMED_FUNCTION_CALL": "error",
    "MALFORMED_RESPONSE": "error",
    "UNEXPECTED_TOOL_CALL": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "CONTINUATION": "pause",
    "LANGUAGE": "other",
    "NO_IMAGE": "other",
    "IMAGE_OTHER": "other",
    "OTHER": "other",
}

_bodies: Final = msgspec.json.Decoder(ResponseBody, strict=False)


def response_body(data: bytes) -> ResponseBody:
    """A body or a chunk. Raises `DecodeError` for what is neither."""
    try:
        return _bodies.decode(data)
    except UNREADABLE as error:
        raise DecodeError(f"the body is no answer of the Gemini API: {error}") from error


def reply_of(response: HttpResponse, *, wants_wav: bool = False) -> ChatReply[None]:
    """The reply in a 2xx response. `wants_wav`: raw samples of speech are told as a WAV file.

    Raises `DecodeError` for a body that is no answer.
    """
    body = response_body(response.body)
    if not body.candidates and body.usage_metadata is None:
        raise DecodeError("the body is no answer of the Gemini API: it has neither candidates nor usage")
    candidates = body.candidates or [Candidate()]
    choices = [_choice(candidate, body.response_id or "", wants_wav) for candidate in candidates]
    first = choices[0]
    grounding = [candidate.grounding_metadata or {} for candidate in candidates]
    return ChatReply(
        message=first.message,
        finish_reason=first.finish_reason,
        raw_finish_reason=first.raw_finish_reason,
        logprobs=first.logprobs,
        alternatives=tuple(choices[1:]),
        usage=usage_of(body.usage_metadata, sum(searches_in(one) for one in grounding)),
        model=body.model_version or "",
        id=body.response_id or "",
        extra=reply_extra(body, candidates[0], grounding_extra(grounding[0], is_cited=has_text(first.message.content))),
        raw_body=response.body,
    )


def call_id(response_id: str, choice: int, number: int) -> str:
    """The id of a call that the API gave none: the same for the same answer, another for any other call."""
    return NAMELESS + "-".join([*filter(None, (response_id,)), *([str(choice)] if choice else []), str(number)])


def finish_reason(raw: str | None, *, calls: bool) -> FinishReason | None:
    """The normalised reason. The API has none of its own for an answer that calls functions: it stops."""
    if raw is None:
        return None
    found = FINISH_REASONS.get(raw, "other")
    return "tool_calls" if found == "stop" and calls else found


def logprobs_of(result: LogprobsResult | None) -> tuple[TokenLogprob, ...]:
    """The log-probabilities; a token that has none (it was impossible) counts as -inf does in others: the least."""
    if result is None:
        return ()
    tops = [top.candidates or () for top in result.top_candidates or ()]
    return tuple(
        [
            _logprob(entry, tops[place] if place < len(tops) else ())
            for place, entry in enumerate(result.chosen_candidates or ())
        ]
    )


def candidate_extra(candidate: Candidate) -> dict[str, Any]:
    """What a candidate tells beside its content and that only this vendor has."""
    return {word: value for name, word in _CANDIDATE_WORDS.items() if (value := getattr(candidate, name)) is not None}


def reply_extra(body: ResponseBody, candidate: Candidate, grounding: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer tells beside its message."""
    extra = candidate_extra(candidate) | usage_words(body.usage_metadata)
    feedback = body.prompt_feedback
    if feedback is not None and feedback.safety_ratings:
        extra["promptFeedback"] = {"safetyRatings": feedback.safety_ratings}
    return extra | ({"groundingMetadata": dict(grounding)} if grounding else {})


def grounding_extra(grounding: Mapping[str, Any], *, is_cited: bool) -> dict[str, Any]:
    """Grounding metadata without what the citations tell; the whole of it where there is no text to cite in."""
    return {name: value for name, value in grounding.items() if not (is_cited and name in SOURCES)}


def has_text(parts: Iterable[AnyPart]) -> bool:
    """Whether there is a text that citations can stand at."""
    return any(type(part) is Text for part in parts)


_CANDIDATE_WORDS: Final = {
    "finish_message": "finishMessage",
    "safety_ratings": "safetyRatings",
    "url_context_metadata": "urlContextMetadata",
    "avg_logprobs": "avgLogprobs",
}
_LEAST_LOGPROB: Final = -9999.0


def _logprob(entry: LogprobEntry, top: Sequence[LogprobEntry]) -> TokenLogprob:
    value = entry.log_probability
    return TokenLogprob(
        entry.token or "",
        value if value is not None and math.isfinite(value) else _LEAST_LOGPROB,
        top=tuple([_logprob(other, ()) for other in top]),
    )


def _choice(candidate: Candidate, response_id: str, wants_wav: bool) -> Choice:
    raw_reason = None if candidate.finish_reason is None else str(candidate.finish_reason)
    parts = _message_parts(candidate, response_id)
    if wants_wav:
        parts = [as_wav(part) if isinstance(part, Audio) else part for part in parts]
    cited = citations_of(candidate.grounding_metadata or {}, recited_in(candidate.citation_metadata))
    place = next((place for place, part in enumerate(parts) if type(part) is Text), None)
    if cited and place is not None:
        parts[place] = msgspec.structs.replace(parts[place], citations=cited)
    return Choice(
        Message("assistant", tuple(parts), wire=WIRE),
        finish_reason=finish_reason(raw_reason, calls=any(isinstance(part, ToolCall) for part in parts)),
        raw_finish_reason=raw_reason or "",
        logprobs=logprobs_of(candidate.logprobs_result),
    )


def _message_parts(candidate: Candidate, response_id: str) -> list[AnyPart]:
    parts: list[AnyPart] = []
    calls = 0
    for raw in (candidate.content.parts if candidate.content else None) or ():
        part = part_of(body_of(raw), raw, call_id(response_id, candidate.index or 0, calls))
        if part is None:
            continue
        calls += isinstance(part, ToolCall)
        if parts and joins(parts[-1], part):
            parts[-1] = joined(parts[-1], part)
        else:
            parts.append(part)
    return parts
