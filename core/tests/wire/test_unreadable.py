"""JSON that can't be read is a `DecodeError`, whichever way it can't and whichever format it is in."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan.contracts.http import Frame, HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.wire.anthropic import AnthropicErrors, Messages
from modelscan.wire.gemini import GeminiErrors, GenerateContent
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses

TARGET = Target(base_urls={"default": "https://api.example.org"}, model="m")
CHAT = ChatRequest(messages=(user("Hello"),))
HEAD = ResponseHead(200, (("content-type", "text/event-stream"),))
UNREADABLE = {
    "cut": b'{"id": "',
    "not UTF-8": b'{"id": "\xff", "type": "\xff", "modelVersion": "\xff"}',
    "nested beyond the stack": b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}
each = pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())


@each
@pytest.mark.parametrize("operation", [ChatCompletions(), Responses(), Messages(), GenerateContent()])
def test_a_reply_that_cannot_be_read_is_no_reply(operation: Any, body: bytes) -> None:
    with pytest.raises(DecodeError):
        operation.decode(HttpResponse(HEAD, body), CHAT, TARGET)
    with pytest.raises(DecodeError):
        operation.decoder(HEAD, CHAT, TARGET).feed(Frame(body))


@each
def test_vectors_that_cannot_be_read_are_none(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Embeddings().decode(HttpResponse(HEAD, body), EmbedRequest(inputs=("x",)), TARGET)


@each
@pytest.mark.parametrize("errors", [OpenAIErrors(), AnthropicErrors(), GeminiErrors()])
def test_an_error_that_cannot_be_read_is_one_of_its_status(errors: Any, body: bytes) -> None:
    assert errors.error(HttpResponse(ResponseHead(503), body)).status == 503
