"""A request that a server can't read, or whose values are of wrong kinds, is refused: all three families."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest
from modelscan.errors import BadRequestError
from modelscan.wire.anthropic import MessagesServer
from modelscan.wire.gemini import GeminiServer
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer

SAID = {"role": "user", "content": "Hello"}
ASKED: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "chat completions": (OpenAIServer(), "/v1/chat/completions", {"model": "m", "messages": [SAID]}),
    "embeddings": (OpenAIServer(), "/v1/embeddings", {"model": "m", "input": ["x"]}),
    "responses": (ResponsesServer(), "/v1/responses", {"model": "m", "input": [SAID]}),
    "messages": (MessagesServer(), "/v1/messages", {"model": "m", "max_tokens": 9, "messages": [SAID]}),
    "gemini": (GeminiServer(), "/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": "Hello"}]}]}),
    "gemini embeddings": (GeminiServer(), "/v1beta/models/m:embedContent", {"content": {"parts": [{"text": "x"}]}}),
}
WRONG: dict[str, dict[str, Any]] = {
    "chat completions": {"temperature": "hot"},
    "embeddings": {"dimensions": {"a": 1}},
    "responses": {"max_output_tokens": [5]},
    "messages": {"stop_sequences": [{"a": 1}]},
    "gemini": {"generationConfig": {"maxOutputTokens": "many"}},
    "gemini embeddings": {"outputDimensionality": "many"},
}
BODIES = {
    "not UTF-8": b'{"model": "\xff"}',
    "nested beyond the stack": b'{"x": ' + b"[" * 100_000,
    "an array": b"[]",
    "nothing": b"",
}
each = pytest.mark.parametrize("name", ASKED)


def parsed(name: str, body: bytes) -> Any:
    server, url, _ = ASKED[name]
    return server.parse(HttpRequest(url=url, body=body))


@each
def test_a_request_of_right_kinds_is_taken(name: str) -> None:
    assert parsed(name, msgspec.json.encode(ASKED[name][2])).model == "m"


@each
def test_a_value_of_a_wrong_kind_is_refused(name: str) -> None:
    with pytest.raises(BadRequestError, match="no request of this API"):
        parsed(name, msgspec.json.encode(ASKED[name][2] | WRONG[name]))


@each
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_read_is_refused(name: str, body: bytes) -> None:
    with pytest.raises(BadRequestError, match="no JSON object"):
        parsed(name, body)
