"""Usage, from the vendor's counts to ours and back.

The vendor counts thoughts beside the answer and the results of its own tools beside the prompt; both are billed, so
ours hold them. Source: the descriptions of `UsageMetadata` in Google's OpenAPI description of v1beta, read 2026-11.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.gemini.structs import TokensDetail, UsageMetadata
from modelscan.wire.loose import count, listed

_WORDS: Final = {"traffic_type": "trafficType", "service_tier": "serviceTier"}
_OTHERS: Final = ("VIDEO", "DOCUMENT")
WORDS: Final = tuple(_WORDS.values())
"""The words beside the counts, by their names in `ChatReply.extra`; each changes the price."""


def usage_of(block: UsageMetadata | None, searches: int = 0) -> Usage:
    """The usage that a block tells; unreported where it counts nothing. `searches` are those that the answer names."""
    if block is None or (block.prompt_token_count is None and block.total_token_count is None):
        return Usage(searches=searches, is_reported=False) if searches else UNREPORTED
    thoughts = count(block.thoughts_token_count)
    entered = count(block.prompt_token_count) + count(block.tool_use_prompt_token_count)
    answered = count(block.candidates_token_count)
    if thoughts and block.total_token_count == entered + answered:
        # Some versions of the service count the thoughts in the candidates already; the total tells.
        answered = max(0, answered - thoughts)
    asked = _by_modality(block.prompt_tokens_details) + _by_modality(block.tool_use_prompt_tokens_details)
    made = _by_modality(block.candidates_tokens_details)
    return Usage(
        input_tokens=entered,
        output_tokens=answered + thoughts,
        cached_tokens=count(block.cached_content_token_count),
        reasoning_tokens=thoughts,
        audio_input_tokens=asked["AUDIO"],
        audio_output_tokens=made["AUDIO"],
        image_input_tokens=asked["IMAGE"],
        image_output_tokens=made["IMAGE"],
        searches=searches,
        other={f"{name.lower()}_input_tokens": asked[name] for name in _OTHERS if asked[name]},
    )


def merged(before: UsageMetadata | None, newer: UsageMetadata | None) -> UsageMetadata | None:
    """The counts of a stream after another chunk: each that the chunk tells replaces the one before."""
    if before is None or newer is None:
        return newer or before
    told = {name: value for name in UsageMetadata.__struct_fields__ if (value := getattr(newer, name)) is not None}
    return msgspec.structs.replace(before, **told)


def usage_words(block: UsageMetadata | None) -> dict[str, Any]:
    """The words beside the counts."""
    return {word: value for name, word in _WORDS.items() if (value := getattr(block, name, None)) is not None}


def searches_in(grounding: Mapping[str, Any]) -> int:
    """How many queries the vendor's search ran for the answer; each is billed."""
    return len(listed(grounding.get("webSearchQueries")))


def usage_block(usage: Usage, words: Mapping[str, Any]) -> dict[str, Any]:
    """The block that tells a usage; empty for one that nobody reported and nothing stands beside."""
    beside = {word: words[word] for word in WORDS if word in words}
    if not usage.is_reported:
        return beside
    block: dict[str, Any] = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.total_tokens,
    }
    if usage.cached_tokens:
        block["cachedContentTokenCount"] = usage.cached_tokens
    if usage.reasoning_tokens:
        block["thoughtsTokenCount"] = usage.reasoning_tokens
    asked = {"AUDIO": usage.audio_input_tokens, "IMAGE": usage.image_input_tokens}
    asked |= {name: usage.other.get(f"{name.lower()}_input_tokens", 0) for name in _OTHERS}
    made = {"AUDIO": usage.audio_output_tokens, "IMAGE": usage.image_output_tokens}
    for name, counts in (("promptTokensDetails", asked), ("candidatesTokensDetails", made)):
        if told := [{"modality": modality, "tokenCount": count} for modality, count in counts.items() if count]:
            block[name] = told
    return block | beside


def _by_modality(details: list[TokensDetail] | None) -> Counter[str]:
    counts: Counter[str] = Counter()
    for detail in details or ():
        counts[str(detail.modality)] += count(detail.token_count)
    return counts
