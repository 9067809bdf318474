"""Parts of a request as content blocks.

Source: Anthropic's OpenAPI description (mirror of 2026-08), schemas `Request*Block`, and the SDK's parameter types
(2.12.0), read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from modelscan.errors import InvalidRequestError, MediaError, UnsupportedError
from modelscan.types.content import (
    AnyPart,
    CacheLifetime,
    File,
    Image,
    Media,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from modelscan.types.messages import Message
from modelscan.wire.anthropic.citations import citation_block
from modelscan.wire.anthropic.decode import WIRE

_ID_RULE: Final = re.compile(r"[^a-zA-Z0-9_-]")
Block = dict[str, Any]


def blocks_of(message: Message) -> list[Block]:
    """The blocks of one message.

    Reasoning goes back only where this wire format wrote it, and so does what other vendors' parts carry beside their
    content. Text of an assistant that is empty is left out, for the vendor takes none. Raises `UnsupportedError` for a
    part that the format has no block for.
    """
    keeps = keeps_extra(message)
    blocks = []
    for part in message.content:
        if isinstance(part, Reasoning) and not (message.wire == WIRE and (part.signature or part.encrypted)):
            continue
        if isinstance(part, ProviderPart) and not keeps:
            continue
        if message.role == "assistant" and isinstance(part, (Text, Refusal)) and not part.text:
            continue
        blocks.append(block_of(part, keeps=keeps))
    return blocks


def keeps_extra(message: Message) -> bool:
    """Whether what a message carries beside its content is this format's: it came over it, or the caller wrote it."""
    return message.wire in ("", WIRE)


def block_of(part: AnyPart, *, keeps: bool = True) -> Block:
    """One part as a block."""
    write = _WRITERS.get(type(part))
    if write is None:
        what = type(part).__name__.lower()
        raise UnsupportedError(f"the Messages API takes no {what}; send text, images or documents")
    block = write(part, keeps)
    if part.cache is not None:
        block["cache_control"] = cache_control(part.cache)
    if keeps:
        block.update(part.extra)
    return block


def cache_control(lifetime: CacheLifetime) -> dict[str, str]:
    """The mark at which a prompt cache ends. Five minutes is the default, which not every cloud lets one say."""
    return {"type": "ephemeral"} if lifetime == "5m" else {"type": "ephemeral", "ttl": lifetime}


def tool_id(call_id: str) -> str:
    """The id of a call in the characters that the vendor takes, for calls that another vendor's model made."""
    return _ID_RULE.sub("_", call_id)


def has_file_id(part: AnyPart) -> bool:
    """Whether a part names an uploaded file, itself or inside of a tool's result."""
    if isinstance(part, ToolResult):
        return any(has_file_id(inner) for inner in part.content)
    return isinstance(part, Media) and part.file_id is not None


def _text(part: Text, keeps: bool) -> Block:
    block: Block = {"type": "text", "text": part.text}
    if keeps and part.citations:
        cited = [found for one in part.citations if (found := citation_block(one)) is not None]
        if cited:
            block["citations"] = cited
    return block


def _thinking(part: Reasoning) -> Block:
    if part.cache is not None:
        raise UnsupportedError("a prompt cache can't end at a thinking block; set `cache` on the part after it")
    if part.encrypted is not None:
        return {"type": "redacted_thinking", "data": part.encrypted}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _input(call: ToolCall) -> Any:
    if not call.arguments.strip():
        return {}
    try:
        call.args  # noqa: B018 - raises where the arguments are no object
    except ValueError as error:
        raise InvalidRequestError(f"{error}; the Messages API takes no other arguments") from error
    return msgspec.Raw(call.arguments.encode())


def _tool_result(result: ToolResult, keeps: bool) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": tool_id(result.call_id)}
    content = [block_of(part, keeps=keeps) for part in result.content]
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        block["content"] = content[0]["text"]
    elif content:
        block["content"] = content
    if result.is_error:
        block["is_error"] = True
    return block


def _image(image: Image) -> Block:
    if image.detail not in (None, "auto"):
        raise UnsupportedError(f"the Messages API has no word for an image's detail ({image.detail!r})")
    if image.data is None:
        return {"type": "image", "source": _reference(image)}
    media_type = image.media_type or ""
    if not media_type.startswith("image/"):
        raise MediaError(
            f"an image of type {media_type or 'unknown'}; give its media_type (image/png, image/jpeg, ...)"
        )
    return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": image.data}}


def _document(file: File) -> Block:
    block: Block = {"type": "document", "source": _document_source(file)}
    if file.name is not None:
        block["title"] = file.name
    if file.context:
        block["context"] = file.context
    if file.citable:
        block["citations"] = {"enabled": True}
    return block


def _document_source(file: File) -> Block:
    if file.data is None:
        return _reference(file)
    media_type = file.media_type or ""
    if media_type == "application/pdf":
        return {"type": "base64", "media_type": media_type, "data": file.data}
    if media_type.startswith("text/"):  # Markdown, CSV and the like are plain text to this vendor
        return {"type": "text", "media_type": "text/plain", "data": _utf8(file.data)}
    raise MediaError(f"a document of type {media_type or 'unknown'}; the Messages API takes PDF and plain text")


def _reference(media: Media) -> Block:
    if media.file_id is not None:
        return {"type": "file", "file_id": media.file_id}
    if media.url is not None and not media.url.startswith("data:"):
        return {"type": "url", "url": media.url}
    raise MediaError(
        f"{(media.path or 'a data: URL')[:100]} isn't read yet: this format takes bytes, a URL or a file's id"
    )


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MediaError("a text document that isn't UTF-8") from error


_WRITERS: Final[Mapping[type[AnyPart], Callable[[Any, bool], Block]]] = {
    Text: _text,
    Refusal: lambda part, _: {"type": "text", "text": part.text},
    Reasoning: lambda part, _: _thinking(part),
    ToolCall: lambda part, _: {"type": "tool_use", "id": tool_id(part.id), "name": part.name, "input": _input(part)},
    ToolResult: _tool_result,
    Image: lambda part, _: _image(part),
    File: lambda part, _: _document(part),
    ProviderPart: lambda part, _: {"type": part.kind},
}
