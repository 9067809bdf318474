"""The chunks that a reply's stream would have fold to the reply."""

from __future__ import annotations

import pytest

from modelscan.streams.fold import ChatFold
from modelscan.testing.conformance.decoding import splits
from modelscan.testing.pieces import chunks_of
from modelscan.types.chat import ChatReply
from modelscan.types.content import AnyPart, Citation, Image, Reasoning, Refusal, Text, ToolCall
from modelscan.types.messages import Message
from modelscan.types.usage import Usage

PARTS: tuple[AnyPart, ...] = (
    Reasoning(text="I think, therefore.", signature="SIG"),
    Text(text="Grüße, 世界", citations=(Citation(url="https://a.test"),)),
    ToolCall(id="1", name="weather", arguments='{"city":"Oslo"}'),
    ToolCall(id="2", name="now"),
    Refusal(text="I'd rather not."),
    Image(url="https://a.test/cat.png"),
    Reasoning(encrypted="xyz", id="r1"),
)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_chunks_of_a_reply_fold_to_it(size: int) -> None:
    reply = ChatReply[None](
        message=Message("assistant", PARTS, wire="openai"),
        finish_reason="tool_calls",
        usage=Usage(input_tokens=1, output_tokens=2),
        id="reply",
        model="m",
        extra={"tier": "x"},
    )
    fold = ChatFold()
    fold.extend(chunks_of(reply, piece_characters=size))
    assert fold.reply() == reply


def test_a_usage_that_nobody_told_is_in_no_chunk() -> None:
    assert all(chunk.usage is None for chunk in chunks_of(ChatReply(message=Message("assistant", (Text(text="hi"),)))))


def test_a_short_stream_is_split_at_every_byte_and_a_long_one_at_seeded_places() -> None:
    assert list(splits(b"abc")) == [[b"a", b"b", b"c"], [b"a", b"bc"], [b"ab", b"c"]]
    body = bytes(range(256)) * 20
    ways = list(splits(body))
    assert len(ways) == 21
    assert all(b"".join(pieces) == body for pieces in ways)
    assert ways == list(splits(body))
