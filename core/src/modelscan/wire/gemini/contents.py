"""Parts of a request, in the vendor's words.

Source: the schemas `Part`, `FunctionCall` and `FunctionResponse` of Google's OpenAPI description of v1beta, and
ai.google.dev's pages on function calling and thought signatures, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.errors import InvalidRequestError, MediaError, UnsupportedError
from modelscan.types.content import (
    AnyPart,
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
from modelscan.wire.gemini.decode import WIRE
from modelscan.wire.gemini.parts import NAMELESS

UNSIGNED: Final = "skip_thought_signature_validator"
"""The signature that the vendor's page on thought signatures gives for a call that another model or a person made."""

_DETAILS: Final = {"low": "MEDIA_RESOLUTION_LOW", "high": "MEDIA_RESOLUTION_HIGH"}

Json = dict[str, Any]


class Contents:
    """Writes the turns of a conversation; knows the names of the calls that results answer."""

    def __init__(self, messages: Sequence[Message], base_url: str, *, signs_calls: bool) -> None:
        self._messages = messages
        self._base_url = base_url
        self._signs_calls = signs_calls
        self._names: dict[str, str] = {}

    def turns(self) -> list[Json]:
        """User's and model's turns: what one side says in several messages is one turn, as parallel results must be.

        Raises `UnsupportedError` for a part that the format has no word for, `InvalidRequestError` for a result that
        answers no call.
        """
        turns: list[Json] = []
        for message in self._messages:
            parts = [] if message.role == "system" else self._parts(message)
            if not parts:
                continue
            role = "model" if message.role == "assistant" else "user"
            if turns and turns[-1]["role"] == role:
                turns[-1]["parts"] += parts
            else:
                turns.append({"role": role, "parts": parts})
        return turns

    def system(self) -> list[Json]:
        """All system messages, wherever they stand: the format has one place for them."""
        parts = [part for message in self._messages if message.role == "system" for part in message.content]
        if not all(isinstance(part, Text) for part in parts):
            raise UnsupportedError("a system message holds nothing but text in the Gemini API")
        return [{"text": part.text} for part in parts if isinstance(part, Text)]

    def _parts(self, message: Message) -> list[Json]:
        is_ours = message.wire == WIRE
        keeps_extra = is_ours or not message.wire
        parts: list[Json] = []
        for part in message.content:
            if not _is_sent(part, message):
                continue
            block = self._part(part)
            if keeps_extra and not isinstance(part, (ProviderPart, ToolResult)):
                block |= part.extra
            if is_ours and part.signature:
                block["thoughtSignature"] = part.signature
            parts.append(block)
        if self._signs_calls:
            _sign(parts)
        return parts

    def _part(self, part: AnyPart) -> Json:
        if isinstance(part, (Text, Refusal)):
            return {"text": part.text}
        if isinstance(part, Reasoning):
            return {"text": part.text, "thought": True}
        if isinstance(part, ToolCall):
            return {"functionCall": self._call(part)}
        if isinstance(part, ToolResult):
            return {"functionResponse": self._result(part)}
        if isinstance(part, ProviderPart):
            return dict(part.extra)
        return self._media(part)

    def _call(self, call: ToolCall) -> Json:
        self._names[call.id] = call.name
        try:
            call.args  # noqa: B018 - raises where the arguments are no object
        except ValueError as error:
            raise InvalidRequestError(f"{error}; the Gemini API takes no other arguments") from error
        arguments = msgspec.Raw(call.arguments.encode()) if call.arguments.strip() else {}
        return {**_id(call.id), "name": call.name, "args": arguments}

    def _result(self, result: ToolResult) -> Json:
        name = result.name or self._names.get(result.call_id)
        if name is None:
            raise InvalidRequestError(
                f"the result of call {result.call_id!r} needs the function's name, and no earlier call has that id",
                advice="Set ToolResult.name, or send the assistant's message with the call before it.",
            )
        response = {"error" if result.is_error else "output": result.text}
        block: Json = {**_id(result.call_id), "name": name, "response": response}
        if media := [part for part in result.content if isinstance(part, Media)]:
            block["parts"] = [self._media(part) for part in media]
        return block | result.extra

    def _media(self, media: Media) -> Json:
        if isinstance(media, File) and media.context:
            raise UnsupportedError("the Gemini API has no word for a document's context; put it into the text")
        if media.data is not None:
            if media.media_type is None:
                raise MediaError("the Gemini API needs the media type of every file", advice="Set media_type.")
            block: Json = {"inlineData": {"mimeType": media.media_type, "data": media.data}}
        else:
            uri = {"fileUri": self._uri(media)}
            block = {"fileData": uri if media.media_type is None else {"mimeType": media.media_type, **uri}}
        if isinstance(media, Image) and media.detail not in (None, "auto"):
            if media.detail not in _DETAILS:
                raise UnsupportedError(f"the Gemini API has no word for an image's detail ({media.detail!r})")
            block["mediaResolution"] = {"level": _DETAILS[media.detail]}
        return block

    def _uri(self, media: Media) -> str:
        """A file's address; one that was uploaded may be told by its name, `files/abc`."""
        if media.file_id is not None:
            return f"{self._base_url}/{media.file_id}" if media.file_id.startswith("files/") else media.file_id
        if media.url is not None and not media.url.startswith("data:"):
            return media.url
        raise MediaError(
            f"{(media.path or 'a data: URL')[:100]} isn't read yet: this format takes bytes, a URL or a file's id"
        )


def _is_sent(part: AnyPart, message: Message) -> bool:
    """Whether a part goes out: thoughts and the vendor's own parts only to the vendor that wrote them."""
    is_ours = message.wire == WIRE
    if isinstance(part, Reasoning):
        return is_ours and bool(part.signature)
    if isinstance(part, ProviderPart):
        return is_ours or not message.wire
    if message.role == "assistant" and isinstance(part, (Text, Refusal)) and not part.text:
        return is_ours and bool(part.signature)
    return True


def _id(call_id: str) -> Mapping[str, str]:
    return {} if call_id.startswith(NAMELESS) or not call_id else {"id": call_id}


def _sign(parts: list[Json]) -> None:
    """Gemini 3 refuses a step whose first call has no signature, which only calls of other models lack."""
    first = next((block for block in parts if "functionCall" in block), None)
    if first is not None and "thoughtSignature" not in first:
        first["thoughtSignature"] = UNSIGNED
