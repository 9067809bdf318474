"""The units of usage as a bill reads them: which is a part of which, and which may go without a price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from modelscan.types.usage import Usage

Quantity = int | Decimal
Counts = Mapping[str, Quantity]

WHOLE_OF: Final = {
    "input_tokens": "tokens",
    "output_tokens": "tokens",
    "cached_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "cache_write_1h_tokens": "cache_write_tokens",
    "audio_input_tokens": "input_tokens",
    "image_input_tokens": "input_tokens",
    "video_input_tokens": "input_tokens",
    "document_input_tokens": "input_tokens",
    "reasoning_tokens": "output_tokens",
    "audio_output_tokens": "output_tokens",
    "image_output_tokens": "output_tokens",
    "accepted_prediction_tokens": "output_tokens",
    "rejected_prediction_tokens": "output_tokens",
}
"""Each part and its whole. A part that has a price is billed at it; else it is billed as its whole is."""

TOTAL: Final = "tokens"
SIDES: Final = ("input_tokens", "output_tokens")
MEASURES: Final = frozenset({"characters", "seconds", "images", "pages", "credits"})
"""Other measures of the same work: where one of them has a price, the others may go without."""

FREE: Final = "requests"
"""Counted for limits; needs no price where the list has none for it."""

_EXACT: Final = (Decimal,)


def counts_of(usage: Usage) -> dict[str, Quantity]:
    """The units that the usage counts something of, the vendor's own among them."""
    counts: dict[str, Quantity] = msgspec.to_builtins(usage, builtin_types=_EXACT)
    counts.pop("is_reported", None)
    if "other" in counts:
        counts.pop("other")
        counts.update(usage.other)
    return counts


def is_work(unit: str) -> bool:
    """Whether the unit measures what the model read or made; others (searches, requests) are fees beside that."""
    return unit in MEASURES or unit == TOTAL or unit.endswith("_tokens")


def line_of_wholes(unit: str) -> tuple[str, ...]:
    """The unit itself, its whole, that one's whole, and so on."""
    line = [unit]
    while line[-1] in WHOLE_OF:
        line.append(WHOLE_OF[line[-1]])
    return tuple(line)


def root_of(unit: str) -> str:
    """The largest whole that `Usage` counts: `tokens` is the sum of two of them and no count of its own."""
    line = line_of_wholes(unit)
    return line[-2] if line[-1] == TOTAL and len(line) > 1 else line[-1]
