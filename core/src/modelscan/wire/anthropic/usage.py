"""Usage, from the vendor's counts to ours and back.

The vendor's `input_tokens` are those that no prompt cache touched; ours are the whole prompt. Source: the "prompt
caching" and "usage" notes of platform.claude.com and the SDK's `Usage` (2.12.0), read 2026-11.
"""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.anthropic.structs import CacheCreation, Iteration, UsageBlock
from modelscan.wire.loose import count

_SAME_MODEL = "compaction"
_COUNTED = ("message", "fallback_message", _SAME_MODEL)


def usage_of(block: UsageBlock | None) -> Usage:
    """The usage that a block tells; unreported where there is none.

    A compaction is billed beside the counts at the top, so it is added; samplings of another model (an advisor) are
    billed at that model's price, so they stand in `other` under their type.
    """
    if block is None:
        return UNREPORTED
    searches = block.server_tool_use
    details = block.output_tokens_details
    fetches = count(searches.web_fetch_requests) if searches else 0
    usage = msgspec.structs.replace(
        _tokens(block),
        reasoning_tokens=count(details.thinking_tokens) if details else 0,
        searches=count(searches.web_search_requests) if searches else 0,
        other={"web_fetch_requests": fetches} if fetches else {},
    )
    for iteration in block.iterations or ():
        if iteration.type == _SAME_MODEL:
            usage += _tokens(iteration)
        elif iteration.type not in _COUNTED:
            usage += Usage(other=_foreign(iteration))
    return usage


def merged(before: UsageBlock | None, newer: UsageBlock | None) -> UsageBlock | None:
    """The counts of a stream after another event: each that the event tells replaces the one before."""
    if before is None or newer is None:
        return newer or before
    told = {name: value for name in UsageBlock.__struct_fields__ if (value := getattr(newer, name)) is not None}
    return msgspec.structs.replace(before, **told)


def usage_block(usage: Usage) -> dict[str, Any]:
    """The block that tells a usage; what nobody reported is told as zero, since the format has no other word."""
    written_1h = usage.cache_write_1h_tokens
    block: dict[str, Any] = {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_tokens - written_1h,
            "ephemeral_1h_input_tokens": written_1h,
        },
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        block["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    fetches = usage.other.get("web_fetch_requests", 0)
    if usage.searches or fetches:
        block["server_tool_use"] = {"web_search_requests": usage.searches, "web_fetch_requests": fetches}
    return block


def _tokens(block: UsageBlock | Iteration) -> Usage:
    cached = count(block.cache_read_input_tokens)
    split = block.cache_creation or CacheCreation()
    written_1h = count(split.ephemeral_1h_input_tokens)
    written = count(block.cache_creation_input_tokens)
    if block.cache_creation_input_tokens is None:
        written = count(split.ephemeral_5m_input_tokens) + written_1h
    return Usage(
        input_tokens=count(block.input_tokens) + cached + written,
        output_tokens=count(block.output_tokens),
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
    )


def _foreign(iteration: Iteration) -> dict[str, int]:
    tokens = _tokens(iteration)
    kind = iteration.type or "iteration"
    names = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    return {f"{kind}_{name}": count for name in names if (count := getattr(tokens, name))}
