"""The body of POST /v1/chat/completions as a `ChatRequest`. What has no neutral field goes to `extra`."""

from __future__ import annotations

from base64 import b64decode
from typing import Any, Final

from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.content import AnyPart, Audio, File, ProviderPart, Reasoning, Refusal, Text, ToolCall, ToolResult
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonObject, JsonSchema, ProviderTool, ResponseFormat, Tool
from modelscan.wire.openai_compatible.encode import WORDS
from modelscan.wire.openai_compatible.parts import WIRE, audio_type
from modelscan.wire.openai_compatible.server.media import bytes_in, image_in

Json = dict[str, Any]
_FIELDS: Final = {**{word: name for name, word in WORDS.items()}, "max_tokens": "max_output_tokens"}
_LISTS: Final = ("stop", "modalities")
_OURS: Final = ("role", "content", "name", "refusal", "tool_calls", "audio", "reasoning_content")


def chat_request(body: Json) -> ChatRequest:
    """The request in a body. Raises `KeyError`, `TypeError` or `ValueError` for a body that isn't one."""
    rest = {name: value for name, value in body.items() if name != "stream_options"}
    fields: Json = {"messages": tuple([_message(message) for message in rest.pop("messages")])}
    fields["tools"] = tuple([tool_in(tool, tool.get("function")) for tool in rest.pop("tools", ())])
    for word, name in _FIELDS.items():
        if word in rest:
            value = rest.pop(word)
            fields[name] = ((value,) if isinstance(value, str) else tuple(value)) if name in _LISTS else value
    if (choice := rest.pop("tool_choice", None)) is not None:
        fields["tool_choice"] = choice if isinstance(choice, str) else ForcedTool(choice["function"]["name"])
    if (answer := rest.pop("response_format", None)) is not None and answer["type"] != "text":
        fields["response_format"] = format_in(answer["type"], answer.get("json_schema"))
    if (effort := rest.pop("reasoning_effort", None)) is not None:
        fields["reasoning"] = ReasoningOptions(effort=effort)
    if (audio := rest.pop("audio", None)) is not None:
        fields["audio"] = AudioOptions(voice=audio["voice"], format=audio["format"])
    return ChatRequest(**fields, extra=rest)


def tool_in(tool: Json, function: Json | None) -> AnyTool:
    """A tool, whose function stands in a field of its own here and beside its type in the Responses API."""
    if function is None or tool["type"] != "function":
        return ProviderTool(tool["type"], {name: value for name, value in tool.items() if name != "type"})
    return Tool(
        name=function["name"],
        description=function.get("description") or "",
        parameters=function.get("parameters") or {"type": "object", "properties": {}},
        strict=function.get("strict"),
    )


def format_in(kind: str, schema: Json | None) -> ResponseFormat:
    """The shape of an answer."""
    if kind == "json_object" or schema is None:
        return JsonObject()
    return JsonSchema(
        schema=schema["schema"],
        name=schema["name"],
        description=schema.get("description") or "",
        strict=schema.get("strict"),
    )


def _message(message: Json) -> Message:
    role = message["role"]
    content = message.get("content")
    name = message.get("name")
    if role in ("tool", "function"):
        parts: tuple[AnyPart, ...] = tuple(_parts(content))
        texts = tuple([part for part in parts if isinstance(part, Text)])
        extra = {name: value for name, value in message.items() if name not in ("role", "content", "tool_call_id")}
        return Message("tool", (ToolResult(call_id=message.get("tool_call_id", ""), content=texts, extra=extra),))
    extra = {name: value for name, value in message.items() if name not in _OURS}
    if role == "assistant":
        return Message("assistant", tuple(_said(message)), name=name, wire=WIRE, extra=extra)
    return Message("user" if role == "user" else "system", tuple(_parts(content)), name=name, extra=extra)


def _said(message: Json) -> list[AnyPart]:
    parts: list[AnyPart] = []
    if message.get("reasoning_content"):
        parts.append(Reasoning(text=message["reasoning_content"]))
    parts += [part for part in _parts(message.get("content")) if not isinstance(part, Text) or part.text]
    if message.get("refusal"):
        parts.append(Refusal(text=message["refusal"]))
    if message.get("audio"):
        parts.append(Audio(data=b"", id=message["audio"]["id"]))
    return parts + [_call(call) for call in message.get("tool_calls") or ()]


def _call(call: Json) -> ToolCall:
    extra = {name: value for name, value in call.items() if name not in ("id", "type", "function", "custom")}
    if call.get("type") == "custom":
        custom = call["custom"]
        return ToolCall(
            id=call["id"], name=custom["name"], arguments=custom["input"], extra={"type": "custom", **extra}
        )
    function = call["function"]
    return ToolCall(id=call["id"], name=function["name"], arguments=function["arguments"], extra=extra)


def _parts(content: str | list[Json] | None) -> list[AnyPart]:
    if content is None:
        return []
    return [Text(text=content)] if isinstance(content, str) else [_part(block) for block in content]


def _part(block: Json) -> AnyPart:
    kind = block["type"]
    if kind == "text":
        return Text(text=block["text"])
    if kind == "refusal":
        return Refusal(text=block["refusal"])
    if kind == "image_url":
        return image_in(block["image_url"]["url"], block["image_url"].get("detail"))
    if kind == "input_audio":
        held = block["input_audio"]
        return Audio(data=b64decode(held["data"], validate=True), media_type=audio_type(held["format"]))
    if kind == "file":
        held = block["file"]
        if "file_id" in held:
            return File(file_id=held["file_id"])
        data, media_type = bytes_in(held["file_data"])
        return File(data=data, media_type=media_type, name=held.get("filename"))
    return ProviderPart(kind=kind, extra={name: value for name, value in block.items() if name != "type"})
