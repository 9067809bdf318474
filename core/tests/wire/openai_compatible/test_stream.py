"""Streams of chat completions: their chunks fold to the whole answer, and a cut or an error is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import BadRequestError, DecodeError, ProviderError, RateLimitError, ServerError, StreamCutError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import Audio, Image, Reasoning, Refusal, Text, ToolCall
from modelscan.types.messages import user
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import ChatCompletions

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o")
REQUEST = ChatRequest(messages=(user("Hi"),))
SSE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def piece(index: int = 0, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"id": "c1", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def chunks_of(body: bytes, media_type: str = SSE, *, cut: bool = False) -> list[ChatChunk]:
    decoder = ChatCompletions().decoder(ResponseHead(200, (("content-type", media_type),)), REQUEST, TARGET)
    frames = [*decoder.framing.feed(body), *([] if cut else decoder.framing.finish())]
    chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
    return [*chunks, *decoder.finish(cut=cut)]


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def streamed(*values: Any) -> ChatReply[None]:
    return folded(chunks_of(b"".join(map(event, values)) + DONE))


def calls(*pieces: dict[str, Any]) -> list[tuple[str, str, str]]:
    reply = streamed(*[piece(tool_calls=[one]) for one in pieces], piece(finish="tool_calls"))
    return [(call.id, call.name, call.arguments) for call in reply.tool_calls]


def test_a_plain_stream_gives_text_reason_usage_and_the_rest() -> None:
    head = {"service_tier": "default", "system_fingerprint": "fp"}
    reply = streamed(
        {**piece(role="assistant", content=""), **head},
        {**piece(content="Bl"), **head},
        {**piece(content="ue"), **head},
        {**piece(finish="stop"), **head},
        {"id": "c1", "model": "m", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
    )
    assert (reply.text, reply.finish_reason, reply.raw_finish_reason) == ("Blue", "stop", "stop")
    assert (reply.id, reply.model, reply.message.wire) == ("c1", "m", "openai-chat")
    assert reply.usage == Usage(input_tokens=3, output_tokens=2)
    assert reply.extra == head


def test_what_stands_beside_the_answer_is_told_once() -> None:
    chunks = chunks_of(b"".join(event({**piece(content=str(n)), "system_fingerprint": "fp"}) for n in range(3)) + DONE)
    assert [bool(chunk.id) for chunk in chunks] == [True, False, False, False]


def test_every_chunk_holds_the_frame_that_it_came_in() -> None:
    frame = json.dumps(piece(content="x")).encode()
    assert {chunk.raw for chunk in chunks_of(b"data: " + frame + b"\n\n" + DONE)} == {frame}


def test_interleaved_pieces_fold_to_the_order_of_a_whole_answer() -> None:
    reply = streamed(
        piece(content="A"),
        piece(reasoning_content="x"),
        piece(tool_calls=[{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{"}}]),
        piece(content="B"),
        piece(reasoning="y"),
        piece(refusal="N"),
        piece(tool_calls=[{"index": 0, "function": {"arguments": "}"}}]),
        piece(refusal="o", finish="stop"),
    )
    assert reply.message.content == (
        Reasoning(text="xy"),
        Text(text="AB"),
        Refusal(text="No"),
        ToolCall(id="c", name="f", arguments="{}"),
    )
    assert (reply.finish_reason, reply.raw_finish_reason) == ("tool_calls", "stop")


def test_a_refusal_alone_is_the_reason() -> None:
    assert streamed(piece(refusal="No"), piece(finish="stop")).finish_reason == "refusal"


def f(arguments: Any, name: str | None = None) -> dict[str, Any]:
    return {"function": {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        # OpenAI: by index, the id with the first piece alone.
        (
            [{"index": 0, "id": "a", **f("", "f")}, {"index": 1, "id": "b", **f("{}", "g")}, {"index": 0, **f("{}")}],
            [("a", "f", "{}"), ("b", "g", "{}")],
        ),
        # No index: by id, and without one the last call.
        (
            [{"id": "a", **f("{", "f")}, {"id": "b", **f("[", "g")}, {"id": "a", **f("}")}, f("]")],
            [("a", "f", "{}"), ("b", "g", "[]")],
        ),
        # Every call under index 0, each with an id of its own.
        (
            [{"index": 0, "id": "a", **f("{}", "f")}, {"index": 0, "id": "b", **f("{}", "g")}],
            [("a", "f", "{}"), ("b", "g", "{}")],
        ),
        # An id and a name that are repeated with each piece.
        ([{"index": 0, "id": "a", **f("{", "f")}, {"index": 0, "id": "a", **f("}", "f")}], [("a", "f", "{}")]),
        # Another id with each piece, but no name.
        ([{"index": 0, "id": "a", **f("{", "f")}, {"index": 0, "id": "z", **f("}")}], [("a", "f", "{}")]),
        # Neither index nor id: a name begins a call.
        ([f("{}", "f"), f("{}", "g")], [("call_0", "f", "{}"), ("call_1", "g", "{}")]),
        # Arguments as an object, and null.
        ([{"index": 0, "id": "a", **f({"x": 1}, "f")}, {"index": 0, **f(None)}], [("a", "f", '{"x":1}')]),
        # The id comes late.
        ([{"index": 0, **f("{", "f")}, {"index": 0, "id": "a", **f("}")}], [("a", "f", "{}")]),
    ],
)
def test_pieces_of_calls_find_their_call(pieces: list[dict[str, Any]], expected: list[tuple[str, str, str]]) -> None:
    assert calls(*pieces) == expected


def test_a_custom_tools_call_grows_by_its_input() -> None:
    reply = streamed(
        piece(tool_calls=[{"index": 0, "id": "c", "type": "custom", "custom": {"name": "grep", "input": "x"}}]),
        piece(tool_calls=[{"index": 0, "custom": {"input": "+"}}], finish="tool_calls"),
    )
    assert reply.tool_calls == (ToolCall(id="c", name="grep", arguments="x+", extra={"type": "custom"}),)


def test_a_legacy_function_call_grows_too() -> None:
    reply = streamed(
        piece(function_call={"name": "f", "arguments": "{"}),
        piece(function_call={"arguments": "}"}, finish="function_call"),
    )
    assert reply.tool_calls == (ToolCall(id="call_0", name="f", arguments="{}"),)
    assert streamed(piece(content="x", function_call={"name": "", "arguments": ""})).tool_calls == ()


def test_sound_is_one_part_at_the_end_from_pieces_that_are_base64_each() -> None:
    reply = streamed(
        piece(audio={"id": "a", "data": "UklGRg==", "transcript": "Hel"}),
        piece(audio={"data": "RklMRQ==", "transcript": "lo"}),
        piece(audio={"expires_at": 9}),
        piece(finish="stop"),
    )
    expected = Audio(data=b"RIFFFILE", media_type="audio/wav", transcript="Hello", id="a", extra={"expires_at": 9})
    assert reply.message.content == (expected,)


def test_pictures_and_sources_come_as_they_do_in_a_whole_answer() -> None:
    cited = {"type": "url_citation", "url_citation": {"url": "https://e.org", "title": "E"}}
    reply = streamed(
        piece(content="x"),
        piece(annotations=[cited]),
        piece(images=[{"image_url": {"url": "https://e.org/1"}}]),
        piece(images=[{"image_url": {"url": "https://e.org/2"}}], finish="stop"),
    )
    text, *pictures = reply.message.content
    assert [citation.url for citation in reply.citations] == ["https://e.org"]
    assert isinstance(text, Text)
    assert pictures == [Image(url="https://e.org/1"), Image(url="https://e.org/2")]


def test_reasoning_details_are_joined_by_index_and_kept() -> None:
    reply = streamed(
        piece(reasoning_details=[{"type": "reasoning.text", "text": "H", "index": 0}]),
        piece(reasoning_details=[{"type": "reasoning.text", "text": "m", "index": 0, "signature": None}]),
        piece(reasoning_details=[{"type": "reasoning.text", "signature": "S", "index": 0}]),
        piece(
            reasoning_details=[{"type": "reasoning.encrypted", "data": "X", "index": 1}, {"type": "reasoning.other"}]
        ),
        piece(content="Yes", finish="stop"),
    )
    (thought, _) = reply.message.content
    blocks = [
        {"type": "reasoning.text", "text": "Hm", "index": 0, "signature": "S"},
        {"type": "reasoning.encrypted", "data": "X", "index": 1},
        {"type": "reasoning.other"},
    ]
    assert thought == Reasoning(text="Hm", extra={"reasoning_details": blocks})


def test_details_alone_are_reasoning_and_not_text() -> None:
    reply = streamed(piece(reasoning_details=[{"type": "reasoning.encrypted", "data": "X"}]), piece(finish="stop"))
    (part,) = reply.message.content
    assert isinstance(part, Reasoning)


def test_thinking_among_text_in_lists() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]
    reply = streamed(piece(content=thinking), piece(content=[{"type": "text", "text": "Yes"}], finish="stop"))
    assert (reply.reasoning, reply.text) == ("Hm", "Yes")


def test_several_answers_come_apart() -> None:
    reply = streamed(piece(0, content="a"), piece(1, content="b"), piece(0, finish="stop"), piece(1, finish="length"))
    assert (reply.text, reply.finish_reason) == ("a", "stop")
    assert [(one.message.text, one.finish_reason) for one in reply.alternatives] == [("b", "length")]


def test_log_probabilities_come_with_their_text_or_alone() -> None:
    logprobs = {"content": [{"token": "a", "logprob": -1}]}
    with_text, alone = piece(content="a"), piece()
    for value in (with_text, alone):
        value["choices"][0]["logprobs"] = logprobs
    assert len(streamed(with_text, alone, piece(finish="stop")).logprobs) == 2
    assert [len(chunk.logprobs) for chunk in chunks_of(event(with_text) + DONE) if chunk.text] == [1]


@pytest.mark.parametrize(
    "last",
    [
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}},
        {"x_groq": {"id": "r", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}, "choices": []},
    ],
)
def test_usage_comes_where_the_server_tells_it(last: dict[str, Any]) -> None:
    assert streamed(piece(content="x", finish="stop"), last).usage == Usage(input_tokens=3, output_tokens=2)


def test_null_usage_is_no_usage() -> None:
    assert not streamed({**piece(content="x", finish="stop"), "usage": None, "x_groq": {"id": "r"}}).usage.is_reported


def test_comments_blank_data_and_an_odd_mark_at_the_end_do_no_harm() -> None:
    body = b": OPENROUTER PROCESSING\n\n" + event(piece(content="x")) + b"data: \n\n" + b"data: [DONE] \n\n"
    assert folded(chunks_of(body)).text == "x"


# --- The end ---------------------------------------------------------------------------------------------------------


def test_a_finish_reason_is_enough_without_a_mark() -> None:
    body = event(piece(content="x")) + event(piece(finish="stop"))
    assert folded(chunks_of(body)).text == "x"
    assert folded(chunks_of(body, cut=True)).text == "x"


def test_the_mark_is_enough_without_a_finish_reason() -> None:
    reply = folded(chunks_of(event(piece(content="x")) + DONE))
    assert (reply.text, reply.finish_reason) == ("x", None)


@pytest.mark.parametrize("cut", [True, False])
def test_a_cut_stream_raises_before_its_finish(cut: bool) -> None:
    with pytest.raises(StreamCutError, match="connection broke" if cut else "stream ended"):
        chunks_of(event(piece(content="x")), cut=cut)
    with pytest.raises(StreamCutError):
        chunks_of(b"", cut=cut)


def test_one_of_two_answers_that_ended_is_not_enough() -> None:
    with pytest.raises(StreamCutError):
        chunks_of(event(piece(0, content="x", finish="stop")) + event(piece(1, content="y")))


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (event({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}), RateLimitError),
        (event({"error": {"message": "boom"}}), ServerError),
        (event({"error": {"message": "bad", "code": 400}, "choices": [{"delta": {}}]}), BadRequestError),
        (event({"object": "error", "message": "boom", "code": 500}), ServerError),
        (b"event: error\n" + event({"error": "boom"}), ServerError),
    ],
)
def test_an_error_in_mid_stream_is_raised(frame: bytes, kind: type[ProviderError]) -> None:
    with pytest.raises(kind):
        chunks_of(event(piece(content="x")) + frame)


def test_an_error_event_without_an_error_and_nonsense_are_decode_errors() -> None:
    with pytest.raises(DecodeError, match="tells no error"):
        chunks_of(b'event: error\ndata: {"x":1}\n\n')
    with pytest.raises(DecodeError, match="no piece"):
        chunks_of(b"data: <html>\n\n")


# --- A whole body in place of a stream -------------------------------------------------------------------------------

WHOLE = {
    "id": "c1",
    "object": "chat.completion",
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Blue",
                "tool_calls": [
                    {"id": "a", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "function": {"name": "g", "arguments": "{}"}},
                ],
            },
            "delta": {"content": ""},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2},
}


def test_a_whole_answer_to_a_request_for_a_stream_is_that_answer() -> None:
    body = json.dumps(WHOLE, indent=2).encode()
    whole = ChatCompletions().decode(HttpResponse(ResponseHead(200), body), REQUEST, TARGET)
    assert folded(chunks_of(body, "application/json")) == msgspec.structs.replace(whole, raw_body=b"")


def test_a_whole_answer_without_a_reason_has_ended_too() -> None:
    body = json.dumps({"choices": [{"message": {"content": "x"}}]}).encode()
    assert folded(chunks_of(body, "application/json")).text == "x"
    assert folded(chunks_of(b"data: " + body + b"\n\n")).text == "x"


def test_an_error_in_place_of_a_stream_is_raised() -> None:
    with pytest.raises(RateLimitError):
        chunks_of(b'{"error":{"message":"slow","code":429}}', "application/json")
    with pytest.raises(StreamCutError):
        chunks_of(b"", "application/json")


def test_a_stream_under_a_wrong_content_type_is_read_as_one() -> None:
    assert folded(chunks_of(event(piece(content="x")) + DONE, "application/json")).text == "x"


def test_a_server_whose_every_piece_is_strange_is_read_as_well() -> None:
    pieces = [{**piece(content=f"{number} "), "own": number} for number in range(30)]
    body = b"".join(event(one) for one in pieces) + event(piece(finish="stop"))
    assert "".join(chunk.text for chunk in chunks_of(body)) == "".join(f"{number} " for number in range(30))


def test_plain_and_strange_pieces_in_any_order_give_the_same_text() -> None:
    pieces = [piece(content=f"{number} ") if number % 3 else {**piece(content="x "), "own": 1} for number in range(30)]
    body = b"".join(event(one) for one in pieces) + event(piece(finish="stop"))
    expected = "".join(f"{number} " if number % 3 else "x " for number in range(30))
    assert "".join(chunk.text for chunk in chunks_of(body)) == expected
