"""What comes in answer to a request for a stream: an array as it grows, one whole body, an error, a page."""

from __future__ import annotations

import msgspec
import pytest

from modelscan.contracts.http import Frame, HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError, OverloadedError, StreamCutError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.messages import user
from modelscan.wire.gemini import GenerateContent
from modelscan.wire.gemini.framing import framing_of

TARGET = Target(base_urls={"default": "https://g.example/v1beta"}, model="gemini-2.5-flash")
REQUEST = ChatRequest(messages=(user("Hello"),))
JSON = ResponseHead(200, (("content-type", "application/json; charset=UTF-8"),))
ANSWER = {
    "candidates": [{"content": {"parts": [{"text": "Blue"}], "role": "model"}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    "modelVersion": "m",
    "responseId": "r",
}


def read(body: bytes, head: ResponseHead = JSON) -> ChatReply[None]:
    decoder = GenerateContent().decoder(head, REQUEST, TARGET)
    fold = ChatFold()
    for frame in [*decoder.framing.feed(body[:1]), *decoder.framing.feed(body[1:]), *decoder.framing.finish()]:
        fold.extend(decoder.feed(frame))
    fold.extend(decoder.finish(cut=False))
    return fold.reply()


def test_a_whole_answer_to_a_request_for_a_stream_is_that_answer() -> None:
    body = msgspec.json.encode(ANSWER)
    whole = GenerateContent().decode(HttpResponse(JSON, body), REQUEST, TARGET)
    assert read(body) == msgspec.structs.replace(whole, raw_body=b"")
    assert read(b"\n[" + body + b"]") == read(body)


def test_an_element_of_an_array_is_told_before_the_array_ends() -> None:
    framing = framing_of(JSON)
    assert [*framing.feed(b" \n"), *framing.feed(b'[{"a":1}')] == [Frame(b'{"a":1}')]
    with pytest.raises(StreamCutError):
        framing.finish()


def test_an_error_in_place_of_a_stream_is_raised() -> None:
    with pytest.raises(OverloadedError, match="busy"):
        read(b'{"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}')


def test_a_page_in_place_of_a_stream_is_told_for_what_it_is() -> None:
    with pytest.raises(DecodeError):
        read(b"<html>busy</html>", ResponseHead(200, (("content-type", "text/html"),)))


def test_nothing_in_place_of_a_stream_is_a_cut() -> None:
    with pytest.raises(StreamCutError):
        read(b" ")
