"""What the name of a model tells about how it is asked.

A codec sees no catalogue, and the format's words differ with the model's age: Gemini 2.5 thinks by a budget, Gemini 3
and later by a level, and only the latter refuse a function call without a signature. Source: ai.google.dev's pages on
thinking and on thought signatures, read 2026-11.
"""

from __future__ import annotations

import re
from typing import Final

_NAME: Final = re.compile(r"(?:gemini|omni|robotics-er)-(?:[a-z]+-)*(\d+)(?:\.(\d+))?")
_NEWEST: Final = (99, 0)


def version(model: str) -> tuple[int, int]:
    """The major and minor version in a model's name; a name without one (`gemini-flash-latest`) counts as the newest.

    >>> version("gemini-2.5-flash"), version("publishers/google/models/gemini-3-pro-preview")
    ((2, 5), (3, 0))
    """
    found = _NAME.search(model)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST


def thinks_by_level(model: str) -> bool:
    """Whether an effort is told as a level; else it is a budget of tokens."""
    return version(model) >= (3, 0)


def wants_signatures(model: str) -> bool:
    """Whether a function call in the conversation must carry a signature."""
    return version(model) >= (3, 0)
