"""Embeddings, counts, lists of models, and the bounds of a request."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.errors import BadRequestError, DecodeError, MediaError, NotFoundError, UnsupportedError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Audio, File, Image, Text, ToolResult, Video
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.messages import Message, user
from modelscan.types.tools import ProviderTool, Tool
from modelscan.types.usage import Usage
from modelscan.wire.gemini import CountTokens, EmbedContent, GeminiMeter, GeminiServer, GenerateContent, Models

BASE = "https://generativelanguage.googleapis.com/v1beta"
TARGET = Target(base_urls={"default": BASE}, model="gemini-embedding-001")
ONE = EmbedRequest(inputs=("a",), purpose="query", dimensions=8)
TWO = EmbedRequest(inputs=("a", "b"), purpose="document", extra={"title": "T"})
PICTURE = EmbedRequest(inputs=(Image(data=b"png", media_type="image/png"),))


def body_of(request: HttpRequest) -> Any:
    assert isinstance(request.body, bytes)
    return json.loads(request.body)


def response(body: Any) -> HttpResponse:
    return HttpResponse(ResponseHead(200), msgspec.json.encode(body))


def test_one_input_is_a_batch_of_one() -> None:
    request = EmbedContent().encode(ONE, TARGET)
    assert request.url == f"{BASE}/models/gemini-embedding-001:batchEmbedContents"
    assert request.repeat == "safe"
    asked = {"taskType": "RETRIEVAL_QUERY", "outputDimensionality": 8}
    assert body_of(request) == {
        "requests": [{"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a"}]}, **asked}]
    }


def test_a_server_s_one_vector_is_read_by_clients_of_either_method() -> None:
    body = {"content": {"parts": [{"text": "a"}]}}
    call = GeminiServer().parse(HttpRequest(url="/v1beta/models/m:embedContent", body=msgspec.json.encode(body)))
    assert call.request == EmbedRequest(inputs=("a",))
    told = json.loads(GeminiServer().reply(EmbedReply(vectors=((1.0,),)), call).body)
    assert told == {"embedding": {"values": [1.0]}, "embeddings": [{"values": [1.0]}]}


def test_several_inputs_are_a_batch_each_with_all_that_holds_for_it() -> None:
    request = EmbedContent().encode(TWO, TARGET)
    assert request.url == f"{BASE}/models/gemini-embedding-001:batchEmbedContents"
    beside = {"model": "models/gemini-embedding-001", "taskType": "RETRIEVAL_DOCUMENT", "title": "T"}
    assert body_of(request) == {
        "requests": [
            {"content": {"parts": [{"text": "a"}]}, **beside},
            {"content": {"parts": [{"text": "b"}]}, **beside},
        ]
    }


@pytest.mark.parametrize("request_", [ONE, TWO, PICTURE])
def test_the_server_reads_what_the_client_meant(request_: EmbedRequest) -> None:
    assert GeminiServer().parse(EmbedContent().encode(request_, TARGET)).request == request_


def test_a_task_that_has_no_neutral_word_stays_as_it_is() -> None:
    request = EmbedRequest(inputs=("a",), extra={"taskType": "FACT_VERIFICATION"})
    assert GeminiServer().parse(EmbedContent().encode(request, TARGET)).request == request


@pytest.mark.parametrize(("request_", "vectors"), [(ONE, ((1.0, 2.0),)), (TWO, ((1.0,), (2.0,)))])
def test_vectors_survive_the_server(request_: EmbedRequest, vectors: tuple[tuple[float, ...], ...]) -> None:
    reply = EmbedReply(vectors=vectors, usage=Usage(input_tokens=4))
    server = GeminiServer()
    written = server.reply(reply, server.parse(EmbedContent().encode(request_, TARGET)))
    again = EmbedContent().decode(written, request_, TARGET)
    assert (again.vectors, again.usage) == (vectors, reply.usage)


def test_usage_that_nobody_reports_is_unreported() -> None:
    reply = EmbedContent().decode(response({"embedding": {"values": [1, 2]}}), ONE, TARGET)
    assert not reply.usage.is_reported


@pytest.mark.parametrize("body", [{}, {"embeddings": [{"values": [1]}]}, {"embeddings": [{}, {}]}, {"embeddings": 3}])
def test_a_body_without_a_vector_for_each_input_is_refused(body: Any) -> None:
    with pytest.raises(DecodeError):
        EmbedContent().decode(response(body), TWO, TARGET)


@pytest.mark.parametrize("fields", [{"end_user": "u"}, {"truncate": False}])
def test_what_an_embedding_has_no_word_for_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError):
        EmbedContent().encode(EmbedRequest(inputs=("a",), **fields), TARGET)


def test_an_image_that_is_not_made_ready_is_refused() -> None:
    with pytest.raises(MediaError):
        EmbedContent().encode(EmbedRequest(inputs=(Image(url="https://a.example/a.png"),)), TARGET)


def test_counts_and_names_are_read() -> None:
    chat = ChatRequest(messages=(user("a"),))
    assert CountTokens().decode(response({"totalTokens": 8}), chat, TARGET) == 8
    assert CountTokens().decode(response({}), chat, TARGET) == 0
    listed = {"models": [{"name": "models/a"}, {"name": "tunedModels/b"}]}
    assert Models().decode(response(listed), None, TARGET) == ("a", "tunedModels/b")
    with pytest.raises(DecodeError):
        CountTokens().decode(response([]), chat, TARGET)
    with pytest.raises(DecodeError):
        Models().decode(response({"models": [{}]}), None, TARGET)


# --- Requests that a server refuses, and the vendor's own words that it keeps -----------------------------------------


def parsed(body: Any, path: str = "/v1beta/models/m:generateContent") -> Any:
    return GeminiServer().parse(HttpRequest(url=path, body=msgspec.json.encode(body))).request


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"contents": 3},
        {"contents": [{"parts": [{"text": 3}]}]},
        {"contents": [{"role": "user"}]},
        {"contents": [], "tools": [{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}]},
    ],
)
def test_a_body_that_is_no_request_is_refused(body: Any) -> None:
    with pytest.raises(BadRequestError):
        parsed(body)


def test_an_embedding_without_content_is_refused() -> None:
    with pytest.raises(BadRequestError):
        parsed({}, "/v1beta/models/m:embedContent")
    with pytest.raises(BadRequestError):
        parsed({"content": {"parts": [{"functionCall": {"name": "f"}}]}}, "/v1beta/models/m:embedContent")


@pytest.mark.parametrize("path", ["/v1beta/files", "/v1beta/models/m:predict"])
def test_a_path_that_is_not_served_is_not_found(path: str) -> None:
    with pytest.raises(NotFoundError):
        parsed({}, path)


@pytest.mark.parametrize(
    "beside",
    [
        {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}}},
        {"toolConfig": {"retrievalConfig": {"languageCode": "de"}}},
        {"generationConfig": {"responseSchema": {"type": "OBJECT"}}},
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "NEW"}}},
        {"generationConfig": {"thinkingConfig": {}}},
        {"generationConfig": {"responseModalities": ["VIDEO"]}},
        {"generationConfig": {"speechConfig": {"languageCode": "de-DE"}}},
        {"generationConfig": {"speechConfig": {"voiceConfig": {"replicatedVoiceConfig": {}}}}},
        {"labels": {"a": "b"}},
    ],
)
def test_what_has_no_neutral_word_is_kept_and_sent_again(beside: dict[str, Any]) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "a"}]}], **beside}
    request = parsed(body)
    assert request.extra == beside
    assert body_of(GenerateContent().encode(request, TARGET)) == body


def test_a_result_of_the_functions_own_shape_is_kept() -> None:
    answered = {"functionResponse": {"id": "c", "name": "f", "response": {"sun": True}, "scheduling": "SILENT"}}
    body = {"contents": [{"role": "user", "parts": [answered]}]}
    request = parsed(body)
    assert request.messages[0].content[0].text == '{"sun":true}'
    assert body_of(GenerateContent().encode(request, TARGET)) == body


def test_a_document_in_a_result_is_a_file() -> None:
    blob = {"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}}
    answered = {"functionResponse": {"name": "f", "response": {"output": ""}, "parts": [blob]}}
    (message,) = parsed({"contents": [{"role": "function", "parts": [answered]}]}).messages
    assert message.role == "tool"
    assert message.content[0].content == (File(data=b"pdf", media_type="application/pdf"),)


def test_empty_texts_and_old_schemas_are_read() -> None:
    tools = [{"functionDeclarations": [{"name": "f"}, {"name": "g", "parameters": {"type": "OBJECT"}}]}]
    contents = [{"parts": [{"text": ""}]}, {"role": "model", "parts": [{"text": "", "thought": True}]}]
    request = parsed({"contents": contents, "tools": tools})
    assert request.messages[0].content == (Text(text=""),)
    assert request.tools[1].parameters == {"type": "OBJECT"}


# --- Bounds -----------------------------------------------------------------------------------------------------------


def bound(request: ChatRequest | EmbedRequest) -> dict[str, int | None]:
    return dict(GeminiMeter().bound(request, TARGET))


def test_a_token_holds_at_least_a_byte() -> None:
    long = "ü" * 10_000
    found = bound(ChatRequest(messages=(user(long),), max_output_tokens=7, choices=2))
    assert found["input_tokens"] is not None
    assert 20_000 < found["input_tokens"] < 22_000
    assert (found["output_tokens"], found["searches"]) == (14, 0)
    assert bound(ChatRequest(messages=(user("a"),)))["output_tokens"] is None


def test_a_picture_counts_no_more_however_large_it_is() -> None:
    def of(size: int) -> int | None:
        return bound(ChatRequest(messages=(user(Image(data=bytes(size), media_type="image/png")),)))["input_tokens"]

    assert of(1_000_000) == pytest.approx(of(10), abs=4)
    assert (of(10) or 0) > 6_000


def test_a_picture_counts_by_its_size_where_its_bytes_are_here() -> None:
    unseen = bound(ChatRequest(messages=(user(Image(file_id="files/a")),)))["input_tokens"] or 0

    def of(width: int, height: int) -> int:
        head = b"\x89PNG\r\n\x1a\n" + bytes(8) + width.to_bytes(4, "big") + height.to_bytes(4, "big")
        image = Image(data=head, media_type="image/png")
        return (bound(ChatRequest(messages=(user(image),)))["input_tokens"] or 0) - (unseen - 25 * 258)

    assert of(300, 200) == of(900, 900) == 2_240
    assert of(2_000, 500) == 14 * 258
    assert of(9_999, 300) == 25 * 258


@pytest.mark.parametrize("picture", [Image(url="https://a.example/a.png"), Image(path="a.png"), Image(file_id="a")])
def test_a_picture_whose_bytes_aren_t_here_counts_the_most(picture: Image) -> None:
    found = bound(ChatRequest(messages=(user(picture),)))["input_tokens"]
    assert found is not None
    assert found > 25 * 258


def test_functions_have_words_of_the_service_around_them() -> None:
    plain = bound(ChatRequest(messages=(user("a"),)))["input_tokens"] or 0
    assert (bound(ChatRequest(messages=(user("a"),), tools=(Tool("f"),)))["input_tokens"] or 0) > plain + 512


@pytest.mark.parametrize(
    "part",
    [
        Video(data=b"a", media_type="video/mp4"),
        File(data=b"a", media_type="application/pdf"),
        Audio(file_id="files/a"),
        ToolResult(call_id="c", name="f", content=(File(data=b"a", media_type="application/pdf"),)),
    ],
)
def test_what_the_service_reads_elsewhere_has_no_bound(part: Any) -> None:
    assert bound(ChatRequest(messages=(Message("user", (part,)),)))["input_tokens"] is None


def test_the_vendors_tools_and_caches_have_no_bound() -> None:
    searched = bound(ChatRequest(messages=(user("a"),), tools=(ProviderTool("googleSearch"),)))
    assert (searched["input_tokens"], searched["searches"]) == (None, None)
    cached = bound(ChatRequest(messages=(user("a"),), extra={"cachedContent": "cachedContents/1"}))
    assert (cached["input_tokens"], cached["searches"]) == (None, 0)
    own = bound(ChatRequest(messages=(user("a"),), extra={"tools": [{"googleSearch": {}}]}))
    assert (own["input_tokens"], own["searches"]) == (None, None)
    longer = {"generationConfig": {"maxOutputTokens": 9_999}}
    assert bound(ChatRequest(messages=(user("a"),), max_output_tokens=7, extra=longer))["output_tokens"] is None


def test_sound_and_plain_text_are_bounded_by_their_bytes() -> None:
    parts = (Audio(data=bytes(90), media_type="audio/mp3"), File(data=bytes(90), media_type="text/plain"))
    assert bound(ChatRequest(messages=(user(*parts),)))["input_tokens"] is not None


def test_embeddings_are_bounded() -> None:
    found = bound(EmbedRequest(inputs=("a" * 100, Image(data=b"a", media_type="image/png"))))
    assert found == {"input_tokens": 116 + 25 * 258, "output_tokens": 0}
