"""A `ChatRequest` as the body of Converse.

Source: the service model of botocore 1.43.11 (bedrock-runtime), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from bedrock.decode import WIRE
from modelscan.errors import InvalidRequestError, MediaError, UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import AnyPart, File, Image, Media, Reasoning, Refusal, Text, ToolCall, ToolResult, Video
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonSchema, Tool

_UNSAID: Final = (
    "parallel_tool_calls",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "reasoning",
    "audio",
    "choices",
    "end_user",
)
_DOCUMENTS: Final = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
}


def body_of(request: ChatRequest) -> dict[str, Any]:
    """The body. Raises `UnsupportedError` for a field that Converse has no word for."""
    for name in _UNSAID:
        if getattr(request, name) is not None:
            raise UnsupportedError(
                f"Bedrock's Converse has no word for {name}",
                advice="What a model of its vendor understands goes into extra, as additionalModelRequestFields.",
            )
    body: dict[str, Any] = {"messages": _turns(request.messages)}
    system = [block for message in request.messages if message.role == "system" for block in _blocks(message)]
    limits = {
        "maxTokens": request.max_output_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop) or None,
    }
    config = {name: value for name, value in limits.items() if value is not None}
    optional = {
        "system": system,
        "inferenceConfig": config,
        "toolConfig": _tools(request),
        "outputConfig": _output(request),
    }
    return {**body, **{name: value for name, value in optional.items() if value}, **request.extra}


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The conversation; results of tools belong to the user, and no two turns of one side follow each other."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += _blocks(message)
        else:
            turns.append({"role": role, "content": _blocks(message)})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for part in message.content:
        if isinstance(part, Reasoning) and message.wire != WIRE:
            continue  # only the model that thought it can prove it
        blocks.append(_block(part))
        if part.cache is not None:
            point = {"type": "default"} if part.cache == "5m" else {"type": "default", "ttl": part.cache}
            blocks.append({"cachePoint": point})
    return blocks


def _block(part: AnyPart) -> dict[str, Any]:
    if isinstance(part, (Text, Refusal)):
        return {"text": part.text}
    if isinstance(part, Reasoning):
        if part.encrypted is not None:
            return {"reasoningContent": {"redactedContent": part.encrypted}}
        signature = {} if part.signature is None else {"signature": part.signature}
        return {"reasoningContent": {"reasoningText": {"text": part.text, **signature}}}
    if isinstance(part, ToolCall):
        return {"toolUse": {"toolUseId": part.id, "name": part.name, "input": _input(part)}}
    if isinstance(part, ToolResult):
        status = {"status": "error"} if part.is_error else {}
        return {
            "toolResult": {"toolUseId": part.call_id, "content": [_block(inner) for inner in part.content], **status}
        }
    if isinstance(part, Image):
        return {"image": {"format": _format(part, "image/"), "source": _source(part)}}
    if isinstance(part, Video):
        return {"video": {"format": _format(part, "video/"), "source": _source(part)}}
    if isinstance(part, File):
        return {"document": _document(part)}
    raise UnsupportedError(f"Bedrock's Converse takes no {type(part).__name__.lower()}")


def _input(call: ToolCall) -> msgspec.Raw:
    try:
        call.args  # noqa: B018 - raises where the arguments are no object
    except ValueError as error:
        raise InvalidRequestError(f"{error}; Converse takes no other arguments") from error
    return msgspec.Raw(call.arguments.encode() or b"{}")


def _format(media: Media, family: str) -> str:
    kind = media.media_type or ""
    if not kind.startswith(family):
        raise MediaError(f"{family.rstrip('/')} of type {kind or 'unknown'}; give its media_type")
    return kind.removeprefix(family)


def _document(file: File) -> dict[str, Any]:
    kind = _DOCUMENTS.get(file.media_type or "")
    if kind is None:
        raise MediaError(f"a document of type {file.media_type or 'unknown'}; Bedrock takes {', '.join(_DOCUMENTS)}")
    block = {"format": kind, "name": file.name or "document", "source": _source(file)}
    if file.context:
        block["context"] = file.context
    if file.citable:
        block["citations"] = {"enabled": True}
    return block


def _source(media: Media) -> dict[str, Any]:
    if media.data is not None:
        return {"bytes": media.data}
    if media.url is not None and media.url.startswith("s3://"):
        return {"s3Location": {"uri": media.url}}
    raise MediaError("Bedrock takes media as bytes or by an s3:// address")


def _tools(request: ChatRequest) -> dict[str, Any]:
    if not request.tools:
        return {}
    tools: list[dict[str, Any]] = []
    for tool in request.tools:
        tools.append(_tool(tool))
        if isinstance(tool, Tool) and tool.cache is not None:
            tools.append({"cachePoint": {"type": "default"}})
    choice = request.tool_choice
    if choice is None:
        return {"tools": tools}
    if choice == "none":
        raise UnsupportedError("Bedrock's Converse can't forbid tools", advice="Send the request without tools.")
    if isinstance(choice, ForcedTool):
        return {"tools": tools, "toolChoice": {"tool": {"name": choice.name}}}
    return {"tools": tools, "toolChoice": {"auto" if choice == "auto" else "any": {}}}


def _tool(tool: AnyTool) -> dict[str, Any]:
    if not isinstance(tool, Tool):
        return {"systemTool": {"name": tool.kind, **tool.options}}
    spec: dict[str, Any] = {"name": tool.name, "inputSchema": {"json": tool.parameters}}
    if tool.description:
        spec["description"] = tool.description
    if tool.strict is not None:
        spec["strict"] = tool.strict
    return {"toolSpec": spec}


def _output(request: ChatRequest) -> dict[str, Any]:
    wanted = request.response_format
    if wanted is None:
        return {}
    if not isinstance(wanted, JsonSchema):
        raise UnsupportedError("Bedrock's Converse takes a JSON Schema, not just any JSON object")
    schema = {"schema": msgspec.json.encode(wanted.schema).decode(), "name": wanted.name}
    if wanted.description:
        schema["description"] = wanted.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
