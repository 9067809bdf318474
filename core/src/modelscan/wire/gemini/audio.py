"""Speech: raw samples in the answer, whose pieces belong together, and the header that makes a file of them."""

from __future__ import annotations

import re
import struct
from typing import Final

import msgspec

from modelscan.types.content import Audio

# `audio/L16;codec=pcm;rate=24000`, `audio/pcm;rate=24000`: 16 bits a sample, one channel, little-endian whatever
# RFC 2586 says of L16 (ai.google.dev's page on speech generation, read 2026-11).
_RAW: Final = re.compile(r"audio/(l16|pcm)\b", re.IGNORECASE)
_RATE: Final = re.compile(r"rate=(\d{1,7})\b")
_DEFAULT_RATE_HZ: Final = 24_000
_BYTES_A_SAMPLE: Final = 2


def is_raw(part: Audio) -> bool:
    """Whether a part is samples without a container, so that pieces of them may be joined."""
    return part.data is not None and _RAW.match(part.media_type or "") is not None


def as_wav(part: Audio) -> Audio:
    """Raw samples as a WAV file; any other sound as it is."""
    if part.data is None or not is_raw(part):
        return part
    found = _RATE.search(part.media_type or "")
    rate_hz = int(found[1]) if found else _DEFAULT_RATE_HZ
    size = len(part.data)
    shape = (16, 1, 1, rate_hz, rate_hz * _BYTES_A_SAMPLE, _BYTES_A_SAMPLE, 8 * _BYTES_A_SAMPLE)
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", *shape, b"data", size)
    return msgspec.structs.replace(part, data=header + part.data, media_type="audio/wav")
