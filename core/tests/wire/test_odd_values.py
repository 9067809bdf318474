"""A value of a wrong kind costs that value and not the reply; what can't be left out is a `DecodeError`.

Each of these broke a codec when its replies were fuzzed (tests/fuzz).
"""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import Frame, HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError, ProviderError, RateLimitError
from modelscan.types.chat import AudioOptions, ChatReply, ChatRequest
from modelscan.types.content import Audio, Citation, ProviderPart, Text, ToolCall
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.wire.anthropic import Messages
from modelscan.wire.gemini import GeminiErrors, GenerateContent
from modelscan.wire.gemini.embed import EmbedContent
from modelscan.wire.loose import count, listed, objects, one_object, text, whole_number
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.waits import retry_after_s

TARGET = Target(base_urls={"default": "https://api.example.org"}, model="m")
CHAT = ChatRequest(messages=(user("Hello"),))
SPOKEN = ChatRequest(messages=(user("Hello"),), audio=AudioOptions("v"))
SSE = ResponseHead(200, (("content-type", "text/event-stream"),))
JSON = ResponseHead(200, (("content-type", "application/json"),))


def decoded(operation: Any, body: Any, request: ChatRequest = CHAT) -> ChatReply[None]:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    reply: ChatReply[None] = operation.decode(HttpResponse(JSON, data), request, TARGET)
    return reply


def fed(operation: Any, *events: Any, head: ResponseHead = SSE) -> None:
    decoder = operation.decoder(head, CHAT, TARGET)
    for event in events:
        decoder.feed(Frame(event if isinstance(event, bytes) else msgspec.json.encode(event)))


def completion(usage: Any = None, **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": "x", **message}, "finish_reason": "stop"}], "usage": usage}


def gemini(*parts: Any, **fields: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP", **fields}]}


def test_a_loose_value_is_of_its_kind_or_none() -> None:
    assert [text(value) for value in ("a", None, 1, ["a"])] == ["a", "", "", ""]
    assert [whole_number(value) for value in (0, -3, 1.0, True, "1", None, 2**60)] == [0, -3, *[None] * 5]
    assert [count(value) for value in (2, 2.0, None, -1, 1e300, 10**400, float("nan"), "2", True)] == [2, 2, *[0] * 7]
    assert (count(None, 0, 3, 4), count()) == (3, 0)
    assert (listed([1]), listed("ab"), objects([{}, 1]), objects(5)) == ([1], [], [{}], [])
    assert (one_object({"a": 1}), one_object([])) == ({"a": 1}, {})


@pytest.mark.parametrize("odd", [5, None, [], {"a": 1}, "²"])
def test_a_source_of_chat_completions_with_odd_values_is_a_source(odd: Any) -> None:
    cited = {"url": odd, "title": odd, "content": odd, "start_index": odd, "end_index": "x"}
    (found,) = decoded(
        ChatCompletions(), completion(annotations=[{"type": "url_citation", "url_citation": cited}])
    ).citations
    told = odd if isinstance(odd, str) else ""
    assert found == Citation(
        url=told, title=told, text=told, start=odd if odd == 5 else None, location="url", extra=found.extra
    )


def test_counts_that_cannot_be_counts_are_zero() -> None:
    usage = decoded(ChatCompletions(), completion({"prompt_tokens": 1e300, "completion_tokens": -7})).usage
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)
    usage = decoded(Messages(), {"content": [], "usage": {"input_tokens": -3, "output_tokens": 2**63}}).usage
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)
    body = {**gemini({"text": "x"}), "usageMetadata": {"promptTokenCount": -3, "candidatesTokenCount": 4}}
    assert decoded(GenerateContent(), body).usage.input_tokens == 0


def test_details_of_reasoning_that_are_no_text_are_not_read() -> None:
    reply = decoded(ChatCompletions(), completion(reasoning_details=[{"text": 5, "summary": "Hm"}, {"text": {}}]))
    assert reply.reasoning == "Hm"


@pytest.mark.parametrize("status", ["²²²", "9" * 5000, "40", "299"])
def test_a_status_in_a_body_that_is_none_is_not_one(status: str) -> None:
    error = OpenAIErrors().error(HttpResponse(JSON, msgspec.json.encode({"error": {"message": "x", "code": status}})))
    assert error is not None
    assert error.status == 200


@pytest.mark.parametrize("wait", [".s", "1.2.3s", "9" * 5000 + "h", "9" * 5000 + "s"])
def test_a_wait_that_is_no_number_is_none(wait: str) -> None:
    body = msgspec.json.encode({"error": {"message": f"Please try again in {wait}", "code": "rate_limit_exceeded"}})
    error = OpenAIErrors().error(HttpResponse(ResponseHead(429), body))
    assert isinstance(error, RateLimitError)
    assert error.retry_after_s in (None, 1.2)


def test_a_complaint_nested_without_end_is_read_as_far_as_anybody_nests() -> None:
    nested: Any = "deep"
    for _ in range(300):
        nested = [{"msg": nested, "loc": 5}]
    error = OpenAIErrors().error(HttpResponse(ResponseHead(422), msgspec.json.encode({"detail": nested})))
    assert isinstance(error, ProviderError)
    shallow = {"detail": [{"msg": "wrong", "loc": ["body", 0]}]}
    error = OpenAIErrors().error(HttpResponse(ResponseHead(422), msgspec.json.encode(shallow)))
    assert error is not None
    assert error.message == "body.0: wrong"


def test_vectors_and_pictures_that_are_no_base64_are_a_decode_error() -> None:
    response = HttpResponse(JSON, msgspec.json.encode({"data": [{"embedding": "ä"}]}))
    with pytest.raises(DecodeError, match="base64"):
        Embeddings().decode(response, EmbedRequest(inputs=("x",)), TARGET)
    with pytest.raises(DecodeError, match="base64"):
        decoded(ChatCompletions(), completion(images=[{"image_url": "data:image/png;base64,ä"}]))


@pytest.mark.parametrize("odd", [5, "x", {"a": 1}, [5], None])
def test_items_of_a_response_with_odd_values_are_read_without_them(odd: Any) -> None:
    items = [
        {"type": "message", "content": odd},
        {"type": "message", "content": [{"type": "output_text", "text": "Blue", "annotations": odd, "logprobs": odd}]},
        {"type": "message", "content": [{"type": "refusal", "refusal": odd}]},
        {"type": "reasoning", "summary": odd, "id": odd, "encrypted_content": odd},
        {"type": "function_call", "call_id": odd, "name": odd, "arguments": odd},
        {"type": "image_generation_call", "result": odd},
        {"type": "web_search_call", "action": odd},
    ]
    reply = decoded(Responses(), {"object": "response", "output": items, "status": "completed"})
    assert "Blue" in reply.text
    assert msgspec.json.decode(msgspec.json.encode(reply), type=ChatReply[None]) == reply


def test_a_response_that_cannot_be_read_in_place_of_a_stream_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        fed(Responses(), {"object": "response", "output": 5}, head=JSON)
    with pytest.raises(DecodeError):
        fed(Responses(), {"type": "response.output_text.delta", "output_index": 2**62, "delta": "x"})


@pytest.mark.parametrize("odd", [5, None, {"a": 1}, ["x"]])
@pytest.mark.parametrize("kind", ["char_location", "search_result_location", "web_search_result_location", {"a": 1}])
def test_a_source_of_a_message_with_odd_values_is_a_source(kind: Any, odd: Any) -> None:
    names = (
        *("cited_text", "url", "title", "source", "document_title", "document_index"),
        *("start_char_index", "end_char_index", "start_block_index", "end_block_index"),
    )
    block = {"type": "text", "text": "Blue", "citations": [{"type": kind, **dict.fromkeys(names, odd)}]}
    reply = decoded(Messages(), {"content": [block]})
    assert len(reply.citations) == 1
    assert msgspec.json.decode(msgspec.json.encode(reply), type=ChatReply[None]) == reply


@pytest.mark.parametrize("block", [b'{"type":"tool_use","input":"\xff"}', b'{"type":"new","x":"\xff"}', b'"\xff"'])
def test_a_content_block_that_is_not_utf8_is_a_decode_error(block: bytes) -> None:
    with pytest.raises(DecodeError):
        decoded(Messages(), b'{"content":[' + block + b"]}")
    with pytest.raises(DecodeError):
        fed(Messages(), b'{"type":"content_block_start","content_block":' + block + b"}")


def test_a_text_block_that_cannot_be_read_is_kept_whole() -> None:
    reply = decoded(Messages(), {"content": [{"type": "text", "text": 5}]})
    assert reply.message.content == (ProviderPart(kind="text", extra={"type": "text", "text": 5}),)


def test_a_delta_of_a_vendors_own_block_that_is_not_utf8_is_a_decode_error() -> None:
    start = {"type": "content_block_start", "content_block": {"type": "server_tool_use"}}
    with pytest.raises(DecodeError):
        fed(Messages(), start, b'{"type":"content_block_delta","delta":{"type":"x","y":"\xff"}}')


@pytest.mark.parametrize("odd", [5, "x", None, [5], {"a": 1}, [{"segment": 5, "groundingChunkIndices": [0, "x", 9]}]])
def test_grounding_with_odd_values_is_read_without_them(odd: Any) -> None:
    for grounding in (
        {"groundingChunks": odd, "groundingSupports": odd, "webSearchQueries": odd},
        {"groundingChunks": [{"web": {"uri": odd, "title": odd}}], "groundingSupports": odd},
        {
            "groundingChunks": [{"web": {}}],
            "groundingSupports": [
                {
                    "segment": {"startIndex": odd, "endIndex": odd},
                    "groundingChunkIndices": [0],
                    "confidenceScores": odd,
                }
            ],
        },
    ):
        recited = {"citationSources": [{"uri": odd, "title": odd, "startIndex": odd, "endIndex": odd}, odd]}
        body = gemini({"text": "Blue"}, groundingMetadata=grounding, citationMetadata=recited)
        reply = decoded(GenerateContent(), body)
        assert reply.text == "Blue"
        assert msgspec.json.decode(msgspec.json.encode(reply), type=ChatReply[None]) == reply


@pytest.mark.parametrize("part", [b'{"x":"\xff"}', b'{"functionCall":{"args":{"a":"\xff"}}}'])
def test_a_part_that_is_not_utf8_is_a_decode_error(part: bytes) -> None:
    with pytest.raises(DecodeError):
        decoded(GenerateContent(), b'{"candidates":[{"content":{"parts":[' + part + b"]}}]}")


def test_sound_of_an_impossible_rate_has_the_usual_one() -> None:
    samples = {"mimeType": f"audio/L16;rate={'9' * 20}", "data": base64.b64encode(b"\0\0").decode()}
    (part,) = decoded(GenerateContent(), gemini({"inlineData": samples}), SPOKEN).message.content
    assert isinstance(part, Audio)
    assert part.data is not None
    assert part.data[24:28] == (24_000).to_bytes(4, "little")


def call(*pieces: Any) -> dict[str, Any]:
    return gemini({"functionCall": {"name": "f", "partialArgs": list(pieces), "willContinue": True}})


def test_a_piece_of_an_argument_far_beyond_its_list_is_a_decode_error() -> None:
    with pytest.raises(DecodeError, match="item 9999"):
        fed(GenerateContent(), call({"jsonPath": "$.a[9999]", "numberValue": 1}))


def test_arguments_of_endless_paths_and_numbers_are_written_as_json() -> None:
    decoder = GenerateContent().decoder(SSE, CHAT, TARGET)
    pieces = [{"jsonPath": "$" + ".a" * 9000, "boolValue": True}, {"jsonPath": "$.b", "numberValue": 1e300}]
    decoder.feed(Frame(msgspec.json.encode(call(*pieces, {"jsonPath": f"$.c[{'9' * 5000}]"}))))
    told = "".join([chunk.tool_call.arguments for chunk in decoder.finish(cut=False) if chunk.tool_call])
    assert msgspec.json.decode(told) == {"b": 1e300}
    with pytest.raises(DecodeError):
        fed(GenerateContent(), b'{"candidates":[{"content":{"parts":[{"functionCall":{"args":{"a":"\xff"}}}]}}]}')


def test_a_wait_of_an_impossible_length_is_none() -> None:
    details = [{"@type": "google.rpc.RetryInfo", "retryDelay": "9" * 400 + "s"}]
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}
    error = GeminiErrors().error(HttpResponse(ResponseHead(429), msgspec.json.encode(body)))
    assert error is not None
    assert error.retry_after_s is None
    assert retry_after_s((("retry-after", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"),)) is None


def test_text_beside_odd_values_is_still_text() -> None:
    content = [{"type": "thinking", "thinking": [{"text": "Hm"}, {"text": 5}, 5]}, {"text": 5}, {"text": "Blue"}]
    reply = decoded(ChatCompletions(), completion(content=content))
    assert (reply.text, reply.reasoning) == ("Blue", "Hm")
    (called,) = decoded(
        ChatCompletions(), completion(content=None, tool_calls=[{"function": {"name": "f", "arguments": 5}}])
    ).message.content
    assert isinstance(called, ToolCall)
    assert called.arguments == "5"
    assert Text(text="Blue") in reply.message.content


def test_numbers_that_are_none_are_no_part_of_a_vector() -> None:
    written = base64.b64encode(b"\0\0\xc0\x7f").decode()
    response = HttpResponse(JSON, msgspec.json.encode({"data": [{"embedding": written}]}))
    with pytest.raises(DecodeError, match="no number"):
        Embeddings().decode(response, EmbedRequest(inputs=("x",)), TARGET)
    response = HttpResponse(JSON, msgspec.json.encode({"embeddings": [{"values": ["NaN", 1]}]}))
    with pytest.raises(DecodeError, match="no number"):
        EmbedContent().decode(response, EmbedRequest(inputs=("x",)), TARGET)


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", None])
def test_a_log_probability_that_is_no_number_is_the_least(odd: Any) -> None:
    chosen = {"chosenCandidates": [{"token": "a", "logProbability": odd}]}
    reply = decoded(GenerateContent(), gemini({"text": "a"}, logprobsResult=chosen))
    assert reply.logprobs[0].logprob == -9999.0
