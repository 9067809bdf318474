"""The runtime's events as chunks and errors, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from modelscan.errors import (
    BadRequestError,
    ContextLengthError,
    DecodeError,
    ServerError,
    StreamCutError,
    UnsupportedError,
)
from modelscan.streams.fold import ChatFold
from modelscan.types.content import Reasoning, Text
from modelscan_provider_embedded.replies import ChunkReader, refusal
from modelscan_provider_embedded.tools import Plan


def reader(plan: Plan = Plan()) -> ChunkReader:  # noqa: B008 - a plan is frozen
    return ChunkReader(plan, "smollm2", "call_0")


def fold(events: Sequence[bytes], plan: Plan = Plan()) -> ChatFold:  # noqa: B008 - a plan is frozen
    chunks, folded = reader(plan), ChatFold()
    for event in events:
        for chunk in chunks.feed(event):
            folded.add(chunk)
    chunks.finish()
    return folded


def delta(text: str) -> bytes:
    return b'{"id":"1","choices":[{"delta":{%s}}]}' % text.encode()


def end(reason: str) -> bytes:
    return b'{"id":"1","choices":[{"delta":{},"finish_reason":"%s"}]}' % reason.encode()


def test_reasoning_and_answer_are_two_parts() -> None:
    events = [delta('"reasoning_content":"hm"'), delta('"content":"Yes"'), delta('"content":"."'), end("stop")]
    reply = fold(events).reply()
    assert reply.message.content == (Reasoning(text="hm"), Text(text="Yes."))


def test_with_the_choice_left_a_brace_begins_a_call() -> None:
    plan = Plan("words or call", schema={})
    call = delta('"content":"{\\"name\\": \\"f\\", "'), delta('"content":"\\"arguments\\": {}}"'), end("stop")
    reply = fold(call, plan).reply()
    assert [(made.id, made.name, made.args) for made in reply.tool_calls] == [("call_0", "f", {})]
    assert reply.finish_reason == "tool_calls"
    words = fold((delta('"content":"No {"'), delta('"content":"}"'), end("stop")), plan).reply()
    assert (words.text, words.finish_reason) == ("No {}", "stop")


def test_a_call_that_was_cut_by_the_limit_ends_with_length() -> None:
    reply = fold((delta('"content":"{\\"a\\""'), end("length")), Plan("arguments", name="f")).reply()
    assert (reply.tool_calls[0].arguments, reply.finish_reason) == ('{"a"', "length")


def test_an_unknown_reason_to_stop_is_kept_as_the_runtime_said_it() -> None:
    reply = fold((end("limit_of_mood"),)).reply()
    assert (reply.finish_reason, reply.raw_finish_reason) == ("other", "limit_of_mood")


def test_an_answer_without_a_reason_to_stop_was_cut() -> None:
    with pytest.raises(StreamCutError):
        fold((delta('"content":"Hel"'),))


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (b'{"error":{"code":400,"message":"m","type":"exceed_context_size_error"}}', ContextLengthError),
        (b'{"error":{"code":400,"message":"m","type":"invalid_request_error"}}', BadRequestError),
        (b'{"error":{"code":500,"message":"m","type":"server_error"}}', ServerError),
        (b"<html>", DecodeError),
        (b'{"choices":7}', DecodeError),
    ],
)
def test_errors_of_the_runtime_have_our_classes(event: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        list(reader().feed(event))
    assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ValueError("Unable to ...: JSON schema error at #: unrecognized type foo"), UnsupportedError),
        (ValueError("template says no"), BadRequestError),
        (OSError("disk"), OSError),
    ],
)
def test_what_the_runtime_raises_is_told_apart(raised: Exception, kind: type[Exception]) -> None:
    assert type(refusal(raised)) is kind
