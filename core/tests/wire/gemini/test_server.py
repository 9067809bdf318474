"""What another vendor's model said, told in this format by the server."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest, ResponseHead, Target
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest, ToolCallDelta
from modelscan.types.content import Citation, Reasoning, Text, ToolCall
from modelscan.types.messages import Message, user
from modelscan.types.usage import Usage
from modelscan.wire.gemini import GeminiServer, GenerateContent

TARGET = Target(base_urls={"default": "https://g.example/v1beta"}, model="gemini-2.5-flash")
REQUEST = ChatRequest(messages=(user("Hello"),))
CALL = ToolCall(id="toolu_1", name="f", arguments='{"a":1}')


def through(reply: ChatReply[None]) -> ChatReply[None]:
    server = GeminiServer()
    response = server.reply(reply, server.parse(GenerateContent().encode(REQUEST, TARGET)))
    return msgspec.structs.replace(GenerateContent().decode(response, REQUEST, TARGET), raw_body=b"")


def streamed_through(*chunks: ChatChunk) -> ChatReply[None]:
    server = GeminiServer()
    encoder = server.stream(server.parse(GenerateContent().encode_stream(REQUEST, TARGET)))
    data = b"".join([*map(encoder.encode, chunks), encoder.finish()])
    decoder = GenerateContent().decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
    fold = ChatFold()
    for chunk in [chunk for frame in decoder.framing.feed(data) for chunk in decoder.feed(frame)]:
        fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    return fold.reply()


def reply_of(*parts: Any, **fields: Any) -> ChatReply[None]:
    return ChatReply(message=Message("assistant", parts, wire="gemini"), **fields)


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        ("stop", "STOP"),
        ("length", "MAX_TOKENS"),
        ("content_filter", "SAFETY"),
        ("pause", "CONTINUATION"),
        ("error", "MALFORMED_RESPONSE"),
        ("other", "OTHER"),
    ],
)
def test_a_reason_to_stop_is_told_in_this_vendors_words(finish: Any, word: str) -> None:
    again = through(reply_of(Text(text="a"), finish_reason=finish))
    assert (again.finish_reason, again.raw_finish_reason) == (finish, word)


def test_a_refusal_is_told_as_the_filter_s() -> None:
    assert through(reply_of(Text(text="a"), finish_reason="refusal")).finish_reason == "content_filter"


def test_usage_of_every_kind_survives() -> None:
    usage = Usage(
        input_tokens=100,
        output_tokens=50,
        cached_tokens=20,
        reasoning_tokens=10,
        audio_input_tokens=5,
        image_input_tokens=6,
        audio_output_tokens=7,
        image_output_tokens=8,
        other={"video_input_tokens": 9},
    )
    reply = reply_of(Text(text="a"), finish_reason="stop", raw_finish_reason="STOP", usage=usage, model="m", id="r")
    assert through(reply) == reply


def test_thoughts_are_told_with_or_without_a_proof() -> None:
    parts = (Reasoning(text="Hm."), Text(text="a"), Reasoning(text="Oh.", signature="s"))
    assert through(reply_of(*parts, Text(text=""), finish_reason="stop")).message.content == parts


def test_a_call_that_grows_piece_by_piece_is_told_whole() -> None:
    again = streamed_through(
        ChatChunk(text="Let me see.", id="r", model="m"),
        ChatChunk(tool_call=ToolCallDelta("toolu_1", "f", '{"a"'), index=1),
        ChatChunk(tool_call=ToolCallDelta(arguments=":1}"), index=1, signature="s"),
        ChatChunk(tool_call=ToolCallDelta("toolu_2", "g", "{}"), index=2),
        ChatChunk(refusal="No.", index=3),
        ChatChunk(finish_reason="tool_calls", usage=Usage(input_tokens=1, output_tokens=2)),
    )
    signed = msgspec.structs.replace(CALL, signature="s")
    second = ToolCall(id="toolu_2", name="g", arguments="{}")
    assert again.message.content == (Text(text="Let me see."), signed, second, Text(text="No."))
    assert (again.finish_reason, again.id, again.model) == ("tool_calls", "r", "m")
    assert again.usage == Usage(input_tokens=1, output_tokens=2)


def test_a_part_that_came_whole_takes_what_its_chunk_adds() -> None:
    cited = Citation(url="https://a.example", start=0, end=1, location="web")
    again = streamed_through(
        ChatChunk(part=Reasoning(text="Hm."), signature="s"),
        ChatChunk(part=Text(text="a"), index=1),
        ChatChunk(citations=(cited,), index=1),
        ChatChunk(finish_reason="stop"),
    )
    assert again.message.content == (Reasoning(text="Hm.", signature="s"), Text(text="a", citations=(cited,)))


def test_a_late_signature_is_told_in_a_part_of_its_own() -> None:
    again = streamed_through(ChatChunk(reasoning="Hm."), ChatChunk(signature="s"), ChatChunk(finish_reason="stop"))
    assert again.message.content == (Reasoning(text="Hm."), Text(text="", signature="s"))


def test_a_stream_that_said_nothing_has_no_answer() -> None:
    server = GeminiServer()
    encoder = server.stream(server.parse(GenerateContent().encode_stream(REQUEST, TARGET)))
    assert encoder.encode(ChatChunk(id="r")) == b""
    assert encoder.head[1][0] == ("content-type", "text/event-stream")


def test_a_whole_number_may_be_written_as_googles_sdk_does() -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"topK": 40.0, "temperature": 1.0}}
    path = "/v1beta/models/m:generateContent"
    request = GeminiServer().parse(HttpRequest(url=path, body=msgspec.json.encode(body))).request
    assert (request.top_k, request.temperature) == (40, 1.0)
