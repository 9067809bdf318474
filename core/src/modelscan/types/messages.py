"""Messages: who says what."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelscan.types.content import AnyPart, Part, Reasoning, Refusal, Text, ToolCall, ToolResult

Role = Literal["system", "user", "assistant", "tool"]


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """One turn, or a part of one. A message of role `tool` holds `ToolResult` parts.

    `wire` names the wire format that wrote an assistant's message; signatures and vendor extras in it are sent back
    only over the same format, since no other vendor can read them.
    """

    role: Role
    content: tuple[AnyPart, ...] = ()
    name: str | None = None
    wire: str = ""
    extra: dict[str, Any] = {}

    @property
    def text(self) -> str:
        """All text parts, joined."""
        return "".join([part.text for part in self.content if type(part) is Text])

    @property
    def reasoning(self) -> str:
        """All readable reasoning, joined."""
        return "".join([part.text for part in self.content if type(part) is Reasoning])

    @property
    def refusal(self) -> str:
        """The model's refusal, empty for none."""
        return "".join([part.text for part in self.content if type(part) is Refusal])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for, in its order."""
        return tuple([part for part in self.content if type(part) is ToolCall])


def system(text: str) -> Message:
    """A system message."""
    return Message("system", (Text(text=text),))


def user(*content: str | AnyPart) -> Message:
    """A user's message from text and parts, in order."""
    return Message("user", tuple(_part(item) for item in content))


def assistant(*content: str | AnyPart) -> Message:
    """An assistant's message: for few-shot examples, and for conversations kept elsewhere."""
    return Message("assistant", tuple(_part(item) for item in content))


def tool_result(
    call: ToolCall | str,
    content: str | AnyPart | list[str | AnyPart] | tuple[str | AnyPart, ...],
    *,
    is_error: bool = False,
) -> Message:
    """The result of one tool call, as a message: text, a part, or several in order.

    Raises `TypeError` for anything else: what a tool returns is made text by whoever calls it.
    """
    name = call.name if isinstance(call, ToolCall) else None
    call_id = call.id if isinstance(call, ToolCall) else call
    parts: Any = tuple(_part(item) for item in (content if isinstance(content, (list, tuple)) else (content,)))
    return Message("tool", (ToolResult(call_id=call_id, content=parts, name=name, is_error=is_error),))


def _part(item: str | AnyPart) -> AnyPart:
    if isinstance(item, str):
        return Text(text=item)
    if not isinstance(item, Part):
        raise TypeError(f"content is made of text and parts, not of {type(item).__name__}")
    return item
