"""Parts of an answer, from the vendor's to ours, and the rule by which neighbours are one part.

Source: the schema `Part` of Google's OpenAPI description of v1beta and ai.google.dev's page on thought signatures, read
2026-11.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelscan.errors import DecodeError
from modelscan.types.content import AnyPart, Audio, File, Image, ProviderPart, Reasoning, Text, ToolCall, Video
from modelscan.wire.gemini.audio import is_raw
from modelscan.wire.gemini.structs import FunctionCall, PartBody
from modelscan.wire.unreadable import UNREADABLE

NAMELESS: Final = "gemini-call-"
"""How the id begins that a call gets for which the API gave none; such an id is never sent."""

_KNOWN: Final = frozenset({"text", "thoughtSignature", "inlineData", "fileData", "functionCall"})
_MEDIA: Final[dict[str, type[Image | Audio | Video]]] = {"image": Image, "audio": Audio, "video": Video}
_MARKS: Final = ("videoMetadata", "mediaResolution", "partMetadata")

_parts: Final = msgspec.json.Decoder(PartBody, strict=False)
_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def body_of(raw: msgspec.Raw) -> PartBody:
    """A part's known fields. Raises `DecodeError` for what is no part."""
    try:
        return _parts.decode(raw)
    except UNREADABLE as error:
        raise DecodeError(f"a part of the answer is none of the Gemini API: {error}") from error


def part_of(body: PartBody, raw: msgspec.Raw, call_id: str) -> AnyPart | None:
    """The part that a block holds; None for a text that is empty and carries nothing.

    `call_id` is the id of a call for which the API gives none. What is of no kind known here becomes a `ProviderPart`
    with the whole block. Raises `DecodeError` for a block that can't be read.
    """
    try:
        return _part_of(body, raw, call_id)
    except UNREADABLE as error:
        raise DecodeError(f"a part of the answer can't be read: {error}") from error


def _part_of(body: PartBody, raw: msgspec.Raw, call_id: str) -> AnyPart | None:
    signature = body.thought_signature or None
    if body.text is not None:
        return _text_part(body, signature)
    if (call := body.function_call) is not None:
        extra = beside(raw)
        return ToolCall(
            id=call.id or call_id, name=call.name or "", arguments=arguments(call), signature=signature, extra=extra
        )
    if body.inline_data is not None and body.inline_data.data is not None:
        blob = body.inline_data
        return media_part(blob.mime_type or "", signature, beside(raw), data=blob.data)
    if body.file_data is not None and body.file_data.file_uri is not None:
        named = body.file_data
        return media_part(named.mime_type or "", signature, beside(raw), file_id=named.file_uri)
    return _other_part(raw, signature)


def _text_part(body: PartBody, signature: str | None) -> AnyPart | None:
    text = body.text or ""
    if body.thought:
        return Reasoning(text=text, signature=signature) if text or signature else None
    return Text(text=text, signature=signature) if text or signature else None


def arguments(call: FunctionCall) -> str:
    """A call's arguments as compact JSON, however the service laid them out."""
    if not bytes(call.args) or bytes(call.args) == b"null":
        return "{}"
    return compact(bytes(call.args))


def compact(arguments: bytes) -> str:
    """JSON without blanks. Raises `DecodeError` for text that isn't UTF-8."""
    try:
        return msgspec.json.format(arguments, indent=-1).decode()
    except UNREADABLE as error:
        raise DecodeError(f"the arguments of a call can't be read: {error}") from error


def media_part(media_type: str, signature: str | None, extra: dict[str, Any], **form: Any) -> AnyPart:
    """The part for a media type: an image, sound, a video, else a document."""
    kind = _MEDIA.get(media_type.partition("/")[0].lower(), File)
    return kind(**form, media_type=media_type or None, signature=signature, extra=extra)


def beside(raw: msgspec.Raw) -> dict[str, Any]:
    """What stands beside a call or media in a part: marks that only this vendor has. Most have none."""
    fields = _fields.decode(raw)
    extra = {name: msgspec.json.decode(value) for name, value in fields.items() if name not in _KNOWN}
    return {name: value for name, value in extra.items() if value is not None and value is not False}


def _other_part(raw: msgspec.Raw, signature: str | None) -> ProviderPart | Reasoning | None:
    block = msgspec.json.decode(raw)
    block.pop("thoughtSignature", None)
    told = {name: value for name, value in block.items() if value is not None and value is not False}
    if told == {"thought": True} and signature:  # a thought of which nothing is told but its signature
        return Reasoning(signature=signature)
    kind = next((name for name in told if name not in ("thought", *_MARKS)), "")
    return ProviderPart(kind=kind, extra=told, signature=signature) if told or signature else None


def joins(before: AnyPart | None, part: AnyPart) -> bool:
    """Whether a part goes on with the one before it: text after text, thought after thought, samples after samples.

    A part with a signature stands alone: the vendor wants it back exactly as it came. What a stream cut into many
    chunks is so the same as what comes whole.
    """
    if before is None or type(before) is not type(part) or before.signature or part.signature:
        return False
    if isinstance(before, Audio) and isinstance(part, Audio):
        return is_raw(before) and is_raw(part) and before.media_type == part.media_type
    return isinstance(part, (Text, Reasoning))


def joined(before: AnyPart, part: AnyPart) -> AnyPart:
    """The two parts as one; only for those that join."""
    if isinstance(before, Audio) and isinstance(part, Audio):
        return msgspec.structs.replace(before, data=(before.data or b"") + (part.data or b""))
    if isinstance(before, (Text, Reasoning)) and isinstance(part, (Text, Reasoning)):
        return msgspec.structs.replace(before, text=before.text + part.text)
    raise TypeError(f"{type(before).__name__} and {type(part).__name__} are no neighbours to be joined")
