"""Parts of a request's body that chat completions and the Responses API have in common, and the former's own words.

Source: OpenAI's OpenAPI description (mirror of 2026-08) and the parameters of its Python SDK (3.54.0), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.errors import UnsupportedError
from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.schema import closed
from modelscan.types.tools import AnyTool, ForcedTool, JsonSchema, ResponseFormat, Tool, ToolChoice

WORDS: Final[Mapping[str, str]] = {
    "parallel_tool_calls": "parallel_tool_calls",
    "max_output_tokens": "max_completion_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop": "stop",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "modalities": "modalities",
    "choices": "n",
    "end_user": "user",
}
"""OpenAI's word for each plain field of a request. A dialect adds words, renames them or leaves them out."""

COMPATIBLE_WORDS: Final[Mapping[str, str]] = {**WORDS, "max_output_tokens": "max_tokens"}
"""The words that other servers of this format know: the cap on output has its older name."""

_PLAIN: Final = (*WORDS, "top_k")


def plain_fields(request: ChatRequest, words: Mapping[str, str]) -> dict[str, Any]:
    """The fields that only need a name. Raises `UnsupportedError` for one that is set and has none."""
    fields: dict[str, Any] = {}
    for name in _PLAIN:
        value = getattr(request, name)
        if not value and (value is None or value == ()):
            continue
        word = words.get(name)
        if word is None:
            raise UnsupportedError(f"this API has no word for {name}", advice="Leave it out, or choose another model.")
        fields[word] = value
    return fields


def function_fields(tool: Tool, *, has_strict: bool) -> dict[str, Any]:
    """A function as the model is told of it. `strict` goes out only where the schema can be held to strictly."""
    fields: dict[str, Any] = {"name": tool.name}
    if tool.description:
        fields["description"] = tool.description
    if not tool.strict:
        fields["parameters"] = tool.parameters
        if tool.strict is False and has_strict:
            fields["strict"] = False
        return fields
    schema, is_strict = closed(tool.parameters)
    fields["parameters"] = schema if is_strict else tool.parameters
    if is_strict and has_strict:
        fields["strict"] = True
    return fields


def schema_fields(answer: JsonSchema) -> dict[str, Any]:
    """An answer's schema. `strict` goes out as true only where the schema can be held to strictly."""
    fields: dict[str, Any] = {"name": answer.name, "schema": answer.schema}
    if answer.description:
        fields["description"] = answer.description
    if answer.strict:
        schema, is_strict = closed(answer.schema)
        if is_strict:
            fields["schema"] = schema
        fields["strict"] = is_strict
    elif answer.strict is False:
        fields["strict"] = False
    return fields


def response_format(answer: ResponseFormat) -> dict[str, Any]:
    """The field `response_format`."""
    if isinstance(answer, JsonSchema):
        return {"type": "json_schema", "json_schema": schema_fields(answer)}
    return {"type": "json_object"}


def chat_tool(tool: AnyTool, *, has_strict: bool) -> dict[str, Any]:
    """One of the field `tools`."""
    if isinstance(tool, Tool):
        return {"type": "function", "function": function_fields(tool, has_strict=has_strict)}
    return {"type": tool.kind, **tool.options}


def chat_tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """The field `tool_choice`."""
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, ForcedTool) else choice


def audio_fields(audio: AudioOptions) -> dict[str, Any]:
    """The field `audio`."""
    return {"voice": audio.voice, "format": audio.format}


def effort_of(options: ReasoningOptions) -> dict[str, Any]:
    """The field `reasoning_effort`. Raises `UnsupportedError` for a budget, or for a summary of the thoughts."""
    if options.budget_tokens is not None:
        raise UnsupportedError(
            "this API has no word for a budget of reasoning tokens", advice="Give an effort instead."
        )
    if options.summary not in (None, "none"):
        raise UnsupportedError("chat completions tells no summary of its reasoning")
    return {} if options.effort is None else {"reasoning_effort": options.effort}


def add_extra(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """The body with what only one vendor has, last. An object is joined with the one of that name."""
    for name, value in extra.items():
        before = body.get(name)
        body[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return body
