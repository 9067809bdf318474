"""A chat completion is read as a `ChatReply`, as OpenAI writes it and as the servers that follow it do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError
from modelscan.types.chat import AudioOptions, ChatReply, ChatRequest, TokenLogprob
from modelscan.types.content import Audio, Citation, Image, Reasoning, Refusal, Text, ToolCall
from modelscan.types.messages import Message, user
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible import WIRE, ChatCompletions

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o")
REQUEST = ChatRequest(messages=(user("Hi"),))


def decoded(body: Any, request: ChatRequest = REQUEST) -> ChatReply[None]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = ResponseHead(200, (("x-request-id", "req_1"),))
    return ChatCompletions().decode(HttpResponse(head, raw), request, TARGET)


def answered(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> ChatReply[None]:
    return decoded({"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more})


def parts(**message: Any) -> tuple[Any, ...]:
    return answered(message).message.content


def test_a_plain_answer() -> None:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Blue.", "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }
    raw = json.dumps(body).encode()
    assert decoded(raw) == ChatReply(
        message=Message("assistant", (Text(text="Blue."),), wire=WIRE),
        finish_reason="stop",
        raw_finish_reason="stop",
        usage=Usage(input_tokens=9, output_tokens=3),
        id="chatcmpl-1",
        model="gpt-4o-2024-08-06",
        request_id="req_1",
        extra={"service_tier": "default", "system_fingerprint": "fp_1"},
        raw_body=raw,
    )


def test_parts_stand_in_one_order_whatever_the_order_of_the_fields() -> None:
    found = parts(
        tool_calls=[{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        audio={"id": "a", "data": "UklGRg==", "transcript": "Yes", "expires_at": 5},
        refusal="No",
        content="Text",
        reasoning_content="Hm",
        images=[{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}, {"type": "?"}],
    )
    assert found == (
        Reasoning(text="Hm"),
        Text(text="Text"),
        Refusal(text="No"),
        Audio(data=b"RIFF", media_type="audio/wav", transcript="Yes", id="a", extra={"expires_at": 5}),
        Image(data=b"\x89PNG", media_type="image/png"),
        ToolCall(id="c", name="f", arguments="{}"),
    )


def test_a_picture_may_be_an_address() -> None:
    assert parts(images=[{"image_url": "https://e.org/a.png"}]) == (Image(url="https://e.org/a.png"),)


@pytest.mark.parametrize(
    ("format_", "media_type"), [("mp3", "audio/mpeg"), ("pcm16", "audio/pcm"), ("flac", "audio/flac")]
)
def test_sound_is_of_the_type_that_was_asked_for(format_: str, media_type: str) -> None:
    request = ChatRequest(messages=(user("Hi"),), audio=AudioOptions("alloy", format_))
    body = {"choices": [{"message": {"audio": {"id": "a", "data": ""}}, "finish_reason": "stop"}]}
    (part,) = decoded(body, request).message.content
    assert isinstance(part, Audio)
    assert part.media_type == media_type


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (
            {"id": "c", "function": {"name": "f", "arguments": {"a": [1, 2]}}},
            ToolCall(id="c", name="f", arguments='{"a":[1,2]}'),
        ),
        ({"function": {"name": "f", "arguments": ""}}, ToolCall(id="call_0", name="f")),
        ({"id": "c", "function": {"name": "f", "arguments": None}}, ToolCall(id="c", name="f")),
        (
            {"id": "c", "type": "custom", "custom": {"name": "grep", "input": "x+"}},
            ToolCall(id="c", name="grep", arguments="x+", extra={"type": "custom"}),
        ),
        (
            {"id": "c", "function": {"name": "f", "arguments": "{}"}, "extra_content": {"google": {"s": "S"}}},
            ToolCall(id="c", name="f", arguments="{}", extra={"extra_content": {"google": {"s": "S"}}}),
        ),
        (
            {"id": "c", "function": {"name": "f", "arguments": "{}"}, "custom": {"name": "", "input": ""}},
            ToolCall(id="c", name="f", arguments="{}"),
        ),
    ],
)
def test_calls_as_servers_really_send_them(call: dict[str, Any], expected: ToolCall) -> None:
    assert parts(content=None, tool_calls=[call]) == (expected,)


def test_a_legacy_function_call_is_a_call_and_an_empty_one_is_none() -> None:
    assert parts(function_call={"name": "f", "arguments": "{}"}) == (ToolCall(id="call_0", name="f", arguments="{}"),)
    assert parts(content="x", function_call={"name": "", "arguments": ""}) == (Text(text="x"),)


@pytest.mark.parametrize(
    ("reason", "message", "expected"),
    [
        ("stop", {"content": "x"}, "stop"),
        ("length", {"content": "x"}, "length"),
        ("content_filter", {"content": None}, "content_filter"),
        ("eos", {"content": "x"}, "stop"),
        ("STOP", {"content": "x"}, "stop"),
        ("MAX_TOKENS", {"content": "x"}, "length"),
        ("insufficient_system_resource", {"content": "x"}, "error"),
        ("something_new", {"content": "x"}, "other"),
        ("stop", {"tool_calls": [{"function": {"name": "f"}}]}, "tool_calls"),
        ("function_call", {"function_call": {"name": "f"}}, "tool_calls"),
        ("stop", {"refusal": "No"}, "refusal"),
        ("", {"content": "x"}, None),
        (None, {"content": "x"}, None),
    ],
)
def test_the_reason_is_normalised_and_the_vendors_word_kept(
    reason: str | None, message: dict[str, Any], expected: str | None
) -> None:
    reply = answered(message, reason)
    assert (reply.finish_reason, reply.raw_finish_reason) == (expected, reason or "")


def test_text_in_pieces_and_thinking_among_them() -> None:
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}, {"type": "text", "text": "Yes"}, "!"]
    assert parts(content=content) == (Reasoning(text="Hm"), Text(text="Yes!"))
    with pytest.raises(DecodeError, match="int"):
        parts(content=5)


def test_reasoning_details_are_kept_to_go_back_and_read_where_nothing_else_can_be() -> None:
    details = [
        {"type": "reasoning.text", "text": "Hm", "signature": "S", "index": 0},
        {"type": "reasoning.encrypted", "data": "X", "index": 1},
    ]
    kept = {"reasoning_details": details}
    assert parts(content="x", reasoning="Hm.", **kept) == (Reasoning(text="Hm.", extra=kept), Text(text="x"))
    assert parts(content="x", **kept) == (Reasoning(text="Hm", extra=kept), Text(text="x"))


def test_sources_are_citations_of_the_text() -> None:
    annotations = [
        {
            "type": "url_citation",
            "url_citation": {
                "url": "https://e.org",
                "title": "E",
                "start_index": 0,
                "end_index": 4,
                "content": "c",
                "x": 1,
            },
        },
        {"type": "file", "file": {"hash": "h"}},
    ]
    (text,) = parts(content="Blue", annotations=annotations)
    assert text.citations == (
        Citation(url="https://e.org", title="E", text="c", start=0, end=4, location="url", extra={"x": 1}),
        Citation(location="file", extra=annotations[1]),
    )


def test_several_answers_are_alternatives_in_the_order_of_their_index() -> None:
    choices = [
        {"index": 1, "message": {"content": "b"}, "finish_reason": "length"},
        {"index": 0, "message": {"content": "a"}, "finish_reason": "stop"},
    ]
    reply = decoded({"choices": choices})
    assert (reply.text, reply.finish_reason) == ("a", "stop")
    (other,) = reply.alternatives
    assert (other.message.text, other.finish_reason) == ("b", "length")


def test_log_probabilities_of_text_and_refusal_and_another_servers_shape() -> None:
    token = {
        "token": "a",
        "logprob": -0.5,
        "bytes": [97],
        "top_logprobs": [{"token": "b", "logprob": -1, "bytes": None}],
    }
    choice = {"message": {"content": "a"}, "logprobs": {"content": [token], "refusal": None}, "finish_reason": "stop"}
    expected = TokenLogprob("a", -0.5, (97,), (TokenLogprob("b", -1.0),))
    assert decoded({"choices": [choice]}).logprobs == (expected,)
    for odd in ({"content": "x"}, 1.0, {"tokens": ["a"]}):
        assert decoded({"choices": [{**choice, "logprobs": odd}]}).logprobs == ()


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, UNREPORTED),
        ({}, UNREPORTED),
        ({"prompt_tokens": 5, "completion_tokens": 2}, Usage(input_tokens=5, output_tokens=2)),
        ({"prompt_tokens": 5.0, "completion_tokens": None}, Usage(input_tokens=5)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {
                    "cached_tokens": 60,
                    "cache_write_tokens": 3,
                    "audio_tokens": 7,
                    "image_tokens": 2,
                },
                "completion_tokens_details": {
                    "reasoning_tokens": 20,
                    "audio_tokens": 8,
                    "image_tokens": 1,
                    "accepted_prediction_tokens": 4,
                    "rejected_prediction_tokens": 0,
                },
            },
            Usage(
                input_tokens=100,
                output_tokens=50,
                cached_tokens=60,
                cache_write_tokens=3,
                reasoning_tokens=20,
                audio_input_tokens=7,
                audio_output_tokens=8,
                image_input_tokens=2,
                image_output_tokens=1,
                other={"accepted_prediction_tokens": 4},
            ),
        ),
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 1,
                "total_tokens": 241,
                "completion_tokens_details": {"reasoning_tokens": 228},
            },
            Usage(input_tokens=12, output_tokens=229, reasoning_tokens=228),
        ),
        ({"prompt_tokens": 5, "prompt_cache_hit_tokens": 4}, Usage(input_tokens=5, cached_tokens=4)),
        ({"prompt_tokens": 5, "num_cached_tokens": 4}, Usage(input_tokens=5, cached_tokens=4)),
        ({"prompt_tokens": 5, "cached_tokens": 4}, Usage(input_tokens=5, cached_tokens=4)),
        (
            {"prompt_tokens": 5, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1},
            Usage(input_tokens=5, cached_tokens=4, cache_write_tokens=1),
        ),
    ],
)
def test_usage_means_the_same_everywhere(usage: Any, expected: Usage) -> None:
    assert answered({"content": "x"}, usage=usage).usage == expected


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"[]", b"{}", b'{"choices":[]}', b'{"choices":null}', b'{"choices":[{"index":"x"}]}']
)
def test_a_body_that_is_no_completion_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError, match="no chat completion"):
        decoded(body)


def test_sound_that_is_no_base64_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="base64"):
        parts(audio={"id": "a", "data": "!"})


def test_an_answer_without_a_message_has_no_parts() -> None:
    reply = decoded({"choices": [{"finish_reason": "content_filter"}]})
    assert (reply.message.content, reply.finish_reason) == ((), "content_filter")
