"""Every type of request, by the capability that it asks for."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from modelscan.types.batch import BatchRequest
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest, RerankRequest
from modelscan.types.knowledge import ModerationRequest, SearchRequest
from modelscan.types.media import ImageRequest, SpeechRequest, TranscriptionRequest, VideoRequest

REQUEST_TYPES: Mapping[str, type[msgspec.Struct]] = {
    "chat": ChatRequest,
    "embed": EmbedRequest,
    "rerank": RerankRequest,
    "speech": SpeechRequest,
    "transcription": TranscriptionRequest,
    "image": ImageRequest,
    "video": VideoRequest,
    "moderation": ModerationRequest,
    "search": SearchRequest,
    "batch": BatchRequest,
}
"""What a stored request is read as, whatever wrote it: a name in a file can't choose the type."""
