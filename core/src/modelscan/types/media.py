"""Speech, transcription, images and video: the requests in shape, with replies to match."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelscan.types.content import Audio, Image, Video
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage


class SpeechRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="speech"):
    """Text to be spoken. `format` is the container or codec (`mp3`, `wav`, `pcm`); `speed` 1.0 is normal."""

    text: str
    voice: str | None = None
    format: str | None = None
    sample_rate_hz: int | None = None
    speed: float | None = None
    instructions: str | None = None
    language: str | None = None
    extra: dict[str, Any] = {}


class SpeechReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="speech_reply"):
    """The sound."""

    audio: Audio
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""


class TranscriptionRequest(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="transcription"
):
    """Sound to be written down. `timestamps` asks for times of words or segments, `diarize` for who spoke."""

    audio: Audio
    language: str | None = None
    prompt: str | None = None
    timestamps: Literal["segment", "word"] | None = None
    diarize: bool | None = None
    translate: bool = False
    temperature: float | None = None
    extra: dict[str, Any] = {}


class Segment(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was said from `start_s` to `end_s`, and by whom."""

    text: str
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    confidence: float | None = None


class TranscriptionReply(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="transcription_reply"
):
    """What was said."""

    text: str
    segments: tuple[Segment, ...] = ()
    words: tuple[Segment, ...] = ()
    language: str | None = None
    duration_s: float | None = None
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""
    raw_body: bytes = b""


class ImageRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="image"):
    """Pictures to be made from a prompt, or `images` to be changed (`mask` says where). `size` is `WIDTHxHEIGHT`."""

    prompt: str
    count: int | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    quality: str | None = None
    format: str | None = None
    seed: int | None = None
    images: tuple[Image, ...] = ()
    mask: Image | None = None
    negative_prompt: str | None = None
    extra: dict[str, Any] = {}


class ImageReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="image_reply"):
    """The pictures."""

    images: tuple[Image, ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""


class VideoRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="video"):
    """Moving pictures to be made from a prompt and, where the model takes them, images or a video to begin with."""

    prompt: str
    duration_s: float | None = None
    size: str | None = None
    aspect_ratio: str | None = None
    seed: int | None = None
    images: tuple[Image, ...] = ()
    video: Video | None = None
    extra: dict[str, Any] = {}


class VideoReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="video_reply"):
    """The videos."""

    videos: tuple[Video, ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""
