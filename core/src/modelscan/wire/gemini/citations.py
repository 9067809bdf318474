"""Sources of an answer: what a search or retrieval grounded it on, and what it recites; and the same written back.

Source: the schemas `GroundingMetadata` and `CitationMetadata` of Google's OpenAPI description of v1beta and of Vertex
AI v1, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modelscan.types.content import Citation
from modelscan.wire.loose import listed, objects, one_object, text, whole_number

RECITATION: Final = "recitation"
"""`Citation.location` of a passage that the model repeats; a source's is its kind (`web`, `retrievedContext`, ...)."""

SOURCES: Final = ("groundingChunks", "groundingSupports")
"""The fields of grounding metadata that become citations; the rest stays in `ChatReply.extra`."""

_ADDRESSES: Final = ("uri", "sourceUri")
_OF_SUPPORT: Final = ("confidenceScore", "partIndex", "segmentText")

Json = dict[str, Any]


def citations_of(grounding: Mapping[str, Any], recited: Sequence[Mapping[str, Any]]) -> tuple[Citation, ...]:
    """One citation for each source of each grounded segment, then the sources of no segment, then what is recited.

    `start` and `end` count bytes of UTF-8 from the beginning of the answer's text, as the vendor does.
    """
    return (*_grounded(grounding), *[_recitation(one) for one in recited])


def recited_in(metadata: Mapping[str, Any] | None) -> list[Json]:
    """The passages that citation metadata names: the two APIs have a name each for their list."""
    told = metadata or {}
    return objects(told.get("citationSources")) or objects(told.get("citations"))


def metadata_of(citations: Sequence[Citation]) -> Json:
    """The candidate's fields that tell these citations; what is cited from elsewhere than the web is told as such."""
    chunks: list[Json] = []
    supports: list[Json] = []
    for cited in citations:
        if cited.location == RECITATION:
            continue
        chunk = _chunk(cited)
        if cited.start is None and cited.end is None:
            chunks.append(chunk)
            continue
        if chunk not in chunks:
            chunks.append(chunk)
        supports.append(_support(cited, chunks.index(chunk)))
    fields: Json = {}
    if chunks:
        fields["groundingMetadata"] = {"groundingChunks": chunks, "groundingSupports": supports}
    if recited := [_passage(cited) for cited in citations if cited.location == RECITATION]:
        fields["citationMetadata"] = {"citationSources": recited}
    return fields


def _grounded(grounding: Mapping[str, Any]) -> Iterator[Citation]:
    chunks = [one_object(chunk) for chunk in listed(grounding.get("groundingChunks"))]
    seen: set[int] = set()
    for support in objects(grounding.get("groundingSupports")):
        scores = listed(support.get("confidenceScores"))
        for place, index in enumerate(map(whole_number, listed(support.get("groundingChunkIndices")))):
            if index is None or not 0 <= index < len(chunks):
                continue
            seen.add(index)
            extra: Json = {"confidenceScore": scores[place]} if place < len(scores) else {}
            yield _citation(chunks[index], one_object(support.get("segment")), extra)
    for index, chunk in enumerate(chunks):
        if index not in seen:
            yield _citation(chunk, None, {})


def _citation(chunk: Mapping[str, Any], segment: Mapping[str, Any] | None, extra: Json) -> Citation:
    kind, source = next(iter(chunk.items()), ("", None))
    rest = dict(one_object(source))
    address = next((text(rest.pop(name)) for name in _ADDRESSES if rest.get(name)), "")
    told = {name: text(rest.pop(name, None)) for name in ("title", "text", "documentName")}
    if segment is not None:
        extra |= {"partIndex": segment["partIndex"]} if segment.get("partIndex") else {}
        extra |= {"segmentText": segment["text"]} if segment.get("text") else {}
    return Citation(
        url=address,
        title=told["title"],
        text=told["text"],
        document=told["documentName"],
        location=kind,
        start=None if segment is None else whole_number(segment.get("startIndex")) or 0,
        end=None if segment is None else whole_number(segment.get("endIndex")) or 0,
        extra=rest | extra,
    )


def _recitation(passage: Mapping[str, Any]) -> Citation:
    rest = {name: value for name, value in passage.items() if value}
    return Citation(
        url=text(rest.pop("uri", "")),
        title=text(rest.pop("title", "")),
        location=RECITATION,
        start=whole_number(rest.pop("startIndex", 0)) or 0,
        end=whole_number(rest.pop("endIndex", 0)) or 0,
        extra=rest,
    )


def _chunk(cited: Citation) -> Json:
    kind = cited.location if cited.location in ("retrievedContext", "maps", "image") else "web"
    address = "sourceUri" if kind == "image" else "uri"
    told = {address: cited.url, "title": cited.title, "text": cited.text, "documentName": cited.document}
    rest = {name: value for name, value in cited.extra.items() if name not in _OF_SUPPORT}
    return {kind: {name: value for name, value in told.items() if value} | rest}


def _support(cited: Citation, index: int) -> Json:
    extra = cited.extra
    segment: Json = {"startIndex": cited.start or 0, "endIndex": cited.end or 0}
    segment |= {"partIndex": extra["partIndex"]} if "partIndex" in extra else {}
    segment |= {"text": extra["segmentText"]} if "segmentText" in extra else {}
    support: Json = {"segment": segment, "groundingChunkIndices": [index]}
    return support | ({"confidenceScores": [extra["confidenceScore"]]} if "confidenceScore" in extra else {})


def _passage(cited: Citation) -> Json:
    told = {"startIndex": cited.start, "endIndex": cited.end, "uri": cited.url, "title": cited.title}
    return {name: value for name, value in told.items() if value} | cited.extra
