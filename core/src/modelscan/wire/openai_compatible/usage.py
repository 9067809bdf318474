"""Usage, from the counts of a chat-completions server to ours and back."""

from __future__ import annotations

from typing import Any

from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.loose import count
from modelscan.wire.openai_compatible.structs import CompletionDetails, PromptDetails, UsageBlock

_NO_PROMPT_DETAILS = PromptDetails()
_NO_COMPLETION_DETAILS = CompletionDetails()
_PREDICTED = ("accepted_prediction_tokens", "rejected_prediction_tokens")


def usage_of(block: UsageBlock | None) -> Usage:
    """The usage that a block tells; unreported where there is none.

    Some servers leave the reasoning out of `completion_tokens`: where the total tells so, it is added.
    """
    if block is None or (block.prompt_tokens is None and block.completion_tokens is None):
        return UNREPORTED
    prompt = block.prompt_tokens_details or _NO_PROMPT_DETAILS
    completion = block.completion_tokens_details or _NO_COMPLETION_DETAILS
    input_tokens = count(block.prompt_tokens)
    output_tokens = count(block.completion_tokens)
    reasoning = count(completion.reasoning_tokens, block.reasoning_tokens)
    if reasoning and (block.total_tokens or 0) == input_tokens + output_tokens + reasoning:
        output_tokens += reasoning
    cached = count(
        prompt.cached_tokens,
        block.cached_tokens,
        block.num_cached_tokens,
        block.prompt_cache_hit_tokens,
        block.cache_read_input_tokens,
    )
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached,
        cache_write_tokens=count(prompt.cache_write_tokens, block.cache_creation_input_tokens),
        reasoning_tokens=reasoning,
        audio_input_tokens=count(prompt.audio_tokens),
        audio_output_tokens=count(completion.audio_tokens),
        image_input_tokens=count(prompt.image_tokens),
        image_output_tokens=count(completion.image_tokens),
        other=_predicted(completion),
    )


def _predicted(completion: CompletionDetails) -> dict[str, int]:
    if not (completion.accepted_prediction_tokens or completion.rejected_prediction_tokens):
        return {}
    return {name: told for name in _PREDICTED if (told := count(getattr(completion, name)))}


def usage_block(usage: Usage) -> dict[str, Any] | None:
    """The block that tells a usage; None for one that nobody reported."""
    if not usage.is_reported:
        return None
    prompt = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "audio_tokens": usage.audio_input_tokens,
        "image_tokens": usage.image_input_tokens,
    }
    completion = {
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.audio_output_tokens,
        "image_tokens": usage.image_output_tokens,
        **{name: usage.other.get(name, 0) for name in _PREDICTED},
    }
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": completion,
    }
