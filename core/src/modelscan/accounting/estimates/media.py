"""How much of a medium there is, by its bytes where they are at hand: seconds, pages, pictures."""

from __future__ import annotations

from typing import Final

from modelscan.accounting.estimates.features import IMAGES, PAGES, SOUND, TOKENS_EACH, VIDEO
from modelscan.types.content import Audio, File, Image, Media, Video

_WAVE_BYTES_PER_S: Final = 32_000  # 16 kHz of 16 bits
_SOUND_BYTES_PER_S: Final = 8_000  # 64 kbit/s, as speech is packed
_VIDEO_BYTES_PER_S: Final = 125_000  # 1 Mbit/s
_BYTES_PER_PAGE: Final = 30_000
_UNSEEN_S: Final = 60.0
_UNSEEN_PAGES: Final = 10.0
_LOW_DETAIL: Final = 0.2
_WAVES: Final = ("wav", "wave", "pcm", "l16")


def seconds_of(medium: Audio | Video) -> float:
    """Its length: by its bytes, or a minute where they aren't here."""
    if medium.data is None:
        return _UNSEEN_S
    if isinstance(medium, Video):
        return len(medium.data) / _VIDEO_BYTES_PER_S
    is_wave = medium.data[:4] == b"RIFF" or any(word in (medium.media_type or "") for word in _WAVES)
    return len(medium.data) / (_WAVE_BYTES_PER_S if is_wave else _SOUND_BYTES_PER_S)


def load_of_medium(medium: Media) -> tuple[int, float]:
    """The feature that a medium is, and the tokens that it starts at."""
    if isinstance(medium, Image):
        return IMAGES, TOKENS_EACH[IMAGES] * (_LOW_DETAIL if medium.detail == "low" else 1)
    if isinstance(medium, Audio):
        return SOUND, seconds_of(medium) * TOKENS_EACH[SOUND]
    if isinstance(medium, Video):
        return VIDEO, seconds_of(medium) * TOKENS_EACH[VIDEO]
    pages = _UNSEEN_PAGES if medium.data is None else max(1.0, len(medium.data) / _BYTES_PER_PAGE)
    return PAGES, pages * TOKENS_EACH[PAGES]


def text_of(medium: Media) -> str | None:
    """The words of a document that is plain text and stands in the request."""
    if isinstance(medium, File) and medium.data is not None and (medium.media_type or "").startswith("text/"):
        return medium.data.decode(errors="replace")
    return None
