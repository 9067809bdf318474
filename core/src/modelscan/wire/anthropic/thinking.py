"""How much the model is to think, in the words that its generation takes.

Source: platform.claude.com's pages on extended and adaptive thinking and on effort, and the SDK's
`ThinkingConfig*Param` and `OutputConfigParam` (2.12.0), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.chat import Effort, ReasoningOptions
from modelscan.wire.anthropic.claude import adapts_thinking

_SHORTEST_BUDGET_TOKENS: Final = 1024
_SHARES: Final[Mapping[Effort, float]] = {
    "minimal": 0.1,
    "low": 0.2,
    "medium": 0.5,
    "high": 0.8,
    "xhigh": 0.9,
    "max": 0.95,
}
"""What part of `max_tokens` an effort lets a model think that knows budgets only: the rest is left for the answer."""


def thinking_fields(options: ReasoningOptions | None, model: str, max_tokens: int) -> dict[str, Any]:
    """`thinking` and `output_config.effort` for what was asked; empty where nothing was.

    Raises `UnsupportedError` for an effort or summary that the format has no word for.
    """
    if options is None or options == ReasoningOptions():
        return {}
    if options.effort == "none":
        return {"thinking": {"type": "disabled"}}
    is_adaptive = adapts_thinking(model)
    if options.budget_tokens is not None:
        thinking: dict[str, Any] = {"type": "enabled", "budget_tokens": options.budget_tokens}
    elif is_adaptive:
        thinking = {"type": "adaptive"}
    else:
        thinking = {"type": "enabled", "budget_tokens": _budget_tokens(options.effort or "medium", max_tokens)}
    if options.summary is not None:
        thinking["display"] = _display(options.summary)
    fields: dict[str, Any] = {"thinking": thinking}
    if options.effort is not None and is_adaptive:
        if options.effort == "minimal":
            raise UnsupportedError("the Messages API has no effort 'minimal'; the lowest is 'low'")
        fields["output_config"] = {"effort": options.effort}
    return fields


def _budget_tokens(effort: Effort, max_tokens: int) -> int:
    if max_tokens <= _SHORTEST_BUDGET_TOKENS:
        raise UnsupportedError(
            f"thinking takes at least {_SHORTEST_BUDGET_TOKENS} tokens of max_output_tokens, which is {max_tokens}",
            advice="Raise max_output_tokens, or leave the effort out.",
        )
    return max(_SHORTEST_BUDGET_TOKENS, int(max_tokens * _SHARES[effort]))


def _display(summary: str) -> str:
    if summary == "none":
        return "omitted"
    if summary == "auto":
        return "summarized"
    raise UnsupportedError(f"the Messages API knows no {summary!r} summary of thoughts; use 'auto' or 'none'")
