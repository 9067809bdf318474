"""What each type of request asks for: its texts and media, what else it is billed by, and how many answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan.accounting.estimates.contents import Contents
from modelscan.accounting.estimates.features import MESSAGES, TOOLS, Load
from modelscan.accounting.estimates.media import seconds_of
from modelscan.types.tools import JsonSchema

if TYPE_CHECKING:
    from modelscan.types.batch import BatchRequest
    from modelscan.types.chat import ChatRequest
    from modelscan.types.embed import EmbedRequest, RerankRequest
    from modelscan.types.knowledge import ModerationRequest, SearchRequest
    from modelscan.types.media import ImageRequest, SpeechRequest, TranscriptionRequest, VideoRequest

# OpenAI's cookbook on counting tokens: 3 for each message and 3 for the answer's beginning, read 2026-11.
_PER_MESSAGE: Final = 4.0
_PER_CONVERSATION: Final = 3.0
_PER_TOOL: Final = 12.0
_PER_SCHEMA_BYTE: Final = 0.25
_DOCUMENTS_PER_SEARCH: Final = 100  # what Cohere bills as one search
_CHARACTERS_PER_S: Final = 14.0  # of speech
_VIDEO_S: Final = 8.0


class Asked(msgspec.Struct):
    """What a request asks for. `units` are those besides requests and tokens; no `answers`: no tokens come back."""

    text: str = ""
    load: Load = []
    units: Mapping[str, int] = {}
    answers: int = 0
    most_each: int | None = None
    reasons: bool = False


def asked_by(request: Any) -> Asked:
    """What a request asks for, whatever its type. Of a live session nothing is known but that it is one request."""
    reader = _READERS.get(type(request).__struct_config__.tag)
    return Asked() if reader is None else reader(request)


def _chat(request: ChatRequest) -> Asked:
    contents = Contents()
    for message in request.messages:
        contents.add(message.content)
    load = contents.load
    load.append((MESSAGES, _PER_CONVERSATION + _PER_MESSAGE * len(request.messages)))
    shape = request.response_format
    if request.tools or shape is not None:
        schemas = sum(len(msgspec.json.encode(tool)) for tool in request.tools)
        schemas += len(msgspec.json.encode(shape.schema)) if isinstance(shape, JsonSchema) else 0
        load.append((TOOLS, _PER_SCHEMA_BYTE * schemas + _PER_TOOL * (1 + len(request.tools))))
    thinking = request.reasoning
    return Asked(
        "".join(contents.texts),
        load,
        answers=request.choices or 1,
        most_each=request.max_output_tokens,
        reasons=thinking is not None and thinking.effort != "none",
    )


def _inputs(request: EmbedRequest | ModerationRequest) -> Asked:
    contents = Contents()
    for item in request.inputs:
        if isinstance(item, str):
            contents.texts.append(item)
        else:
            contents.add_medium(item)
    return Asked("".join(contents.texts), contents.load)


def _rerank(request: RerankRequest) -> Asked:
    """A reranker reads the query with each document."""
    text = "".join((request.query * len(request.documents), *request.documents))
    return Asked(text, units={"searches": math.ceil(len(request.documents) / _DOCUMENTS_PER_SEARCH)})


def _speech(request: SpeechRequest) -> Asked:
    seconds = math.ceil(len(request.text) / _CHARACTERS_PER_S / (request.speed or 1.0))
    units = {"characters": len(request.text), "seconds": seconds}
    return Asked(request.text + (request.instructions or ""), units=units, answers=1)


def _transcription(request: TranscriptionRequest) -> Asked:
    contents = Contents()
    contents.add_medium(request.audio)
    units = {"seconds": math.ceil(seconds_of(request.audio))}
    return Asked(request.prompt or "", contents.load, units, answers=1)


def _image(request: ImageRequest) -> Asked:
    contents = Contents()
    for image in (*request.images, *((request.mask,) if request.mask else ())):
        contents.add_medium(image)
    count = request.count or 1
    return Asked(request.prompt + (request.negative_prompt or ""), contents.load, {"images": count}, answers=count)


def _video(request: VideoRequest) -> Asked:
    contents = Contents()
    for medium in (*request.images, *((request.video,) if request.video else ())):
        contents.add_medium(medium)
    return Asked(request.prompt, contents.load, {"seconds": math.ceil(request.duration_s or _VIDEO_S)})


def _search(request: SearchRequest) -> Asked:
    return Asked(request.query, units={"searches": 1})


def _batch(request: BatchRequest) -> Asked:
    """All its requests at once. Their answers share one cap, the largest, so that none is estimated too low."""
    several = [asked_by(one) for one in request.requests]
    load: dict[int, float] = {}
    for feature, tokens in (pair for one in several for pair in one.load):
        load[feature] = load.get(feature, 0.0) + tokens
    caps = [one.most_each for one in several if one.answers]
    return Asked(
        "".join(one.text for one in several),
        list(load.items()),
        {"requests": len(several)},
        sum(one.answers for one in several),
        None if None in caps else max((cap for cap in caps if cap is not None), default=None),
        any(one.reasons for one in several),
    )


_READERS: Final[Mapping[Any, Callable[[Any], Asked]]] = {
    "chat": _chat,
    "embed": _inputs,
    "rerank": _rerank,
    "speech": _speech,
    "transcription": _transcription,
    "image": _image,
    "video": _video,
    "moderation": _inputs,
    "search": _search,
    "batch": _batch,
}
