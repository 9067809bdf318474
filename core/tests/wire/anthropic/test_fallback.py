"""Answers that another model went on with, and what a message tells of the request that was changed for it."""

from __future__ import annotations

import json
from typing import Any

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import ProviderPart, Text
from modelscan.types.messages import user
from modelscan.wire.anthropic import Messages

TARGET = Target(base_urls={"default": "https://api.anthropic.com"}, model="claude-opus-5-5")
REQUEST = ChatRequest(messages=(user("Hello"),))
FALLBACK = {"type": "fallback", "from": {"model": "claude-opus-5-5"}, "to": {"model": "claude-sonnet-5-5"}}
DROPPED = [{"type": "thinking_dropped", "message_index": 1}]
STEPS = [
    {"type": "message", "input_tokens": 5, "output_tokens": 1},
    {"type": "fallback_message", "model": "claude-sonnet-5-5", "input_tokens": 5, "output_tokens": 2},
]
USAGE = {"input_tokens": 10, "output_tokens": 3, "iterations": STEPS}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-5-5",
    "content": [FALLBACK, {"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "input_transformations": DROPPED,
    "usage": USAGE,
}


def whole() -> ChatReply[None]:
    return Messages().decode(HttpResponse(ResponseHead(200), json.dumps(MESSAGE).encode()), REQUEST, TARGET)


def streamed(fallback: Any = FALLBACK) -> ChatReply[None]:
    begun = {**MESSAGE, "model": "claude-opus-5-5", "content": [], "stop_reason": None, "input_transformations": []}
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": fallback},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hi"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": stop, "usage": USAGE, "input_transformations": DROPPED},
        {"type": "message_stop"},
    ]
    decoder = Messages().decoder(ResponseHead(200, (("content-type", "text/event-stream"),)), REQUEST, TARGET)
    fold = ChatFold()
    for event in events:
        for frame in decoder.framing.feed(b"data: " + json.dumps(event).encode() + b"\n\n"):
            for chunk in decoder.feed(frame):
                fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    return fold.reply()


def test_the_model_of_an_answer_is_the_one_that_served_it() -> None:
    assert streamed().model == whole().model == "claude-sonnet-5-5"
    assert streamed().message == whole().message
    assert streamed().message.content == (ProviderPart(kind="fallback", extra=FALLBACK), Text(text="Hi"))


def test_a_fallback_that_names_no_model_changes_nothing() -> None:
    for to in (None, "claude", {}, {"model": None}):
        assert streamed({**FALLBACK, "to": to}).model == "claude-opus-5-5"


def test_the_tokens_of_the_model_that_served_are_in_the_counts_at_the_top() -> None:
    assert whole().usage == streamed().usage
    assert (whole().usage.input_tokens, whole().usage.output_tokens, whole().usage.other) == (10, 3, {})


def test_what_the_vendor_left_out_of_the_request_is_told() -> None:
    assert whole().extra["input_transformations"] == streamed().extra["input_transformations"] == DROPPED
