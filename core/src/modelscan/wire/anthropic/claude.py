"""What the name of a Claude model tells about how it is asked.

A codec sees no catalogue, and the format's own words differ with the model's age: older models think by a budget and
answer in a schema only through a tool. Source: platform.claude.com's pages on adaptive thinking, structured outputs and
models, and the price map of litellm 1.109.1, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"claude-(?:[a-z]+-)?(\d+)(?:-(\d{1,2}))?(?!\d)")
_NEWEST: Final = (99, 0)
_FOREIGN: Final = (0, 0)


def version(model: str) -> tuple[int, int]:
    """The major and minor version in a model's name, wherever in it: `us.anthropic.claude-3-5-sonnet-...` is 3.5.

    A Claude without a version counts as the newest; another vendor's model that speaks this format as the oldest, since
    such vendors follow the older words.

    >>> version("claude-sonnet-4-20250514"), version("claude-opus-4-6")
    ((4, 0), (4, 6))
    """
    found = _NAME.search(model)
    if found is None:
        return _NEWEST if "claude" in model else _FOREIGN
    return int(found[1]), int(found[2] or 0)


def adapts_thinking(model: str) -> bool:
    """Whether the model decides by itself how much to think, told by an effort; else it wants a budget of tokens."""
    return version(model) >= (4, 6)


def keeps_schemas(model: str) -> bool:
    """Whether `output_config.format` binds the answer to a schema; else a tool that must be called does."""
    return version(model) >= (4, 5)


def default_max_tokens(model: str) -> int:
    """`max_tokens` where the caller gave none, for the format requires it.

    16,000 is what every model since Claude 3.7 can write and what a call without streaming delivers well within ten
    minutes; the older ones take 4,096 at most.
    """
    return 16_000 if version(model) >= (3, 7) else 4_096
