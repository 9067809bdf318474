"""A `ChatRequest` as the body of POST /v1/messages.

Source: Anthropic's OpenAPI description (mirror of 2026-08) and the SDK's `MessageCreateParams` (2.12.0), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Text
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonObject, JsonSchema, Tool
from modelscan.wire.anthropic.blocks import block_of, blocks_of, cache_control, has_file_id, keeps_extra
from modelscan.wire.anthropic.claude import default_max_tokens, keeps_schemas
from modelscan.wire.anthropic.schemas import keepable
from modelscan.wire.anthropic.thinking import thinking_fields

BETAS: Final = "betas"
"""The key of `ChatRequest.extra` that holds the names of beta features; they travel in the `anthropic-beta` header."""

FILES_BETA: Final = "files-api-2025-04-14"
"""The beta that uploads files, and lets requests name them."""
_WITHOUT_WORDS: Final = ("presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")


def body_of(request: ChatRequest, model: str) -> dict[str, Any]:
    """The body, without `stream`. Raises `UnsupportedError` for a field that the format has no word for."""
    _refuse(request)
    max_tokens = max_tokens_of(request, model)
    body: dict[str, Any] = {"model": model, "max_tokens": max_tokens}
    if system := _system(request.messages):
        body["system"] = system
    body["messages"] = _turns(request.messages)
    if tools := _tools(request, model):
        body["tools"] = tools
    if choice := _tool_choice(request, model):
        body["tool_choice"] = choice
    body.update(thinking_fields(request.reasoning, model, max_tokens))
    if isinstance(request.response_format, JsonSchema) and keeps_schemas(model):
        format_ = {"type": "json_schema", "schema": keepable(request.response_format.schema)}
        body["output_config"] = {**body.get("output_config", {}), "format": format_}
    for name in ("temperature", "top_p", "top_k"):
        if (value := getattr(request, name)) is not None:
            body[name] = value
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.end_user is not None:
        body["metadata"] = {"user_id": request.end_user}
    _add_extra(body, request.extra)
    return body


def max_tokens_of(request: ChatRequest, model: str) -> int:
    """`max_tokens`: the caller's, else the default with room for a budget of thinking beside it."""
    if request.max_output_tokens is not None:
        return request.max_output_tokens
    thinking = request.reasoning.budget_tokens if request.reasoning else None
    return default_max_tokens(model) + (thinking or 0)


def answer_tool_of(request: ChatRequest, model: str) -> str | None:
    """The tool whose call is the answer itself, for a model that keeps to a schema in no other way."""
    if isinstance(request.response_format, JsonSchema) and not keeps_schemas(model):
        return request.response_format.name
    return None


def betas_of(request: ChatRequest) -> tuple[str, ...]:
    """The beta features that the request names or needs."""
    named = request.extra.get(BETAS, ())
    names = [name.strip() for name in named.split(",")] if isinstance(named, str) else list(named)
    if any(has_file_id(part) for message in request.messages for part in message.content):
        names.append(FILES_BETA)
    return tuple(dict.fromkeys(filter(None, names)))


def _refuse(request: ChatRequest) -> None:
    given = [name for name in _WITHOUT_WORDS if getattr(request, name)]
    if request.seed is not None:
        given.append("seed")
    if request.choices not in (None, 1):
        given.append("choices")
    if request.audio is not None or set(request.modalities) - {"text"}:
        given.append("audio or image output")
    if isinstance(request.response_format, JsonObject):
        given.append("a JSON answer without a schema")
    if any(message.name for message in request.messages):
        given.append("a name for a message's author")
    if given:
        raise UnsupportedError(f"the Messages API has no word for {', '.join(given)}", advice="Leave it out.")


def _system(messages: tuple[Message, ...]) -> str | list[dict[str, Any]]:
    """All system messages, wherever they stand: the format has one place for them, before the conversation."""
    parts = [part for message in messages if message.role == "system" for part in message.content]
    if not all(isinstance(part, Text) for part in parts):
        raise UnsupportedError("a system message holds nothing but text in the Messages API")
    blocks = [block_of(part) for part in parts]
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return str(blocks[0]["text"])
    return blocks


def _turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """User's and assistant's messages in turn: the results of tools, even of parallel calls, are one user's message."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        blocks = [] if message.role == "system" else blocks_of(message)
        if not blocks:
            continue
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
        if keeps_extra(message):
            turns[-1].update(message.extra)
    for turn in turns:
        content = turn["content"]
        if len(content) == 1 and content[0].keys() == {"type", "text"}:
            turn["content"] = content[0]["text"]
    return turns


def _tools(request: ChatRequest, model: str) -> list[dict[str, Any]]:
    tools = [_tool(tool) for tool in request.tools]
    answer = request.response_format
    if answer_tool_of(request, model) is not None and isinstance(answer, JsonSchema):
        description = answer.description or "Gives the answer. Call it once, with the whole answer."
        tools.append(_tool(Tool(answer.name, description, answer.schema)))
    return tools


def _tool(tool: AnyTool) -> dict[str, Any]:
    if not isinstance(tool, Tool):
        return {"type": tool.kind, **tool.options}
    schema = keepable(tool.parameters) if tool.strict else tool.parameters
    block: dict[str, Any] = {"name": tool.name, "input_schema": schema}
    if tool.description:
        block["description"] = tool.description
    if tool.strict is not None:
        block["strict"] = tool.strict
    if tool.cache is not None:
        block["cache_control"] = cache_control(tool.cache)
    return block


def _tool_choice(request: ChatRequest, model: str) -> dict[str, Any] | None:
    answer = answer_tool_of(request, model)
    choice = request.tool_choice
    is_single = request.parallel_tool_calls is False
    if isinstance(choice, ForcedTool):
        found: dict[str, Any] = {"type": "tool", "name": choice.name}
    elif answer is not None:
        # Beside other tools the model may call one of them first, and the answer's own when it is done.
        may_call = request.tools and choice != "none"
        found = {"type": "any"} if may_call else {"type": "tool", "name": answer}
        is_single = True
    elif choice is not None:
        found = {"type": "any" if choice == "required" else choice}
    elif is_single and request.tools:
        found = {"type": "auto"}
    else:
        return None
    if is_single and found["type"] != "none":
        found["disable_parallel_tool_use"] = True
    return found


def _add_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> None:
    """What only this vendor has, last. An object is joined with the one of that name, so that neither hides any."""
    for name, value in extra.items():
        before = body.get(name)
        if name == BETAS:
            continue
        body[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
