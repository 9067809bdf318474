"""The most that a request to OpenAI can use: as for any server of its format, and its pictures.

Source: OpenAI's guide to images and vision (the mirror of 2025) and what developers measured of later models (2026).
"""

from __future__ import annotations

from typing import Final

import attrs

from modelscan.types.content import Audio, Image, Media
from modelscan.wire.openai_compatible import CompatibleMeter
from modelscan.wire.pictures import patches, size_of

# A picture is cut into squares of 512 pixels after it was scaled into 2,048 by 768, so there are 8 at most: 85 tokens
# and 170 for each, for most models less. For gpt-4o-mini it is 2,833 and 5,667, which is the most of all.
_MOST_SQUARES: Final = 8
_SQUARES: Final = 85 + 170 * _MOST_SQUARES
_MINI: Final = "4o-mini"
_MINI_BASE, _MINI_SQUARE = 2_833, 5_667
_MOST: Final = _MINI_BASE + _MINI_SQUARE * _MOST_SQUARES
# Later models count squares of 32 pixels, times a factor of the model: 2.46 at most.
_PATCH: Final = 32
_MOST_PER_PATCH: Final = 2.46
_LOW_SIDE: Final = 512
# A tenth of a second of sound is a token where a user speaks, a twentieth where the model did; the slowest MP3 has
# 1,000 bytes a second.
_BYTES_PER_SOUND_TOKEN: Final = 50
_SOUND_BASE: Final = 64


@attrs.frozen
class OpenAIMeter(CompatibleMeter):
    """Bounds pictures too, by their size where their bytes are here, else by the most that any counts; and sound."""

    hidden_tokens: int = 128
    tokens_beyond_cap: int = 0

    def media_tokens(self, medium: Media, model: str) -> int | None:
        """The most tokens that a picture or a sound has for a model; a document has as many as it has pages."""
        if isinstance(medium, Image):
            return self.picture_tokens(medium, model)
        if isinstance(medium, Audio) and medium.data is not None:
            return len(medium.data) // _BYTES_PER_SOUND_TOKEN + _SOUND_BASE
        return None

    def picture_tokens(self, picture: Image, model: str) -> int:
        """The most tokens that a picture has for a model."""
        is_mini = _MINI in model
        if picture.detail == "low":
            return _MINI_BASE if is_mini else _by_patches((_LOW_SIDE, _LOW_SIDE))
        size = None if picture.data is None or is_mini else size_of(picture.data)
        return _MOST if size is None else min(_MOST, max(_SQUARES, _by_patches(size)))


def _by_patches(size: tuple[int, int]) -> int:
    return round(_MOST_PER_PATCH * patches(size, _PATCH)) + 1
