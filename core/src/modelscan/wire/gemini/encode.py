"""A `ChatRequest` as the body of generateContent.

Source: `GenerateContentRequest` of Google's OpenAPI description of v1beta (mirror of 2026) and google-genai 3.4.0, read
2026-11. Schemas go out as JSON Schema (`parametersJsonSchema`, `responseJsonSchema`): the older fields take a subset of
OpenAPI without references, and the vendor calls them deprecated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelscan.contracts.http import Target
from modelscan.errors import UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.tools import ForcedTool, JsonSchema, ProviderTool, Tool
from modelscan.wire.gemini.contents import Contents
from modelscan.wire.gemini.models import wants_signatures
from modelscan.wire.gemini.thinking import thinking_config

NAMES: Final = {
    "max_output_tokens": "maxOutputTokens",
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
    "choices": "candidateCount",
}
"""Fields of a request whose value goes as it is into `generationConfig`."""

_FORMATS: Final = ("wav", "pcm")
_MODES: Final = {"auto": "AUTO", "none": "NONE", "required": "ANY"}

Json = dict[str, Any]


def body_of(request: ChatRequest, target: Target) -> Json:
    """The body. Raises `UnsupportedError` for a field that the format has no word for."""
    _refuse(request)
    contents = Contents(request.messages, target.base_url, signs_calls=wants_signatures(target.model))
    body: Json = {"contents": contents.turns()}
    if system := contents.system():
        body["systemInstruction"] = {"parts": system}
    if tools := _tools(request):
        body["tools"] = tools
    if calling := _function_calling(request):
        body["toolConfig"] = {"functionCallingConfig": calling}
    if config := _generation_config(request, target.model):
        body["generationConfig"] = config
    add_extra(body, request.extra)
    return body


def add_extra(body: Json, extra: Mapping[str, Any]) -> None:
    """What only this vendor has, last. An object is joined with the one of that name, so that neither hides any."""
    for name, value in extra.items():
        before = body.get(name)
        body[name] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value


def wants_wav(request: ChatRequest) -> bool:
    """Whether speech is to be told as a WAV file: the service has raw samples only."""
    return request.audio is not None and request.audio.format == "wav"


def _refuse(request: ChatRequest) -> None:
    given = []
    if request.end_user is not None:
        given.append("end_user")
    if request.parallel_tool_calls is False:
        given.append("parallel_tool_calls=False")
    if request.audio is not None and request.audio.format not in _FORMATS:
        given.append(f"speech as {request.audio.format} (it has wav and pcm)")
    if any(message.name for message in request.messages):
        given.append("a name for a message's author")
    if given:
        raise UnsupportedError(f"the Gemini API has no word for {', '.join(given)}", advice="Leave it out.")


def _tools(request: ChatRequest) -> list[Json]:
    declared = [_declaration(tool) for tool in request.tools if isinstance(tool, Tool)]
    tools: list[Json] = [{"functionDeclarations": declared}] if declared else []
    return tools + [{tool.kind: tool.options} for tool in request.tools if isinstance(tool, ProviderTool)]


def _declaration(tool: Tool) -> Json:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parametersJsonSchema": tool.parameters}


def _function_calling(request: ChatRequest) -> Json:
    choice = request.tool_choice
    if isinstance(choice, ForcedTool):
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    functions = [tool for tool in request.tools if isinstance(tool, Tool)]
    if choice in (None, "auto") and any(tool.strict for tool in functions):
        return {"mode": "VALIDATED"}
    return {"mode": _MODES[choice]} if choice is not None and (functions or choice == "required") else {}


def _generation_config(request: ChatRequest, model: str) -> Json:
    config: Json = {word: value for name, word in NAMES.items() if (value := getattr(request, name)) is not None}
    if request.stop:
        config["stopSequences"] = list(request.stop)
    if request.response_format is not None:
        config["responseMimeType"] = "application/json"
    if isinstance(request.response_format, JsonSchema):
        config["responseJsonSchema"] = _described(request.response_format)
    if request.modalities:
        config["responseModalities"] = [modality.upper() for modality in request.modalities]
    if request.audio is not None:
        config["speechConfig"] = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": request.audio.voice}}}
    if thinking := thinking_config(request.reasoning, model):
        config["thinkingConfig"] = thinking
    return config


def _described(answer: JsonSchema) -> Json:
    """The schema; a description of the answer stands in it, where it has none of its own."""
    described = {"description": answer.description} if answer.description else {}
    return {**described, **answer.schema}
