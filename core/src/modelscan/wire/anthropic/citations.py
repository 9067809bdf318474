"""Citations: the five kinds of place that the Messages API cites, and back.

Source: Anthropic's OpenAPI description (mirror of 2026-08), schemas `Response*LocationCitation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.types.content import Citation
from modelscan.wire.loose import text, whole_number

_DOCUMENT_KINDS: Final = {
    "char_location": ("char", "start_char_index", "end_char_index"),
    "page_location": ("page", "start_page_number", "end_page_number"),
    "content_block_location": ("block", "start_block_index", "end_block_index"),
}
_DOCUMENT_KIND_OF: Final = {location: (kind, *keys) for kind, (location, *keys) in _DOCUMENT_KINDS.items()}
_SEARCH_RESULT: Final = "search_result"
_SEARCH_RESULT_KEYS: Final = (
    *("cited_text", "search_result_index", "source", "title"),
    *("start_block_index", "end_block_index"),
)
_URL: Final = "url"


def citation(block: Mapping[str, Any]) -> Citation:
    """The citation in a block of a reply.

    `document` is the index of the document or search result among those of the request, as text; `location` is `char`,
    `page`, `block` (of a document), `search_result` (blocks of one) or `url` (found by web search). A kind that is not
    known keeps all its fields in `extra`.
    """
    kind = text(block.get("type"))
    if kind in _DOCUMENT_KINDS:
        location, start, end = _DOCUMENT_KINDS[kind]
        return Citation(
            title=text(block.get("document_title")),
            text=text(block.get("cited_text")),
            document=_index(block.get("document_index")),
            location=location,
            source_start=whole_number(block.get(start)),
            source_end=whole_number(block.get(end)),
            extra=_rest(block, "cited_text", "document_index", "document_title", start, end),
        )
    if kind == "search_result_location":
        return Citation(
            url=text(block.get("source")),
            title=text(block.get("title")),
            text=text(block.get("cited_text")),
            document=_index(block.get("search_result_index")),
            location=_SEARCH_RESULT,
            source_start=whole_number(block.get("start_block_index")),
            source_end=whole_number(block.get("end_block_index")),
            extra=_rest(block, *_SEARCH_RESULT_KEYS),
        )
    if kind == "web_search_result_location":
        return Citation(
            url=text(block.get("url")),
            title=text(block.get("title")),
            text=text(block.get("cited_text")),
            location=_URL,
            extra=_rest(block, "cited_text", "url", "title"),
        )
    return Citation(text=text(block.get("cited_text")), location=kind, extra=dict(block))


def citation_block(cited: Citation) -> dict[str, Any] | None:
    """The block that a citation was read from; None for one that this wire format didn't write."""
    if cited.location in _DOCUMENT_KIND_OF:
        kind, start, end = _DOCUMENT_KIND_OF[cited.location]
        return {
            "type": kind,
            "cited_text": cited.text,
            "document_index": _number(cited.document),
            "document_title": cited.title or None,
            start: cited.source_start,
            end: cited.source_end,
            **cited.extra,
        }
    if cited.location == _SEARCH_RESULT:
        return {
            "type": "search_result_location",
            "cited_text": cited.text,
            "search_result_index": _number(cited.document),
            "source": cited.url,
            "title": cited.title or None,
            "start_block_index": cited.source_start,
            "end_block_index": cited.source_end,
            **cited.extra,
        }
    if cited.location == _URL:
        return {
            "type": "web_search_result_location",
            "cited_text": cited.text,
            "url": cited.url,
            "title": cited.title or None,
            **cited.extra,
        }
    return dict(cited.extra) if "type" in cited.extra else None


def _index(value: Any) -> str:
    return "" if value is None else str(value)


def _number(index: str) -> int | None:
    return int(index) if index.isdecimal() else None


def _rest(block: Mapping[str, Any], *used: str) -> dict[str, Any]:
    return {key: value for key, value in block.items() if key not in ("type", *used) and value is not None}
