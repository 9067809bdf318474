"""Tools for a model that was never taught any: told in words, and held to by a grammar.

A forced tool's answer is its arguments; with `required` it is `{"name": ..., "arguments": ...}` of one of the tools;
with `auto` it is either words or such a call, told apart by the first character.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import attrs
import msgspec

from modelscan.errors import UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import ToolCall
from modelscan.types.tools import ForcedTool, Tool
from modelscan_provider_embedded.schemas import check, moved

Shape = Literal["words", "arguments", "call", "words or call"]
ADVICE_FORCE: Final = "Use tool_choice='required' or ForcedTool(name)."


@attrs.frozen
class Plan:
    """What the model is told of the tools, what it may write, and how that is read.

    `schema` is a JSON Schema of the answer; with `words or call` it is the call's. `name` is the forced tool's.
    """

    shape: Shape = "words"
    instructions: str = ""
    schema: dict[str, Any] | None = None
    name: str = ""


def plan(request: ChatRequest) -> Plan:
    """How the request's tools are offered. Raises `UnsupportedError` for tools or choices that can't be."""
    tools = [_checked(tool, f"tools[{number}]") for number, tool in enumerate(request.tools)]
    choice = request.tool_choice
    if isinstance(choice, ForcedTool):
        return _forced(tools, choice.name)
    if choice == "required" and not tools:
        raise UnsupportedError("tool_choice: 'required' needs tools")
    if not tools or choice == "none":
        return Plan()
    listed = f"You can call these functions:\n{_listed(tools)}\n"
    how = 'To call one, write nothing but {"name": "<function>", "arguments": {...}}.'
    if choice == "required":
        return Plan("call", f"{listed}{how}", _calls(tools))
    if request.response_format is not None:
        raise UnsupportedError("response_format: not beside tools that may be called or not", advice=ADVICE_FORCE)
    return Plan("words or call", f"{listed}{how} Where none is needed, answer in plain words.", _calls(tools))


def _checked(tool: object, where: str) -> Tool:
    if not isinstance(tool, Tool):
        raise UnsupportedError(f"{where}: the embedded model has no tools of its own")
    if tool.strict:
        check(tool.parameters, f"{where}.parameters")
    return tool


def _forced(tools: Sequence[Tool], name: str) -> Plan:
    for tool in tools:
        if tool.name == name:
            told = f"Answer with the arguments of this function, as JSON:\n{_listed([tool])}"
            return Plan("arguments", told, tool.parameters, name)
    raise UnsupportedError(f"tool_choice: no tool is called {name!r}")


def _listed(tools: Sequence[Tool]) -> str:
    told = [{"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in tools]
    return "\n".join([msgspec.json.encode(tool).decode() for tool in told])


def _calls(tools: Sequence[Tool]) -> dict[str, Any]:
    definitions = {
        f"tool{number}": moved(tool.parameters, f"#/$defs/tool{number}") for number, tool in enumerate(tools)
    }
    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": tool.name}, "arguments": {"$ref": f"#/$defs/{key}"}},
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool, key in zip(tools, definitions, strict=True)
    ]
    return {"$defs": definitions, "anyOf": calls}


def words_or_call(schema: dict[str, Any]) -> str:
    """A grammar, in llguidance's notation, for words (which don't begin with a brace) or a call."""
    call = msgspec.json.encode(schema).decode()
    return f"%llguidance {{}}\nstart: words | call\nwords: /[^{{\\s](.|\\n)*/\ncall: %json {call}\n"


def written_call(call: ToolCall) -> str:
    """A call as the model would have written it."""
    name = msgspec.json.encode(call.name).decode()
    return f'{{"name": {name}, "arguments": {call.arguments or "{}"}}}'
