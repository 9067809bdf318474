"""Embeddings, the list of models, and the bounds of the meter."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError, UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Audio, Image, ToolResult
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.messages import Message, assistant, user
from modelscan.types.tools import ProviderTool, Tool
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import EMBED_WORDS, CompatibleMeter, Embeddings, Models

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="text-embedding-3-small")


def body(request: EmbedRequest, embeddings: Embeddings | None = None) -> dict[str, Any]:
    encoded = (embeddings or Embeddings()).encode(request, TARGET)
    assert encoded.url == "https://api.openai.com/v1/embeddings"
    assert isinstance(encoded.body, bytes)
    return json.loads(encoded.body)  # type: ignore[no-any-return]


def decoded(value: Any, count: int = 2) -> EmbedReply:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Embeddings().decode(HttpResponse(ResponseHead(200), raw), EmbedRequest(inputs=("x",) * count), TARGET)


def test_texts_go_out_as_they_are() -> None:
    assert body(EmbedRequest(inputs=("a", "b"), dimensions=8, end_user="u", extra={"x": 1})) == {
        "model": "text-embedding-3-small",
        "input": ["a", "b"],
        "dimensions": 8,
        "user": "u",
        "x": 1,
    }
    assert body(EmbedRequest(inputs=("a",)), Embeddings(encoding="base64"))["encoding_format"] == "base64"


def test_a_field_or_a_picture_without_a_word_is_refused_here() -> None:
    with pytest.raises(UnsupportedError, match="purpose"):
        body(EmbedRequest(inputs=("a",), purpose="query"))
    with pytest.raises(UnsupportedError, match="nothing but text"):
        body(EmbedRequest(inputs=(Image(url="https://e.org/a.png"),)))
    dialect = Embeddings(words={**EMBED_WORDS, "truncate": "truncate"})
    assert body(EmbedRequest(inputs=("a",), truncate=True), dialect)["truncate"] is True


def test_vectors_come_in_the_order_of_the_inputs_in_either_encoding() -> None:
    packed = base64.b64encode(struct.pack("<2f", 0.5, -1.0)).decode()
    reply = decoded(
        {
            "model": "m",
            "data": [{"index": 1, "embedding": [1, 2.5]}, {"index": 0, "embedding": packed}],
            "usage": {"prompt_tokens": 4, "total_tokens": 4},
        }
    )
    assert reply.vectors == ((0.5, -1.0), (1.0, 2.5))
    assert (reply.model, reply.usage) == ("m", Usage(input_tokens=4))


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"total_tokens": 4}, Usage(input_tokens=4)),
        ({"prompt_tokens": 4, "completion_tokens": 9}, Usage(input_tokens=4)),
        ({}, Usage(is_reported=False)),
        (None, Usage(is_reported=False)),
    ],
)
def test_usage_of_embeddings_is_input_alone(usage: Any, expected: Usage) -> None:
    assert decoded({"data": [{"embedding": [1.0]}], "usage": usage}, 1).usage == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"{}", "no embeddings"),
        ({"data": [{"embedding": [1.0]}]}, "2 texts were sent and 1 vectors"),
        ({"data": [{"embedding": "AAA="}, {"embedding": "AAA="}]}, "whole number"),
        ({"data": [{"embedding": "?"}, {"embedding": "?"}]}, "base64"),
    ],
)
def test_what_is_no_vector_for_each_text_is_a_decode_error(value: Any, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        decoded(value)


def test_models_are_listed_from_either_shape() -> None:
    models = Models()
    request = models.encode(None, TARGET)
    assert (request.method, request.url, request.repeat) == ("GET", "https://api.openai.com/v1/models", "safe")
    for raw in (b'{"object":"list","data":[{"id":"b"},{"id":"a"},{"id":null}]}', b'[{"id":"b"},{"id":"a"}]'):
        assert models.decode(HttpResponse(ResponseHead(200), raw), None, TARGET) == ("b", "a")
    with pytest.raises(DecodeError, match="list of models"):
        models.decode(HttpResponse(ResponseHead(200), b"{}"), None, TARGET)


# --- The meter -------------------------------------------------------------------------------------------------------


def bound(request: Any) -> dict[str, int | None]:
    return dict(CompatibleMeter().bound(request, TARGET))


def test_a_bound_is_no_less_than_the_bytes_that_are_sent() -> None:
    text = "Grüße " * 100
    found = bound(ChatRequest(messages=(user(text),), tools=(Tool("f", "x" * 50),), max_output_tokens=10, choices=3))
    assert found["input_tokens"] is not None
    assert found["input_tokens"] > len(text.encode()) + 50
    assert found["output_tokens"] == 33, "a token beyond the cap for each, as one host bills it"


def test_output_without_a_cap_has_no_bound() -> None:
    assert bound(ChatRequest(messages=(user("Hi"),)))["output_tokens"] is None


@pytest.mark.parametrize("extra", [{"max_tokens": 99}, {"n": 4}, {"prediction": {"content": "x"}}])
def test_a_field_that_asks_for_more_output_takes_the_bound_away(extra: dict[str, Any]) -> None:
    assert bound(ChatRequest(messages=(user("Hi"),), max_output_tokens=9, extra=extra))["output_tokens"] is None


def test_what_only_one_host_has_is_bounded_by_its_bytes_too() -> None:
    plain = bound(ChatRequest(messages=(user("Hi"),)))["input_tokens"]
    more = bound(ChatRequest(messages=(user("Hi"),), extra={"documents": ["x" * 500]}))["input_tokens"]
    assert plain is not None
    assert more is not None
    assert more > plain + 500


def test_a_definition_says_how_much_its_host_hides() -> None:
    request = ChatRequest(messages=(user("Hi"),), max_output_tokens=10)
    open_, closed = (CompatibleMeter(hidden_tokens=hidden).bound(request, TARGET) for hidden in (0, 500))
    assert (closed["input_tokens"] or 0) - (open_["input_tokens"] or 0) == 500
    assert CompatibleMeter(tokens_beyond_cap=0).bound(request, TARGET)["output_tokens"] == 10


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": (user(Image(url="https://e.org/a.png")),)},
        {"messages": (Message("tool", (ToolResult(call_id="c", content=(Image(data=b"x"),)),)),)},
        {"messages": (assistant(Audio(data=b"x", id="audio_1", transcript="Hello")),)},
        {"messages": (user("Hi"),), "tools": (ProviderTool("web_search"),)},
        {"messages": (user("Hi"),), "extra": {"web_search_options": {}}},
        {"messages": (user("Hi"),), "extra": {"tools": [{"type": "web_search"}]}},
        {"messages": (user("Hi", Image(path="a.png")),)},
    ],
)
def test_what_the_vendor_adds_or_counts_by_itself_has_no_bound(fields: dict[str, Any]) -> None:
    assert bound(ChatRequest(**fields))["input_tokens"] is None


def test_texts_for_vectors_are_bounded_by_their_bytes() -> None:
    assert bound(EmbedRequest(inputs=("ü", "ab"))) == {"input_tokens": 12, "output_tokens": 0}
    assert bound(EmbedRequest(inputs=(Image(url="https://e.org/a.png"),)))["input_tokens"] is None
