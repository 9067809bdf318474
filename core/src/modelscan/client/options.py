"""What a call takes beside its messages; one list for chat and stream, async and blocking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, TypedDict

import msgspec

from modelscan.types.chat import AudioOptions, ChatRequest, Effort, ReasoningOptions
from modelscan.types.content import AnyPart, Text
from modelscan.types.limits import Budget
from modelscan.types.messages import Message, system, user
from modelscan.types.tools import AnyTool, ForcedTool, FunctionTool, ResponseFormat, Tool

Prompt = str | AnyPart | Message | Sequence[str | AnyPart | Message] | ChatRequest
"""A text, a part, a message, any mixture of them in order, or a whole request.

Neighbouring texts and parts make up one user message.
"""


class CallOptions(TypedDict, total=False):
    """What every call takes.

    `timeout_s` is the whole call's, retries and waiting included. `tags` go into the ledger and to hooks. A higher
    `priority` goes first where calls wait for a limit; one that isn't to wait at all says `may_wait=False`. `max_cost`
    is the most that the call may cost (`"0.05"`, in US dollars, each attempt by itself): it is refused, or its answer
    kept short enough, where it could cost more.
    """

    timeout_s: float
    tags: Mapping[str, str]
    principal: str
    priority: int
    may_wait: bool
    idempotency_key: str
    max_cost: str | Decimal | Budget


class ChatOptions(CallOptions, total=False):
    """What a chat takes: the fields of `ChatRequest`, and `system` for the system message."""

    system: str
    tools: Sequence[AnyTool | FunctionTool[..., Any]]
    tool_choice: Literal["auto", "none", "required"] | ForcedTool
    parallel_tool_calls: bool
    response_format: ResponseFormat
    max_output_tokens: int
    temperature: float
    top_p: float
    top_k: int
    stop: str | Sequence[str]
    seed: int
    presence_penalty: float
    frequency_penalty: float
    logprobs: bool
    top_logprobs: int
    reasoning: Effort | ReasoningOptions
    modalities: Sequence[Literal["text", "audio", "image"]]
    audio: AudioOptions
    choices: int
    end_user: str
    extra: Mapping[str, Any]


CALL_OPTIONS = frozenset(CallOptions.__annotations__)


def chat_request(prompt: Prompt, options: Mapping[str, Any]) -> ChatRequest:
    """The request that a prompt and options stand for. Raises `TypeError` for an option that doesn't exist."""
    if not options and type(prompt) is str:
        return ChatRequest(messages=(Message("user", (Text(text=prompt),)),))
    fields = {
        key: _field(key, value) for key, value in options.items() if key not in CALL_OPTIONS and value is not None
    }
    instructions = fields.pop("system", None)
    unknown = fields.keys() - set(ChatRequest.__struct_fields__)
    if unknown:
        raise TypeError(_unknown_option(min(unknown)))
    if isinstance(prompt, ChatRequest):
        request = msgspec.structs.replace(prompt, **fields) if fields else prompt
    else:
        request = ChatRequest(messages=messages_of(prompt), **fields)
    if instructions is not None:
        request = msgspec.structs.replace(request, messages=(system(instructions), *request.messages))
    return request


def messages_of(prompt: Prompt) -> tuple[Message, ...]:
    """The messages that a prompt stands for. Raises `TypeError` for what is none, `ValueError` for an empty one."""
    if isinstance(prompt, str):
        return (user(prompt),)
    items = list(prompt) if isinstance(prompt, Iterable) and not isinstance(prompt, Mapping) else [prompt]
    messages: list[Message] = []
    pending: list[Any] = []
    for item in items:
        if isinstance(item, Message):
            if pending:
                messages.append(user(*pending))
                pending = []
            messages.append(item)
        elif isinstance(item, (str, *_PARTS)):
            pending.append(item)
        else:
            raise TypeError(f"a prompt is made of text, parts and messages, not of {type(item).__name__}: {_HINT}")
    if pending:
        messages.append(user(*pending))
    if not messages:
        raise ValueError("the prompt is empty: give at least one message")
    return tuple(messages)


_PARTS: tuple[type, ...] = AnyPart.__args__
_HINT = "build messages with modelscan.user(), .system(), .assistant() and .tool_result()"


def _field(key: str, value: Any) -> Any:
    if key == "stop":
        return (value,) if isinstance(value, str) else tuple(value)
    if key == "tools":
        return tuple(_tool(item) for item in value)
    if key == "reasoning" and isinstance(value, str):
        return ReasoningOptions(effort=value)  # type: ignore[arg-type]  # the vendor refuses an unknown effort
    if key == "modalities":
        return tuple(value)
    return dict(value) if key == "extra" else value


def _tool(item: Any) -> AnyTool:
    if isinstance(item, FunctionTool):
        return item.spec
    if callable(item) and not isinstance(item, (Tool, msgspec.Struct)):
        raise TypeError(f"decorate {getattr(item, '__name__', item)!r} with @modelscan.tool to pass it as a tool")
    tool: AnyTool = item
    return tool


def _unknown_option(name: str) -> str:
    from difflib import get_close_matches

    known = [*ChatRequest.__struct_fields__, "system", *CALL_OPTIONS]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "what only one vendor has goes into extra={...}"
    return f"chat takes no option {name!r}; {hint}"
