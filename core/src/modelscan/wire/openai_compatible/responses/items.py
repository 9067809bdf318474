"""Items of a response as parts of a message, and what a response says of its end. Shared by whole replies and streams.

Source: OpenAI's OpenAPI description (mirror of 2026-08), schemas `OutputItem` and `Response`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.errors import DecodeError
from modelscan.types.chat import FinishReason, TokenLogprob
from modelscan.types.content import AnyPart, Citation, Image, ProviderPart, Reasoning, Refusal, Text, ToolCall
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.loose import count, listed, objects, one_object, text, whole_number
from modelscan.wire.openai_compatible.parts import decoded, logprobs_of
from modelscan.wire.openai_compatible.responses.structs import (
    InputDetails,
    Item,
    OutputDetails,
    Response,
)

WIRE: Final = "openai-responses"
"""The name of this wire format in `Message.wire`."""

BETWEEN_SUMMARIES: Final = "\n\n"
"""What stands between the paragraphs of a summary where they are joined to one text."""

_INCOMPLETE: Final[Mapping[str, FinishReason]] = {"max_output_tokens": "length", "content_filter": "content_filter"}
_KEPT: Final = ("service_tier", "conversation", "previous_response_id")
_CITED: Final = ("type", "url", "title", "start_index", "end_index", "filename", "file_id", "index")


def parts_of(item: Item) -> list[AnyPart]:
    """The parts that an item holds; a `ProviderPart` with the whole item for every type not known here."""
    kind = item.get("type")
    if kind == "message":
        extra = _beside(item, "type", "role", "content", "status")
        return [_said(piece, extra) for piece in _pieces(item)]
    if kind == "reasoning":
        return [_reasoning(item)]
    if kind == "function_call":
        extra = _beside(item, "type", "status", "call_id", "name", "arguments")
        return [_call(item, item.get("arguments"), extra)]
    if kind == "custom_tool_call":
        extra = {"type": kind, **_beside(item, "type", "status", "call_id", "name", "input")}
        return [_call(item, item.get("input"), extra)]
    picture = _picture(item) if kind == "image_generation_call" else None
    return [picture or ProviderPart(kind=str(kind or ""), extra=item)]


def readable_reasoning(item: Item) -> str:
    """What a reasoning item tells: the paragraphs of its summary, or the thoughts themselves from an open model."""
    summary = BETWEEN_SUMMARIES.join(_texts(item.get("summary")))
    return summary + "".join(_texts(item.get("content")))


def call_head(item: Item) -> ToolCall:
    """A call without its arguments."""
    (part,) = parts_of({**item, "arguments": "", "input": ""})
    assert isinstance(part, ToolCall)  # noqa: S101 - it is asked of calls alone
    return part


def reply_extra(response: Response) -> dict[str, Any]:
    """What a response tells beside its content."""
    return {name: value for name in _KEPT if (value := getattr(response, name)) is not None}


def finish_of(response: Response, parts: Sequence[AnyPart]) -> tuple[FinishReason | None, str]:
    """The normalised reason and the vendor's word: why it is incomplete, or else its status."""
    status = response.status or ""
    if status == "completed":
        if any(isinstance(part, ToolCall) for part in parts):
            return "tool_calls", status
        return ("refusal" if any(isinstance(part, Refusal) for part in parts) else "stop"), status
    if status == "incomplete":
        reason = (response.incomplete_details.reason if response.incomplete_details else None) or status
        return _INCOMPLETE.get(reason, "other"), reason
    return ("other" if status else None), status


def usage_of(response: Response) -> Usage:
    """The usage of a response; searches are counted from its items where the vendor doesn't count them itself."""
    block = response.usage
    if block is None or (block.input_tokens is None and block.output_tokens is None):
        return UNREPORTED
    details = block.input_tokens_details or InputDetails()
    reasoning = count((block.output_tokens_details or OutputDetails()).reasoning_tokens)
    input_tokens, output_tokens = count(block.input_tokens), count(block.output_tokens)
    if reasoning and count(block.total_tokens) == input_tokens + output_tokens + reasoning:
        output_tokens += reasoning
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=count(details.cached_tokens),
        cache_write_tokens=count(details.cache_write_tokens),
        reasoning_tokens=reasoning,
        searches=_searches(response),
    )


def logprobs_in(output: Sequence[Item]) -> tuple[TokenLogprob, ...]:
    """The log-probabilities of all text in a response."""
    pieces = [piece for item in output if item.get("type") == "message" for piece in _pieces(item)]
    found = [token for piece in pieces for token in listed(piece.get("logprobs"))]
    return logprobs_of({"content": found}) if found else ()


def citation_of(annotation: Mapping[str, Any]) -> Citation:
    """A source: an address, a file of the vendor's store, or a file that its interpreter wrote."""
    kind = str(annotation.get("type") or "")
    return Citation(
        url=text(annotation.get("url")),
        title=text(annotation.get("title")) or text(annotation.get("filename")),
        start=whole_number(annotation.get("start_index")),
        end=whole_number(annotation.get("end_index")),
        document=text(annotation.get("file_id")),
        location={"url_citation": "url", "file_citation": "file"}.get(kind, kind),
        source_start=whole_number(annotation.get("index")),
        extra={name: value for name, value in annotation.items() if name not in _CITED},
    )


def annotation_of(citation: Citation) -> Item:
    """A source as the vendor tells it."""
    kind = {"url": "url_citation", "file": "file_citation", "": "url_citation"}.get(
        citation.location, citation.location
    )
    is_address = kind == "url_citation"
    fields = {
        "url": citation.url or None,
        "title": (citation.title or None) if is_address else None,
        "filename": None if is_address else citation.title or None,
        "start_index": citation.start,
        "end_index": citation.end,
        "file_id": citation.document or None,
        "index": citation.source_start,
    }
    told = {name: value for name, value in fields.items() if value is not None}
    return {"type": kind, **told, **citation.extra}


def _pieces(item: Item) -> list[Item]:
    content = item.get("content")
    if isinstance(content, str):  # a message that a client wrote
        return [{"type": "output_text", "text": content}]
    return objects(content)


def _said(piece: Item, extra: dict[str, Any]) -> AnyPart:
    kind = piece.get("type")
    if kind == "refusal":
        return Refusal(text=text(piece.get("refusal")), extra=extra)
    if kind not in ("output_text", "text", None):
        return ProviderPart(kind=str(kind), extra=piece)
    cited = tuple([citation_of(one) for one in objects(piece.get("annotations"))])
    return Text(text=text(piece.get("text")), citations=cited, extra=extra)


def _reasoning(item: Item) -> Reasoning:
    """The reasoning. Paragraphs of a summary, and thoughts beside it, are kept in `extra`, to go back as they came."""
    summary, content = listed(item.get("summary")), item.get("content")
    is_plain = len(summary) <= 1 and not content
    parts = {"summary": summary, "content": content} if content else {"summary": summary}
    beside = _beside(item, "type", "id", "status", "summary", "content", "encrypted_content")
    return Reasoning(
        text=readable_reasoning(item),
        encrypted=text(item.get("encrypted_content")) or None,
        id=text(item.get("id")) or None,
        extra=beside if is_plain else {**parts, **beside},
    )


def _call(item: Item, arguments: Any, extra: dict[str, Any]) -> ToolCall:
    written = arguments if isinstance(arguments, str) else "" if arguments is None else _json(arguments)
    named = text(item.get("call_id")) or text(item.get("id"))
    return ToolCall(id=named, name=text(item.get("name")), arguments=written, extra=extra)


def _picture(item: Item) -> Image | None:
    """The picture that a call of the vendor's own tool made; None where it made none."""
    try:
        data = decoded(text(item.get("result")))
    except DecodeError:
        return None
    extra = {name: value for name, value in item.items() if name != "result"}
    return Image(data=data, media_type=f"image/{item.get('output_format') or 'png'}", extra=extra) if data else None


def _searches(response: Response) -> int:
    told = response.tool_usage.web_search if response.tool_usage is not None else None
    if told is not None and told.num_requests is not None:
        return count(told.num_requests)
    calls = [item for item in response.output or () if item.get("type") == "web_search_call"]
    return sum(1 for call in calls if one_object(call.get("action")).get("type") in (None, "search"))


def _beside(item: Item, *known: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in known and value is not None}


def _texts(pieces: Any) -> list[str]:
    return [told for piece in objects(pieces) if (told := text(piece.get("text")))]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
