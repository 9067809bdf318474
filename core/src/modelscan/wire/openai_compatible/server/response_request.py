"""The body of POST /v1/responses as a `ChatRequest`. What has no neutral field goes to `extra`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final

from modelscan.types.chat import ChatRequest, ReasoningOptions
from modelscan.types.content import AnyPart, File, Image, ProviderPart, Text, ToolResult
from modelscan.types.messages import Message
from modelscan.types.tools import ForcedTool
from modelscan.wire.openai_compatible.responses.items import WIRE, parts_of
from modelscan.wire.openai_compatible.responses.operation import ENCRYPTED, LOGPROBS, RESPONSES_WORDS
from modelscan.wire.openai_compatible.server.chat_request import format_in, tool_in
from modelscan.wire.openai_compatible.server.media import bytes_in, image_in

Json = dict[str, Any]
_FIELDS: Final = {word: name for name, word in RESPONSES_WORDS.items()}
_OUTPUTS: Final = ("function_call_output", "custom_tool_call_output")


def response_request(body: Json) -> ChatRequest:
    """The request in a body. Raises `KeyError`, `TypeError` or `ValueError` for a body that isn't one."""
    rest = dict(body)
    given = rest.pop("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    instructions = rest.pop("instructions", None)
    first = (Message("system", (Text(text=instructions),)),) if instructions is not None else ()
    fields: Json = {"messages": (*first, *_messages(items))}
    fields["tools"] = tuple([tool_in(tool, tool) for tool in rest.pop("tools", ())])
    fields |= {name: rest.pop(word) for word, name in _FIELDS.items() if word in rest}
    if (choice := rest.pop("tool_choice", None)) is not None:
        fields["tool_choice"] = choice if isinstance(choice, str) else ForcedTool(choice["name"])
    if (thinking := rest.pop("reasoning", None)) is not None:
        fields["reasoning"] = ReasoningOptions(effort=thinking.get("effort"), summary=thinking.get("summary"))
    answer = (rest.pop("text", None) or {}).get("format")
    if answer is not None and answer["type"] != "text":
        fields["response_format"] = format_in(answer["type"], answer)
    if rest.get("store") is False:
        del rest["store"]
    included = rest.pop("include", ())
    if LOGPROBS in included:
        fields["logprobs"] = True
    if others := [name for name in included if name not in (LOGPROBS, ENCRYPTED)]:
        rest["include"] = others
    return ChatRequest(**fields, extra=rest)


def _messages(items: Iterable[Json]) -> list[Message]:
    """Messages from items: what the model wrote in a row is one message."""
    messages: list[Message] = []
    for is_model, group in groupby(items, _is_models):
        if is_model:
            parts = tuple([part for item in group for part in parts_of(_written_out(item))])
            messages.append(Message("assistant", parts, wire=WIRE))
        else:
            messages += [_message(item) for item in group]
    return messages


def _written_out(item: Json) -> Json:
    """An item of the model's with what its short form leaves out."""
    content = item.get("content")
    texts = {"content": [{"type": "output_text", "text": content}]} if isinstance(content, str) else {}
    return {"type": "message", **item, **texts}


def _is_models(item: Json) -> bool:
    if item.get("type", "message") == "message":
        return bool(item["role"] == "assistant")
    return not str(item["type"]).endswith("_output")


def _message(item: Json) -> Message:
    kind = item.get("type", "message")
    if kind in _OUTPUTS:
        extra = {name: value for name, value in item.items() if name not in ("type", "call_id", "output")}
        content = tuple([part for part in _parts(item["output"]) if isinstance(part, (Text, Image, File))])
        return Message("tool", (ToolResult(call_id=item["call_id"], content=content, extra=extra),))
    if kind != "message":
        rest = {name: value for name, value in item.items() if name != "type"}
        return Message("user", (ProviderPart(kind=kind, extra=rest),))
    return Message("user" if item["role"] == "user" else "system", tuple(_parts(item["content"])))


def _parts(content: str | list[Json]) -> list[AnyPart]:
    return [Text(text=content)] if isinstance(content, str) else [_part(block) for block in content]


def _part(block: Json) -> AnyPart:
    kind = block["type"]
    if kind in ("input_text", "output_text", "text"):
        return Text(text=block["text"])
    if kind == "input_image":
        detail = block.get("detail")
        return image_in(block.get("image_url"), None if detail == "auto" else detail, file_id=block.get("file_id"))
    if kind == "input_file":
        if "file_data" in block:
            data, media_type = bytes_in(block["file_data"])
            return File(data=data, media_type=media_type, name=block.get("filename"))
        return File(url=block.get("file_url"), file_id=block.get("file_id"))
    return ProviderPart(kind=kind, extra={name: value for name, value in block.items() if name != "type"})
