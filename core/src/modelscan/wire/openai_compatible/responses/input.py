"""Messages of a conversation as input items of the Responses API.

Source: OpenAI's OpenAPI description (mirror of 2026-08), schema `InputItem`, read 2026-11.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.content import (
    AnyPart,
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
from modelscan.wire.openai_compatible.media import data_url, file_name, file_type, image_url
from modelscan.wire.openai_compatible.responses.items import WIRE, annotation_of
from modelscan.wire.openai_compatible.responses.structs import Item

_CUSTOM: Final = "custom_tool_call"
_PICTURE: Final = "image_generation_call"


def instructions_of(messages: tuple[Message, ...]) -> tuple[str | None, tuple[Message, ...]]:
    """The text of a system message that begins the conversation, and the messages after it."""
    first = messages[0] if messages else None
    if first is None or first.role != "system" or len(first.content) != 1 or first.extra:
        return None, messages
    part = first.content[0]
    if not isinstance(part, Text) or part.extra or first.name is not None:
        return None, messages
    return part.text, messages[1:]


def items_of(messages: Iterable[Message], *, is_stored: bool) -> list[Item]:
    """The input items. With `is_stored` the vendor knows reasoning by its id; else only what is encrypted can go back.

    Raises `UnsupportedError` for a part without a word.
    """
    items: list[Item] = []
    custom: set[str] = set()
    for message in messages:
        if message.name is not None:
            raise UnsupportedError("the Responses API has no word for a name of a message's author")
        if message.role == "assistant":
            custom |= {call.id for call in message.tool_calls if _is_ours(message) and _kind(call) == _CUSTOM}
            items += _assistant(message, is_stored=is_stored)
        elif message.role == "tool":
            items += [_result(part, custom) for part in message.content]
        else:
            items += _user(message)
    return items


def _user(message: Message) -> list[Item]:
    """A user's or system's message, and the items that stand among its content, such as outputs of local tools."""
    items: list[Item] = []
    blocks: list[Item] = []
    for part in message.content:
        if isinstance(part, ProviderPart) and not part.kind.startswith("input_"):
            items.append({"type": part.kind, **part.extra})
        else:
            blocks.append(_block(part))
    if blocks or not items:
        is_bare = len(blocks) == 1 and blocks[0].keys() == {"type", "text"}
        content = blocks[0]["text"] if is_bare else blocks
        items.append({"role": message.role, "content": content, **(message.extra if _is_ours(message) else {})})
    return items


def _block(part: AnyPart) -> Item:
    write = _WRITERS.get(type(part))
    if write is None:
        raise UnsupportedError(f"the Responses API takes no {type(part).__name__.lower()} in this place")
    return {**write(part), **part.extra}


def _image(image: Image) -> Item:
    block = {"type": "input_image"}
    if image.file_id is not None:
        block["file_id"] = image.file_id
    else:
        block["image_url"] = image_url(image)
    block["detail"] = image.detail or "auto"  # the description requires it, chat completions' doesn't
    return block


def _file(file: File) -> Item:
    if file.context:
        raise UnsupportedError("the Responses API has no word for a document's context; put it into the text")
    if file.file_id is not None:
        return {"type": "input_file", "file_id": file.file_id}
    if file.url is not None:
        return {"type": "input_file", "file_url": file.url}
    return {"type": "input_file", "filename": file_name(file), "file_data": data_url(file, file_type(file), "file")}


_WRITERS: Final[Mapping[type[AnyPart], Callable[[Any], Item]]] = {
    Text: lambda part: {"type": "input_text", "text": part.text},
    Image: _image,
    File: _file,
    ProviderPart: lambda part: {"type": part.kind},
}


def _assistant(message: Message, *, is_stored: bool) -> list[Item]:
    """An assistant's parts as items; text and refusals of one item are one message again.

    What another vendor's model thought, or its tools did, is left out: nobody but that vendor can read it.
    """
    is_ours = _is_ours(message)
    items: list[Item] = []
    for part in message.content:
        extra = part.extra if is_ours else {}
        if isinstance(part, (Text, Refusal)):
            _say(items, part, extra, is_ours=is_ours)
        elif isinstance(part, ToolCall):
            items.append(_call(part, extra))
        elif isinstance(part, Reasoning):
            if message.wire == WIRE and (part.encrypted or "content" in extra or is_stored):
                items.append(_reasoning(part))
        elif isinstance(part, Image) and extra.get("type") == _PICTURE and part.data is not None:
            items.append({**extra, "result": base64.b64encode(part.data).decode()})
        elif not isinstance(part, ProviderPart):
            raise UnsupportedError(f"the Responses API takes no {type(part).__name__.lower()} that an assistant sent")
        elif is_ours:
            items.append({"type": part.kind, **extra})
    return items if message.wire == WIRE else [_bare(item) for item in items]


def _bare(item: Item) -> Item:
    """A message of one text that this API didn't write, in the format's short form: the long one has an id."""
    if item.keys() != {"type", "role", "content"} or len(item["content"]) != 1 or "text" not in item["content"][0]:
        return item
    return {"role": item["role"], "content": item["content"][0]["text"]}


def _say(items: list[Item], part: Text | Refusal, extra: Mapping[str, Any], *, is_ours: bool) -> None:
    if isinstance(part, Text):
        cited = [annotation_of(citation) for citation in part.citations] if is_ours else []
        block: Item = {"type": "output_text", "text": part.text, "annotations": cited}
    else:
        block = {"type": "refusal", "refusal": part.text}
    last = items[-1] if items else {}
    if last.get("type") == "message" and last.get("id") == extra.get("id"):
        last["content"].append(block)
    else:
        items.append({"type": "message", "role": "assistant", "content": [block], **extra})


def _call(call: ToolCall, extra: Mapping[str, Any]) -> Item:
    if extra.get("type") == _CUSTOM:
        return {**extra, "call_id": call.id, "name": call.name, "input": call.arguments}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments, **extra}


def _reasoning(part: Reasoning) -> Item:
    item: Item = {"type": "reasoning"}
    if part.id is not None:
        item["id"] = part.id
    item["summary"] = [{"type": "summary_text", "text": part.text}] if part.text else []
    if part.encrypted is not None:
        item["encrypted_content"] = part.encrypted
    return {**item, **part.extra}


def _result(part: AnyPart, custom: set[str]) -> Item:
    """A tool's result. That it is an error has no word of its own here: its text has to say so."""
    if not isinstance(part, ToolResult):
        raise UnsupportedError(f"a message of role tool holds results, not {type(part).__name__.lower()}")
    is_text = all(isinstance(inner, Text) and not inner.extra for inner in part.content)
    output: str | list[Item] = part.text if is_text else [_block(inner) for inner in part.content]
    kind = "custom_tool_call_output" if part.call_id in custom else "function_call_output"
    return {"type": kind, "call_id": part.call_id, "output": output, **part.extra}


def _is_ours(message: Message) -> bool:
    return message.wire in ("", WIRE)


def _kind(call: ToolCall) -> Any:
    return call.extra.get("type")
