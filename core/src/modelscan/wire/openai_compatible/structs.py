"""What chat-completions servers answer, read leniently: any field may be null or absent, unknown ones are passed over.

Source: OpenAI's OpenAPI description (mirror of 2026-08) and the types of its Python SDK (3.54.0), read 2026-11; what
other servers add to them, or send otherwise, is from recordings. A field that servers don't agree on is `Any` here and
is looked at where it is used, so that an odd value costs that value and not the reply.
"""

from __future__ import annotations

from typing import Any

import msgspec

Count = int | float | None


class PromptDetails(msgspec.Struct):
    """Parts of the prompt's tokens."""

    cached_tokens: Count = None
    cache_write_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None


class CompletionDetails(msgspec.Struct):
    """Parts of the completion's tokens."""

    reasoning_tokens: Count = None
    audio_tokens: Count = None
    image_tokens: Count = None
    accepted_prediction_tokens: Count = None
    rejected_prediction_tokens: Count = None


class UsageBlock(msgspec.Struct):
    """Counts. Below `total_tokens` stand the places where other servers tell the parts."""

    prompt_tokens: Count = None
    completion_tokens: Count = None
    total_tokens: Count = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    cached_tokens: Count = None  # Moonshot
    num_cached_tokens: Count = None  # Mistral
    prompt_cache_hit_tokens: Count = None  # DeepSeek
    cache_read_input_tokens: Count = None  # gateways in front of Anthropic's models
    cache_creation_input_tokens: Count = None  # the same
    reasoning_tokens: Count = None  # GitHub Copilot


class CalledFunction(msgspec.Struct):
    """A function's name and arguments: JSON text, or the object itself; `input` is a custom tool's free text."""

    name: str | None = None
    arguments: Any = None
    input: str | None = None


class Call(msgspec.Struct):
    """A tool call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    type: str | None = None
    function: CalledFunction | None = None
    custom: CalledFunction | None = None
    extra_content: Any = None  # Gemini's signature of a thought


class AudioBlock(msgspec.Struct):
    """Spoken answer, or a piece of one."""

    id: str | None = None
    data: str | None = None
    transcript: str | None = None
    expires_at: Count = None


class Said(msgspec.Struct):
    """A message, or the piece of one that a stream calls `delta`."""

    content: Any = None
    reasoning_content: Any = None
    reasoning: Any = None
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: CalledFunction | None = None
    annotations: list[dict[str, Any]] | None = None
    audio: AudioBlock | None = None
    images: list[dict[str, Any]] | None = None


class CompletionChoice(msgspec.Struct):
    """One of the answers."""

    index: int | None = None
    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None
    logprobs: Any = None


class GroqBlock(msgspec.Struct):
    """Where Groq's streams told the usage before they took `stream_options`."""

    usage: UsageBlock | None = None


class Completion(msgspec.Struct):
    """A whole answer (`message` in its choices) or a piece of a streamed one (`delta`)."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    choices: list[CompletionChoice] | None = None
    usage: UsageBlock | None = None
    error: Any = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    x_groq: GroqBlock | None = None


class MoreText(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """What a piece says that adds text and nothing else: any other field, known or unknown, makes it no such piece."""

    content: str
    role: str | None = None
    reasoning_content: None = None
    reasoning: None = None
    refusal: None = None
    tool_calls: None = None
    function_call: None = None


class MoreTextChoice(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The only choice of a piece that adds text to the first answer."""

    delta: MoreText
    index: int = 0
    finish_reason: None = None
    logprobs: None = None


class TextPiece(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece that adds text to its one answer and nothing else. Nearly all pieces are such, and read quickly so."""

    choices: tuple[MoreTextChoice]
    id: str | None = None
    model: str | None = None
    object: str | None = None
    created: Count = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    usage: None = None
    obfuscation: str | None = None


class TopLogprob(msgspec.Struct):
    """One of the likeliest tokens in a place."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None


class LogprobBlock(TopLogprob):
    """A token that was chosen."""

    top_logprobs: list[TopLogprob] | None = None


class Logprobs(msgspec.Struct):
    """The log-probabilities of an answer's text, or of its refusal."""

    content: list[LogprobBlock] | None = None
    refusal: list[LogprobBlock] | None = None
