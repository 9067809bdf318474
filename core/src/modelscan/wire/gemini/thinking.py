"""How much the model is to think, in the words that its generation takes.

Source: ai.google.dev's page on thinking and its table for OpenAI's efforts, and `ThinkingConfig` of v1beta, read
2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.chat import Effort, ReasoningOptions
from modelscan.wire.gemini.models import thinks_by_level

LEVELS: Final[Mapping[Effort, str]] = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}
_BUDGETS: Final[Mapping[Effort, int]] = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
"""Tokens to think for, where a model knows budgets only: the vendor's own table."""


def thinking_config(options: ReasoningOptions | None, model: str) -> dict[str, Any]:
    """`thinkingConfig` for what was asked; empty where nothing was.

    Raises `UnsupportedError` for an effort or a summary that the format has no word for.
    """
    if options is None:
        return {}
    config: dict[str, Any] = {}
    if options.budget_tokens is not None:
        if options.effort is not None:
            raise UnsupportedError("the Gemini API takes an effort or a budget of thought, not both")
        config["thinkingBudget"] = options.budget_tokens
    elif options.effort is not None:
        config |= _effort(options.effort, model)
    if options.summary in ("concise", "detailed"):
        raise UnsupportedError(f"the Gemini API knows no {options.summary} summary of thoughts; use 'auto' or 'none'")
    if options.summary is not None:
        config["includeThoughts"] = options.summary == "auto"
    return config


def _effort(effort: Effort, model: str) -> dict[str, Any]:
    if thinks_by_level(model):
        words: Mapping[Effort, Any] = LEVELS
        word = "thinkingLevel"
    else:
        words, word = _BUDGETS, "thinkingBudget"
    if effort not in words:
        raise UnsupportedError(
            f"{model} has no word for the effort {effort!r}", advice=f"Use one of {', '.join(words)}."
        )
    return {word: words[effort]}
