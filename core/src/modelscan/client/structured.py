"""Answers as Python values: the schema that is asked for, and the value that is read back."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.errors import OutputError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.schema import closed, json_schema
from modelscan.types.tools import JsonSchema

_WRAPPED = "value"


def asking_for(request: ChatRequest, returns: Any) -> ChatRequest:
    """The request, with the type's JSON Schema as its response format. Raises `TypeError` for a type without one."""
    try:
        schema = json_schema(returns)
    except TypeError as error:
        raise TypeError(f"returns={returns!r} has no JSON Schema: {error}") from error
    if not _is_object(schema):
        schema = {"type": "object", "properties": {_WRAPPED: schema}, "required": [_WRAPPED]}
    name = getattr(returns, "__name__", "answer")
    schema, is_strict = closed(schema)
    wanted = JsonSchema(schema, name=name if name.isidentifier() else "answer", strict=is_strict)
    return msgspec.structs.replace(request, response_format=wanted)


def parsed(reply: ChatReply[None], returns: Any) -> Any:
    """The answer as a value of the type. Raises `OutputError` where the model wrote anything else."""
    if reply.refusal:
        raise OutputError(f"the model refused: {reply.refusal}", text=reply.text).about(
            provider=reply.provider, model=reply.model, request_id=reply.request_id
        )
    try:
        if _is_object(json_schema(returns)):
            return msgspec.json.decode(reply.text, type=returns)
        return msgspec.json.decode(reply.text, type=dict[str, returns])[_WRAPPED]
    except (msgspec.MsgspecError, KeyError) as error:
        cut = " (it stopped at max_output_tokens)" if reply.finish_reason == "length" else ""
        raise OutputError(
            f"the answer is no {getattr(returns, '__name__', returns)}{cut}: {error}", text=reply.text
        ).about(provider=reply.provider, model=reply.model, request_id=reply.request_id) from error


def _is_object(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object"
