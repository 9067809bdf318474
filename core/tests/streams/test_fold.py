"""Folding: every kind of piece ends up in the reply, at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan import ChatChunk, Citation, Image, Reasoning, Text, ToolCall, Usage
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatReply, TokenLogprob, ToolCallDelta
from modelscan.types.content import AnyPart, ProviderPart, Refusal


def folded(*chunks: ChatChunk) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


CITED = (Citation(url="https://a"),)

CASES: dict[str, tuple[list[ChatChunk], tuple[AnyPart, ...]]] = {
    "text": ([ChatChunk(text="a"), ChatChunk(text="b")], (Text(text="ab"),)),
    "reasoning, then text": (
        [ChatChunk(reasoning="hm"), ChatChunk(text="a", index=1), ChatChunk(reasoning="!", index=0)],
        (Reasoning(text="hm!"), Text(text="a")),
    ),
    "a signature for reasoning": (
        [ChatChunk(reasoning="hm"), ChatChunk(signature="s")],
        (Reasoning(text="hm", signature="s"),),
    ),
    "a signature alone": ([ChatChunk(signature="s")], (Reasoning(signature="s"),)),
    "a refusal": ([ChatChunk(refusal="n"), ChatChunk(refusal="o")], (Refusal(text="no"),)),
    "citations": ([ChatChunk(text="a"), ChatChunk(citations=CITED)], (Text(text="a", citations=CITED),)),
    "citations alone": ([ChatChunk(citations=CITED)], (Text(text="", citations=CITED),)),
    "parallel tool calls": (
        [
            ChatChunk(tool_call=ToolCallDelta("1", "f", '{"a"'), index=0),
            ChatChunk(tool_call=ToolCallDelta("2", "g", "{}"), index=1),
            ChatChunk(tool_call=ToolCallDelta(arguments=": 1}"), index=0),
        ],
        (ToolCall(id="1", name="f", arguments='{"a": 1}'), ToolCall(id="2", name="g", arguments="{}")),
    ),
    "a whole part": ([ChatChunk(part=Image(data=b"x"), index=3)], (Image(data=b"x"),)),
    "a whole part with pieces": (
        [ChatChunk(part=Text(text="a", citations=CITED)), ChatChunk(text="b", citations=CITED)],
        (Text(text="ab", citations=CITED + CITED),),
    ),
    "a whole call with arguments": (
        [ChatChunk(part=ToolCall(id="1", name="f", signature="s")), ChatChunk(tool_call=ToolCallDelta(arguments="{}"))],
        (ToolCall(id="1", name="f", arguments="{}", signature="s"),),
    ),
    "a part that takes no pieces": (
        [ChatChunk(part=ProviderPart(kind="x")), ChatChunk(text="ignored")],
        (ProviderPart(kind="x"),),
    ),
    "extra": (
        [ChatChunk(text="a", extra={"k": 1}), ChatChunk(extra={"l": 2})],
        (Text(text="a", extra={"k": 1, "l": 2}),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_pieces_fold_into_parts(name: str) -> None:
    chunks, parts = CASES[name]
    assert folded(*chunks).message.content == parts


def test_several_answers_are_kept_apart() -> None:
    reply = folded(
        ChatChunk(text="a"),
        ChatChunk(text="b", choice=1),
        ChatChunk(finish_reason="length", raw_finish_reason="len", choice=1),
        ChatChunk(finish_reason="stop"),
    )
    assert (reply.text, reply.finish_reason) == ("a", "stop")
    assert (reply.alternatives[0].message.text, reply.alternatives[0].raw_finish_reason) == ("b", "len")


def test_what_stands_around_the_message_is_kept() -> None:
    logprob = TokenLogprob("a", -0.1)
    reply = folded(
        ChatChunk(id="1", model="m", wire="w", reply_extra={"tier": "x"}),
        ChatChunk(text="a", logprobs=(logprob,)),
        ChatChunk(usage=Usage(output_tokens=1)),
        ChatChunk(usage=Usage(output_tokens=2), reply_extra={"more": 1}),
    )
    assert (reply.id, reply.model, reply.message.wire) == ("1", "m", "w")
    assert (reply.logprobs, reply.usage.output_tokens, reply.extra) == ((logprob,), 2, {"tier": "x", "more": 1})


def test_nothing_folds_into_an_empty_reply() -> None:
    reply = folded()
    assert (reply.text, reply.finish_reason, reply.usage.is_reported) == ("", None, False)


@given(st.lists(st.text(max_size=5), max_size=10))
def test_any_split_of_a_text_folds_into_it(pieces: list[str]) -> None:
    assert folded(*(ChatChunk(text=piece) for piece in pieces)).text == "".join(pieces)
