"""The other direction: the body of POST /v1/messages as a `ChatRequest`. What has no neutral field goes to `extra`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final, Literal

import msgspec

from modelscan.errors import BadRequestError
from modelscan.types.chat import ChatRequest, Effort, ReasoningOptions
from modelscan.types.content import (
    AnyPart,
    CacheLifetime,
    File,
    Image,
    ProviderPart,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonSchema, ProviderTool, Tool, ToolChoice
from modelscan.wire.anthropic.citations import citation
from modelscan.wire.anthropic.decode import WIRE

_SAME_NAMES: Final = ("temperature", "top_p", "top_k")
_TOOL_KEYS: Final = frozenset({"name", "description", "input_schema", "strict", "cache_control"})
_SUMMARIES: Final[Mapping[Any, Literal["auto", "none"]]] = {"summarized": "auto", "omitted": "none"}
_CHOICES: Final[Mapping[str, ToolChoice]] = {"auto": "auto", "any": "required", "none": "none"}

Json = dict[str, Any]


def request_of(body: Json) -> ChatRequest:
    """The request in a body. Raises `BadRequestError` where a required field is missing or none of the format."""
    rest = {name: value for name, value in body.items() if name not in ("model", "stream") and value is not None}
    try:
        fields: Json = {
            "messages": (*_system(rest.pop("system", ())), *_messages(rest.pop("messages"))),
            "max_output_tokens": rest.pop("max_tokens"),
            "tools": tuple([_tool(tool) for tool in rest.pop("tools", ())]),
            "stop": tuple(rest.pop("stop_sequences", ())),
        }
        fields |= {name: rest.pop(name) for name in _SAME_NAMES if name in rest}
        fields |= _tool_choice(rest.pop("tool_choice", None))
        fields |= _reasoning(rest) | _response_format(rest) | _end_user(rest)
    except KeyError as error:
        raise BadRequestError(f"{error.args[0]}: Field required", status=400) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequestError(f"the body is no request of the Messages API: {error}", status=400) from error
    return ChatRequest(**fields, extra=rest)


def _system(system: str | list[Json]) -> tuple[Message, ...]:
    parts = tuple(_parts(system))
    return (Message("system", parts),) if parts else ()


def _messages(messages: list[Json]) -> Iterator[Message]:
    for message in messages:
        parts = _parts(message["content"])
        extra = {name: value for name, value in message.items() if name not in ("role", "content")}
        if message["role"] == "assistant":
            yield Message("assistant", tuple(parts), wire=WIRE, extra=extra)
            continue
        for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResult)):
            yield Message("tool" if is_result else "user", tuple(group), extra=extra)


def _parts(content: str | list[Json]) -> list[AnyPart]:
    if isinstance(content, str):
        return [Text(text=content)]
    return [_part(block) for block in content]


def _part(block: Json) -> AnyPart:
    rest = {name: value for name, value in block.items() if value is not None}
    kind = rest.pop("type")
    read = _READERS.get(kind)
    source = rest.get("source")
    if read is None or (isinstance(source, dict) and source.get("type") not in _SOURCES):
        return ProviderPart(kind=kind, extra=block)
    cache = _cache(rest.pop("cache_control", None))
    fields = read(rest)
    return _TYPES[kind](**fields, cache=cache, extra=rest)


def _text(rest: Json) -> Json:
    cited = tuple([citation(one) for one in rest.pop("citations", ())])
    return {"text": rest.pop("text"), "citations": cited}


def _thinking(rest: Json) -> Json:
    return {"text": rest.pop("thinking"), "signature": rest.pop("signature", None)}


def _tool_use(rest: Json) -> Json:
    return {
        "id": rest.pop("id"),
        "name": rest.pop("name"),
        "arguments": msgspec.json.encode(rest.pop("input")).decode(),
    }


def _tool_result(rest: Json) -> Json:
    return {
        "call_id": rest.pop("tool_use_id"),
        "content": tuple(_parts(rest.pop("content", ()))),
        "is_error": rest.pop("is_error", False),
    }


def _document(rest: Json) -> Json:
    citations = rest.pop("citations", {})
    return {
        **_media(rest),
        "name": rest.pop("title", None),
        "context": rest.pop("context", ""),
        "citable": citations.get("enabled", False),
    }


def _media(rest: Json) -> Json:
    source = rest.pop("source")
    kind = source["type"]
    if kind == "url":
        return {"url": source["url"]}
    if kind == "file":
        return {"file_id": source["file_id"]}
    data = source["data"].encode() if kind == "text" else b64decode(source["data"], validate=True)
    return {"data": data, "media_type": source["media_type"]}


_SOURCES: Final = frozenset({"url", "file", "base64", "text"})
_READERS: Final = {
    "text": _text,
    "thinking": _thinking,
    "redacted_thinking": lambda rest: {"encrypted": rest.pop("data")},
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "image": _media,
    "document": _document,
}
_TYPES: Final[Mapping[str, type[AnyPart]]] = {
    "text": Text,
    "thinking": Reasoning,
    "redacted_thinking": Reasoning,
    "tool_use": ToolCall,
    "tool_result": ToolResult,
    "image": Image,
    "document": File,
}


def _cache(mark: Json | None) -> CacheLifetime | None:
    if mark is None:
        return None
    lifetime: CacheLifetime = mark.get("ttl") or "5m"
    return lifetime


def _tool(tool: Json) -> AnyTool:
    if not tool.keys() <= _TOOL_KEYS:
        options = {name: value for name, value in tool.items() if name != "type"}
        return ProviderTool(tool.get("type") or "custom", options)
    return Tool(
        tool["name"],
        tool.get("description") or "",
        tool["input_schema"],
        strict=tool.get("strict"),
        cache=_cache(tool.get("cache_control")),
    )


def _tool_choice(choice: Json | None) -> Json:
    if choice is None:
        return {}
    kind = choice["type"]
    fields: Json = {"tool_choice": ForcedTool(choice["name"]) if kind == "tool" else _CHOICES[kind]}
    if choice.get("disable_parallel_tool_use"):
        fields["parallel_tool_calls"] = False
    return fields


def _reasoning(rest: Json) -> Json:
    """Thinking that neutral words can ask for again; any other stays where it is."""
    thinking = rest.get("thinking", {})
    output = dict(rest.get("output_config", {}))
    summary = _SUMMARIES.get(thinking.get("display"))
    effort: Effort | None = output.pop("effort", None)
    if thinking.get("type") == "disabled" and effort is None:
        options = ReasoningOptions(effort="none")
    elif thinking.get("type") == "enabled" and effort is None:
        options = ReasoningOptions(budget_tokens=thinking["budget_tokens"], summary=summary)
    elif thinking.get("type") == "adaptive" and (effort or summary):
        options = ReasoningOptions(effort=effort, summary=summary)
    else:
        return {}
    rest.pop("thinking")
    _put(rest, "output_config", output)
    return {"reasoning": options}


def _response_format(rest: Json) -> Json:
    """`output_config.format`, or `output_format` as the beta before it had it."""
    output = dict(rest.get("output_config", {}))
    format_ = output.pop("format", None) or rest.pop("output_format", None)
    if format_ is None:
        return {}
    _put(rest, "output_config", output)
    return {"response_format": JsonSchema(format_["schema"])}


def _end_user(rest: Json) -> Json:
    metadata = dict(rest.get("metadata", {}))
    user = metadata.pop("user_id", None)
    if user is None:
        return {}
    _put(rest, "metadata", metadata)
    return {"end_user": user}


def _put(rest: Json, name: str, value: Json) -> None:
    rest.pop(name, None)
    if value:
        rest[name] = value
