"""Messages of a conversation as chat completions has them.

Source: OpenAI's OpenAPI description (mirror of 2026-08), schemas `ChatCompletionRequest*Message`, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.content import (
    AnyPart,
    Audio,
    File,
    Image,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from modelscan.types.messages import Message
from modelscan.wire.openai_compatible.media import audio_format, bytes_of, data_url, file_name, file_type, image_url
from modelscan.wire.openai_compatible.parts import WIRE

Block = dict[str, Any]
Echo = Callable[[Sequence[Reasoning]], Mapping[str, Any]]
"""From a message's reasoning to the fields of the message that take it back."""


def messages_of(messages: Iterable[Message], system_role: str, echo: Echo) -> list[Block]:
    """The messages, with one of role `tool` for every result. Raises `UnsupportedError` for a part without a word."""
    written: list[Block] = []
    for message in messages:
        if message.role == "tool":
            written += [_result(part) for part in message.content]
        elif message.role == "assistant":
            written.append(_named(message, _assistant(message, echo)))
        else:
            role = system_role if message.role == "system" else "user"
            written.append(_named(message, {"role": role, "content": content_of(message)}))
    return written


def content_of(message: Message) -> str | list[Block]:
    """The content of a system's or user's message: one bare text as it is, anything else as a list of blocks."""
    content = message.content
    if len(content) == 1 and type(content[0]) is Text and not content[0].extra:
        return content[0].text
    return [_block(part) for part in content]


def _named(message: Message, block: Block) -> Block:
    if message.name is not None:
        block["name"] = message.name
    if message.wire in ("", WIRE):
        block.update(message.extra)
    return block


def _block(part: AnyPart) -> Block:
    write = _WRITERS.get(type(part))
    if write is None:
        raise UnsupportedError(f"chat completions takes no {type(part).__name__.lower()} in this place")
    block: Block = write(part)
    block.update(part.extra)
    return block


def _image(image: Image) -> Block:
    held = {"url": image_url(image)}
    if image.detail is not None:
        held["detail"] = image.detail
    return {"type": "image_url", "image_url": held}


def _audio(audio: Audio) -> Block:
    held = {"data": bytes_of(audio, "sound"), "format": audio_format(audio)}
    return {"type": "input_audio", "input_audio": held}


def _file(file: File) -> Block:
    if file.context:
        raise UnsupportedError("chat completions has no word for a document's context; put it into the text")
    if file.file_id is not None:
        return {"type": "file", "file": {"file_id": file.file_id}}
    return {"type": "file", "file": {"filename": file_name(file), "file_data": data_url(file, file_type(file), "file")}}


def _provider_part(part: ProviderPart) -> Block:
    return {"type": part.kind}


_WRITERS: Final[Mapping[type[AnyPart], Callable[[Any], Block]]] = {
    Text: lambda part: {"type": "text", "text": part.text},
    Image: _image,
    Audio: _audio,
    File: _file,
    ProviderPart: _provider_part,
}


def _assistant(message: Message, echo: Echo) -> Block:
    """An assistant's message: its text, its refusal, its calls and a reference to what it spoke.

    Sound that is no earlier answer of this vendor's is told by its transcript. Reasoning has no place here except
    where `echo` gives it one, and what other vendors' tools did has none at all.
    """
    is_ours = message.wire in ("", WIRE)
    block: Block = {"role": "assistant", "content": None}
    text: list[str] = []
    calls: list[Block] = []
    for part in message.content:
        if type(part) is Text:
            text.append(part.text)
        elif type(part) is ToolCall:
            calls.append(_call(part, is_ours=is_ours))
        elif type(part) is Refusal:
            block["refusal"] = block.get("refusal", "") + part.text
        elif type(part) is Audio:
            if message.wire == WIRE and part.id is not None:
                block["audio"] = {"id": part.id}
            else:
                text.append(_transcript(part))
        elif not isinstance(part, (Reasoning, ProviderPart)):
            raise UnsupportedError(f"chat completions takes no {type(part).__name__.lower()} that an assistant sent")
    if text or not (calls or "refusal" in block or "audio" in block):
        block["content"] = "".join(text)
    if calls:
        block["tool_calls"] = calls
    block.update(echo([part for part in message.content if type(part) is Reasoning]))
    return block


def _call(call: ToolCall, *, is_ours: bool) -> Block:
    extra = call.extra if is_ours else {}
    if extra.get("type") == "custom":
        return {"id": call.id, **extra, "custom": {"name": call.name, "input": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **extra}


def _transcript(audio: Audio) -> str:
    if not audio.transcript:
        raise UnsupportedError("chat completions takes no sound from an assistant but its own earlier answers'")
    return audio.transcript


def _result(part: AnyPart) -> Block:
    """A tool's result. That it is an error has no word of its own here: its text has to say so."""
    if not isinstance(part, ToolResult):
        raise UnsupportedError(f"a message of role tool holds results, not {type(part).__name__.lower()}")
    if not all(isinstance(inner, Text) for inner in part.content):
        raise UnsupportedError(
            "chat completions takes nothing but text from a tool", advice="Send pictures in a user's message after it."
        )
    block = {"role": "tool", "tool_call_id": part.call_id, "content": part.text}
    block.update(part.extra)
    return block
