"""What a call used, in every unit that somebody bills."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """Units that a call used; zero where the provider reported none of them.

    Token counts are normalised so that they mean the same everywhere: `input_tokens` is the whole prompt, including
    what was read from (`cached_tokens`) or written to (`cache_write_tokens`) a prompt cache; `output_tokens` is all
    that was generated, including `reasoning_tokens`. The audio and image counts are parts of these two as well.
    `is_reported` is False where the provider said nothing at all, so that zero isn't mistaken for a measurement.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_input_tokens: int = 0
    image_output_tokens: int = 0
    characters: int = 0
    seconds: Decimal = Decimal(0)
    images: int = 0
    pages: int = 0
    searches: int = 0
    requests: int = 0
    credits: Decimal = Decimal(0)
    other: dict[str, int] = {}
    is_reported: bool = True

    @property
    def total_tokens(self) -> int:
        """Input plus output."""
        return self.input_tokens + self.output_tokens

    def __add__(self, more: Usage) -> Usage:
        sums = {name: getattr(self, name) + getattr(more, name) for name in _COUNTS}
        other = {key: self.other.get(key, 0) + more.other.get(key, 0) for key in self.other | more.other}
        return Usage(**sums, other=other, is_reported=self.is_reported and more.is_reported)


_COUNTS = tuple(name for name in Usage.__struct_fields__ if name not in ("other", "is_reported"))
UNREPORTED = Usage(is_reported=False)
REFUSED = Usage(requests=1)
"""What a call that the provider refused counts: a request, no tokens and no money."""
