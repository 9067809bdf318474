"""The other direction: the body of generateContent as a `ChatRequest`. What has no neutral field goes to `extra`."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Final, Literal

import msgspec

from modelscan.errors import BadRequestError, DecodeError
from modelscan.types.chat import AudioOptions, ChatRequest, Effort, ReasoningOptions
from modelscan.types.content import AnyPart, File, Image, Media, Reasoning, Text, ToolCall, ToolResult
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import Message
from modelscan.types.tools import AnyTool, ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool, ToolChoice
from modelscan.wire.gemini.contents import UNSIGNED
from modelscan.wire.gemini.decode import WIRE, call_id
from modelscan.wire.gemini.embed import TASKS
from modelscan.wire.gemini.encode import NAMES
from modelscan.wire.gemini.parts import body_of, part_of
from modelscan.wire.gemini.thinking import LEVELS

_MODES: Final[Mapping[str, ToolChoice]] = {"AUTO": "auto", "NONE": "none", "ANY": "required"}
_EFFORTS: Final[Mapping[str, Effort]] = {word: effort for effort, word in LEVELS.items()}
_DETAILS: Final = {"MEDIA_RESOLUTION_LOW": "low", "MEDIA_RESOLUTION_HIGH": "high"}
_TOOL_KEYS: Final = frozenset({"name", "description", "parameters", "parametersJsonSchema"})

Json = dict[str, Any]


def request_of(body: Json) -> ChatRequest:
    """The request in a body. Raises `BadRequestError` where a required field is missing or none of the format."""
    rest = {name: value for name, value in body.items() if value is not None and name != "model"}
    try:
        system = rest.pop("systemInstruction", None)
        messages = (*_system(system), *_Turns().messages(rest.pop("contents")))
        tools = tuple(_tools(rest.pop("tools", ())))
        fields: Json = {"messages": messages, **_calling(rest, tools)}
        fields |= _configured(rest)
    except KeyError as error:
        raise BadRequestError(f"{error.args[0]} is required", status=400, code="INVALID_ARGUMENT") from error
    except (TypeError, ValueError, AttributeError, DecodeError) as error:
        raise BadRequestError(
            f"the body is no request of the Gemini API: {error}", status=400, code="INVALID_ARGUMENT"
        ) from error
    return ChatRequest(**fields, extra=rest)


def embed_request_of(bodies: list[Json]) -> EmbedRequest:
    """The request for one vector a body; what stands beside the input is the first body's, for all have the same."""
    rest = {name: value for name, value in bodies[0].items() if name not in ("model", "content") and value is not None}
    purposes = {word: purpose for purpose, word in TASKS.items()}
    purpose = purposes.get(rest.get("taskType", ""))
    if purpose is not None:
        rest.pop("taskType")
    return EmbedRequest(
        inputs=tuple([_embedded(body["content"]) for body in bodies]),
        dimensions=rest.pop("outputDimensionality", None),
        purpose=purpose,
        extra=rest,
    )


def _embedded(content: Json) -> str | Image:
    (part,) = content["parts"]
    found = _part(part, "")
    if isinstance(found, Text):
        return found.text
    if isinstance(found, Image):
        return found
    raise ValueError("an embedding is of a text or of an image")


def _system(content: Json | None) -> tuple[Message, ...]:
    parts = tuple([Text(text=part["text"]) for part in (content or {}).get("parts", ())])
    return (Message("system", parts),) if parts else ()


class _Turns:
    """Reads a conversation; a call or a result without an id is known by its place."""

    def __init__(self) -> None:
        self._calls = 0
        self._open: list[ToolCall] = []

    def messages(self, contents: list[Json]) -> Iterator[Message]:
        for content in contents:
            if content.get("role") == "model":
                yield Message("assistant", tuple(self._said(content["parts"])), wire=WIRE)
                continue
            parts = [self._asked(part) for part in content["parts"]]
            for is_result, group in groupby(parts, lambda part: isinstance(part, ToolResult)):
                yield Message("tool" if is_result else "user", tuple(group))

    def _said(self, parts: list[Json]) -> Iterator[AnyPart]:
        self._open = []
        for block in parts:
            part = _part(block, call_id("", 0, self._calls))
            if isinstance(part, ToolCall):
                self._calls += 1
                self._open.append(part)
            yield part

    def _asked(self, block: Json) -> AnyPart:
        response = block.get("functionResponse")
        return _part(block, "") if response is None else self._result(dict(response))

    def _result(self, rest: Json) -> ToolResult:
        name = rest.pop("name")
        response = rest.pop("response")
        result = _outcome(response)
        answered = rest.pop("id", None) or self._answered(name)
        media = [_media(part) for part in rest.pop("parts", ())]
        if result is None:  # of the function's own shape, which is kept
            result, rest["response"] = (False, msgspec.json.encode(response).decode()), response
        is_error, text = result
        content = (*((Text(text=text),) if text else ()), *media)
        return ToolResult(call_id=answered, content=content, name=name, is_error=is_error, extra=rest)

    def _answered(self, name: str) -> str:
        """The first open call of that function."""
        call = next((call for call in self._open if call.name == name), None)
        if call is None:
            self._calls += 1
            return call_id("", 0, self._calls - 1)
        self._open.remove(call)
        return call.id


def _outcome(response: Json) -> tuple[bool, str] | None:
    if response.keys() == {"output"} and isinstance(response["output"], str):
        return False, response["output"]
    if response.keys() == {"error"} and isinstance(response["error"], str):
        return True, response["error"]
    return None


def _part(block: Json, nameless: str) -> AnyPart:
    raw = msgspec.Raw(msgspec.json.encode(block))
    part = part_of(body_of(raw), raw, nameless)
    if part is None:
        return Reasoning() if block.get("thought") else Text(text="")
    if part.signature == UNSIGNED:
        part = msgspec.structs.replace(part, signature=None)
    return _detailed(_addressed(part)) if isinstance(part, Media) else part


def _media(block: Json) -> Image | File:
    blob = block["inlineData"]
    media_type: str = blob["mimeType"]
    kind = Image if media_type.startswith("image/") else File
    return kind(data=b64decode(blob["data"], validate=True), media_type=media_type)


def _addressed(part: AnyPart) -> AnyPart:
    """An uploaded file is told by its id, any other by its address."""
    if isinstance(part, Media) and part.file_id is not None and "/files/" not in part.file_id:
        return msgspec.structs.replace(part, file_id=None, url=part.file_id)
    return part


def _detailed(part: AnyPart) -> AnyPart:
    level = part.extra.get("mediaResolution", {}).get("level")
    if not isinstance(part, Image) or level not in _DETAILS:
        return part
    extra = {name: value for name, value in part.extra.items() if name != "mediaResolution"}
    return msgspec.structs.replace(part, detail=_DETAILS[level], extra=extra)


def _tools(tools: list[Json]) -> Iterator[AnyTool]:
    for tool in tools:
        for kind, options in tool.items():
            if kind != "functionDeclarations":
                yield ProviderTool(kind, options)
                continue
            for declared in options:
                if not declared.keys() <= _TOOL_KEYS:
                    raise ValueError(f"a function declaration with {sorted(declared.keys() - _TOOL_KEYS)}")
                schema = declared.get("parametersJsonSchema") or declared.get("parameters")
                given = {} if schema is None else {"parameters": schema}
                yield Tool(declared["name"], declared.get("description") or "", **given)


def _calling(rest: Json, tools: tuple[AnyTool, ...]) -> Json:
    config = dict(rest.get("toolConfig", {}))
    calling = config.get("functionCallingConfig") or {}
    mode, names = str(calling.get("mode")), calling.get("allowedFunctionNames") or []
    fields: Json = {"tools": tools}
    if mode == "VALIDATED" and not names:
        fields["tools"] = tuple(
            [msgspec.structs.replace(tool, strict=True) if isinstance(tool, Tool) else tool for tool in tools]
        )
    elif mode == "ANY" and len(names) == 1:
        fields["tool_choice"] = ForcedTool(names[0])
    elif mode in _MODES and not names:
        fields["tool_choice"] = _MODES[mode]
    else:
        return fields
    config.pop("functionCallingConfig")
    _put(rest, "toolConfig", config)
    return fields


def _number(value: Any) -> Any:
    """A whole number as one, also where it is written `40.0`, as Google's SDK does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _configured(rest: Json) -> Json:
    config = {name: value for name, value in rest.get("generationConfig", {}).items() if value is not None}
    fields: Json = {name: _number(config.pop(word)) for name, word in NAMES.items() if word in config}
    fields["stop"] = tuple(config.pop("stopSequences", ()))
    fields |= _format(config) | _thinking(config)
    modalities = config.get("responseModalities") or ()
    if all(modality in ("TEXT", "IMAGE", "AUDIO") for modality in modalities):
        fields["modalities"] = tuple([modality.lower() for modality in config.pop("responseModalities", ())])
    if (voice := _voice(config.get("speechConfig"))) is not None:
        config.pop("speechConfig")
        fields["audio"] = AudioOptions(voice, "pcm")
    _put(rest, "generationConfig", config)
    return fields


def _format(config: Json) -> Json:
    if config.get("responseMimeType") != "application/json":
        return {}
    config.pop("responseMimeType")
    schema = config.pop("responseJsonSchema", None)
    return {"response_format": JsonObject() if schema is None else JsonSchema(schema)}


def _thinking(config: Json) -> Json:
    """Thinking that neutral words can ask for again; any other stays where it is."""
    thinking = dict(config.get("thinkingConfig") or {})
    level, budget = thinking.pop("thinkingLevel", None), thinking.pop("thinkingBudget", None)
    includes = thinking.pop("includeThoughts", None)
    if thinking or (level is not None and (level not in _EFFORTS or budget is not None)):
        return {}
    if level is None and budget is None and includes is None:
        return {}
    config.pop("thinkingConfig")
    summary: Literal["auto", "none"] | None = None if includes is None else "auto" if includes else "none"
    effort = None if level is None else _EFFORTS[level]
    return {"reasoning": ReasoningOptions(effort=effort, budget_tokens=budget, summary=summary)}


def _voice(speech: Any) -> str | None:
    """The voice, where the configuration holds nothing else."""
    if not isinstance(speech, dict) or speech.keys() != {"voiceConfig"}:
        return None
    voice = speech["voiceConfig"]
    if not isinstance(voice, dict) or voice.keys() != {"prebuiltVoiceConfig"}:
        return None
    name = voice["prebuiltVoiceConfig"].get("voiceName")
    return name if isinstance(name, str) else None


def _put(rest: Json, name: str, value: Json) -> None:
    rest.pop(name, None)
    if value:
        rest[name] = value
