"""A conversation in plain text, which is all that a small model reads.

Calls to tools and their results are written out in words. Consecutive messages of one role become one, since many
models' templates take turns strictly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from modelscan.errors import UnsupportedError
from modelscan.types.content import AnyPart, Reasoning, Refusal, Text, ToolCall, ToolResult
from modelscan.types.messages import Message
from modelscan_provider_embedded.tools import written_call

SYSTEM_TEXT: Final = "You are a helpful assistant."  # without any, SmolLM2's own default makes it repeat itself
_BETWEEN: Final = "\n\n"


def turns(messages: Sequence[Message], instructions: str) -> list[dict[str, str]]:
    """The messages as roles and texts, the system's first; `instructions` are added to it.

    Raises `UnsupportedError` for what isn't text. Reasoning of earlier turns is left out: it was for the user only.
    """
    written = [turn for number, message in enumerate(messages) for turn in _written(message, f"messages[{number}]")]
    system = _BETWEEN.join([text for role, text in written if role == "system"]) or SYSTEM_TEXT
    result = [{"role": "system", "content": _BETWEEN.join(filter(None, (system, instructions)))}]
    others = [turn for turn in written if turn[0] != "system"]
    for role, group in groupby(others, key=lambda turn: turn[0]):
        result.append({"role": role, "content": _BETWEEN.join(text for _, text in group)})
    return result


def _written(message: Message, where: str) -> Iterator[tuple[str, str]]:
    if message.name is not None:
        raise UnsupportedError(f"{where}.name: the embedded model knows no names of speakers")
    names = [f"{where}.content[{number}]" for number in range(len(message.content))]
    text = "".join([_text(part, name) for part, name in zip(message.content, names, strict=True)])
    yield ("user" if message.role == "tool" else message.role), text


def _text(part: AnyPart, where: str) -> str:
    if isinstance(part, (Text, Refusal)):
        return part.text
    if isinstance(part, ToolCall):
        return written_call(part)
    if isinstance(part, ToolResult):
        return _result(part, where)
    if isinstance(part, Reasoning):
        return ""
    raise UnsupportedError(f"{where}: the embedded model reads text only, no {type(part).__name__.lower()}")


def _result(result: ToolResult, where: str) -> str:
    for part in result.content:
        if not isinstance(part, Text):
            raise UnsupportedError(f"{where}: the embedded model reads text only, no {type(part).__name__.lower()}")
    name = result.name or "the function"
    if result.is_error:
        return f"The call of {name} failed: {result.text}\n"
    return f"The answer of {name} is: {result.text}. Say it in a sentence.\n"  # else SmolLM2 repeats its call
