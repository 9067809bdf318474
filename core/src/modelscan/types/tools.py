"""Tools, and how the model's output may be shaped."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Generic, Literal, ParamSpec, TypeVar

import attrs
import msgspec

from modelscan.types.content import CacheLifetime
from modelscan.types.schema import json_schema

P = ParamSpec("P")
R = TypeVar("R")


class Tool(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="function"):
    """A function that the model may ask to be called; `parameters` is a JSON Schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None
    cache: CacheLifetime | None = None


class ProviderTool(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="provider"):
    """A tool that the vendor runs itself (web search, code interpreter): `options` are sent as they are."""

    kind: str
    options: dict[str, Any] = {}


AnyTool = Tool | ProviderTool


class ForcedTool(msgspec.Struct, frozen=True, tag_field="type", tag="forced"):
    """A tool choice: the model must call this tool."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | ForcedTool


class JsonSchema(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="json_schema"):
    """The answer must be JSON that this schema accepts."""

    schema: dict[str, Any]
    name: str = "answer"
    description: str = ""
    strict: bool | None = True


class JsonObject(msgspec.Struct, frozen=True, tag_field="type", tag="json_object"):
    """The answer must be a JSON object, of any shape."""


ResponseFormat = JsonSchema | JsonObject


@attrs.frozen
class FunctionTool(Generic[P, R]):
    """A Python function together with the `Tool` that describes it. Calling it calls the function."""

    function: Callable[P, R]
    spec: Tool

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)


def tool(function: Callable[P, R]) -> FunctionTool[P, R]:
    """Describe a function to the model: its name, its docstring, a JSON Schema of its typed parameters.

    >>> @tool
    ... def weather(city: str, days: int = 1) -> str:
    ...     "The weather forecast for a city."
    ...     return f"{city}: sun"
    >>> weather.spec.parameters["required"]
    ['city']
    >>> weather("Oslo")
    'Oslo: sun'
    """
    signature = inspect.signature(function, eval_str=True)
    fields: list[Any] = []
    for name, parameter in signature.parameters.items():
        if parameter.annotation is parameter.empty:
            raise TypeError(f"parameter {name!r} of tool {function.__name__!r} needs a type annotation")
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"tool {function.__name__!r} can't take *args or **kwargs: the model needs names")
        default = () if parameter.default is parameter.empty else (parameter.default,)
        fields.append((name, parameter.annotation, *default))
    parameters = json_schema(msgspec.defstruct("Parameters", fields, kw_only=True))
    parameters.pop("title", None)
    spec = Tool(name=function.__name__, description=inspect.getdoc(function) or "", parameters=parameters)
    return FunctionTool(function, spec)
