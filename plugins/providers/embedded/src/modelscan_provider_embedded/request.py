"""A chat request in the runtime's words: the body of llama.cpp's chat completions.

Source: llama.cpp's server documentation (tools/server/README.md), 2026-11.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelscan.errors import UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.tools import JsonSchema, ResponseFormat
from modelscan_provider_embedded.messages import turns
from modelscan_provider_embedded.schemas import check
from modelscan_provider_embedded.tools import Plan

DEFAULT_OUTPUT_TOKENS: Final = 1024
"""What an answer may have where the caller names no number: small models don't always come to an end."""

_SAME_NAME: Final = ("temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty")
_NO_WORD_FOR: Final = ("reasoning", "audio", "end_user")


def encode(request: ChatRequest, plan: Plan, grammar: str = "") -> bytes:
    """The body. Raises `UnsupportedError` with the name of a field that the model can't express."""
    _refuse(request)
    body: dict[str, Any] = {
        "messages": turns(request.messages, _instructions(request.response_format, plan)),
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,  # so that a long prompt can be stopped too
        "max_tokens": request.max_output_tokens or DEFAULT_OUTPUT_TOKENS,
        # A prompt that is partly remembered is computed in other batches, and its rounding differs.
        "cache_prompt": request.seed is None and request.temperature != 0,
    }
    body |= {name: value for name in _SAME_NAME if (value := getattr(request, name)) is not None}
    if request.stop:
        body["stop"] = request.stop
    if request.logprobs or request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs or 0}
    if grammar:
        body["grammar"] = grammar
    elif (schema := plan.schema or _schema(request.response_format)) is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
    return msgspec.json.encode(body | request.extra)


def _refuse(request: ChatRequest) -> None:
    given = [name for name in _NO_WORD_FOR if getattr(request, name) is not None]
    if set(request.modalities) - {"text"}:
        given.append("modalities")
    if request.choices not in (None, 1):
        given.append("choices")
    if given:
        raise UnsupportedError(f"{given[0]}: the embedded model has no such thing")
    if isinstance(request.response_format, JsonSchema) and request.response_format.strict:
        check(request.response_format.schema, "response_format.schema")


def _schema(response_format: ResponseFormat | None) -> dict[str, Any] | None:
    if response_format is None:
        return None
    return response_format.schema if isinstance(response_format, JsonSchema) else {"type": "object"}


def _instructions(response_format: ResponseFormat | None, plan: Plan) -> str:
    if plan.instructions or response_format is None:
        return plan.instructions
    if not isinstance(response_format, JsonSchema):
        return "Answer with a JSON object."
    about = f" ({response_format.description})" if response_format.description else ""
    return f"Answer with JSON{about} that follows this schema:\n{msgspec.json.encode(response_format.schema).decode()}"
