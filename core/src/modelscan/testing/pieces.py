"""From a whole reply to the chunks that its stream would have: for fake servers and mocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from modelscan.types.chat import ChatChunk, ChatReply, ToolCallDelta
from modelscan.types.content import AnyPart, Reasoning, Refusal, Text, ToolCall

_PIECE: Final = 5


def chunks_of(reply: ChatReply[Any], piece_characters: int = _PIECE) -> Iterator[ChatChunk]:
    """The chunks of a reply's stream: its parts in pieces of so many characters, then the end with the usage.

    >>> from modelscan.types.messages import assistant
    >>> reply = ChatReply(message=assistant("Hello"), finish_reason="stop")
    >>> [chunk.text for chunk in chunks_of(reply, piece_characters=3)]
    ['Hel', 'lo', '']
    """
    named: dict[str, Any] = {"id": reply.id, "model": reply.model, "wire": reply.message.wire}
    for index, part in enumerate(reply.message.content):
        for piece in _pieces(part, piece_characters):
            yield ChatChunk(index=index, **named, **piece)
    yield ChatChunk(
        finish_reason=reply.finish_reason,
        raw_finish_reason=reply.raw_finish_reason,
        usage=reply.usage if reply.usage.is_reported else None,
        reply_extra=reply.extra,
        **named,
    )


def _pieces(part: AnyPart, size: int) -> Iterator[dict[str, Any]]:
    if isinstance(part, ToolCall):
        first, *rest = _cut(part.arguments, size)
        yield {"tool_call": ToolCallDelta(id=part.id, name=part.name, arguments=first)}
        yield from ({"tool_call": ToolCallDelta(arguments=piece)} for piece in rest)
    elif isinstance(part, Reasoning) and part.encrypted is None:
        yield from ({"reasoning": piece} for piece in _cut(part.text, size))
    elif isinstance(part, Refusal):
        yield from ({"refusal": piece} for piece in _cut(part.text, size))
    elif isinstance(part, Text):
        yield from ({"text": piece} for piece in _cut(part.text, size))
        if part.citations:
            yield {"citations": part.citations}
    else:
        yield {"part": part}
    if part.signature is not None and isinstance(part, (Text, Reasoning, ToolCall)):
        yield {"signature": part.signature}


def _cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)] or [""]
