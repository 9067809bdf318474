"""A whole answer of chat completions, from its bytes to a `ChatReply`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from modelscan.contracts.http import HttpResponse
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, Choice
from modelscan.types.content import AnyPart, Audio, Reasoning, Refusal, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.failures import request_id_of
from modelscan.wire.loose import count
from modelscan.wire.openai_compatible import reasoning_details
from modelscan.wire.openai_compatible.parts import (
    WIRE,
    arguments_of,
    audio_type,
    citations,
    decoded,
    finish_reason,
    image_of,
    logprobs_of,
    made_up_id,
    text_and_reasoning,
    tool_call,
)
from modelscan.wire.openai_compatible.structs import AudioBlock, Completion, CompletionChoice, Said, UsageBlock
from modelscan.wire.unreadable import UNREADABLE

_completions: Final = msgspec.json.Decoder(Completion)
_NOTHING_SAID: Final = Said()
KEPT: Final = ("system_fingerprint", "service_tier")
"""What a reply tells beside its content and that goes into its `extra`."""


def completion_of(body: bytes) -> Completion:
    """The body, decoded. Raises `DecodeError` for one that is no chat completion."""
    try:
        return _completions.decode(body)
    except UNREADABLE as error:
        raise DecodeError(f"the body is no chat completion: {error}") from error


def reply_of(
    response: HttpResponse, usage_of: Callable[[UsageBlock | None], Usage], audio_format: str = "wav"
) -> ChatReply[None]:
    """The reply in a 2xx response. Raises `DecodeError` for a body that is no chat completion."""
    body = completion_of(response.body)
    if not body.choices:
        raise DecodeError("the body is no chat completion: it has no choices")
    choices = body.choices if len(body.choices) == 1 else sorted(body.choices, key=_place)
    first, *others = [choice_of(choice, audio_format) for choice in choices]
    return ChatReply(
        message=first.message,
        finish_reason=first.finish_reason,
        raw_finish_reason=first.raw_finish_reason,
        usage=usage_of(body.usage) if body.usage is not None else UNREPORTED,
        model=body.model or "",
        id=body.id or "",
        request_id=request_id_of(response),
        logprobs=first.logprobs,
        alternatives=tuple(others),
        extra=reply_extra(body),
        raw_body=response.body,
    )


def reply_extra(body: Completion) -> dict[str, Any]:
    """What the reply tells beside its content."""
    return {name: value for name in KEPT if (value := getattr(body, name))}


def choice_of(choice: CompletionChoice, audio_format: str) -> Choice:
    """One answer: its reasoning first, then its text, refusal, sound, pictures and calls."""
    said = choice.message or choice.delta or _NOTHING_SAID
    parts = _parts(said, audio_format)
    kinds = {type(part) for part in parts}
    return Choice(
        Message("assistant", parts, wire=WIRE),
        finish_reason(choice.finish_reason, has_calls=ToolCall in kinds, has_refusal=Refusal in kinds),
        choice.finish_reason or "",
        logprobs_of(choice.logprobs) if choice.logprobs is not None else (),
    )


def _parts(said: Said, audio_format: str) -> tuple[AnyPart, ...]:
    if type(said.content) is str and has_only_text(said):
        return (Text(text=said.content),) if said.content else ()
    text, thinking = text_and_reasoning(said.content)
    found = citations(said.annotations)
    parts: list[AnyPart] = [*_reasoning(said, thinking)]
    if text or found:
        parts.append(Text(text=text, citations=found))
    if said.refusal:
        parts.append(Refusal(text=said.refusal))
    if said.audio is not None and (said.audio.data or said.audio.id):
        parts.append(audio_of(said.audio, decoded(said.audio.data or ""), audio_format))
    parts += [image for block in said.images or () if (image := image_of(block)) is not None]
    return (*parts, *_calls(said))


def has_only_text(said: Said) -> bool:
    """Whether nothing stands beside the content: so it is with nearly every piece of every stream."""
    return (
        said.reasoning_content is None
        and said.reasoning is None
        and said.reasoning_details is None
        and said.refusal is None
        and said.tool_calls is None
        and said.function_call is None
        and said.annotations is None
        and said.audio is None
        and said.images is None
    )


def _reasoning(said: Said, thinking: str) -> list[Reasoning]:
    text = plain_reasoning(said) or thinking
    details = said.reasoning_details
    if not details:
        return [Reasoning(text=text)] if text else []
    blocks = reasoning_details.joined(details)
    return [Reasoning(text=text or reasoning_details.readable(details), extra={reasoning_details.FIELD: blocks})]


def plain_reasoning(said: Said) -> str:
    """The readable reasoning beside the content, under whichever name; servers that send both names send the same."""
    for value in (said.reasoning_content, said.reasoning):
        if value and isinstance(value, str):
            return value
    return ""


def audio_of(block: AudioBlock, data: bytes, audio_format: str) -> Audio:
    """A spoken answer. Its id may be named in the next turn instead of the sound, until `expires_at` (in seconds)."""
    return Audio(
        data=data,
        media_type=audio_type(audio_format),
        transcript=block.transcript or "",
        id=block.id,
        extra={} if block.expires_at is None else {"expires_at": count(block.expires_at)},
    )


def _calls(said: Said) -> list[ToolCall]:
    if said.tool_calls:
        return [tool_call(call, place) for place, call in enumerate(said.tool_calls)]
    legacy = said.function_call
    if legacy is None or not legacy.name:
        return []
    return [ToolCall(id=made_up_id(0), name=legacy.name, arguments=arguments_of(legacy))]


def _place(choice: CompletionChoice) -> int:
    return choice.index or 0
