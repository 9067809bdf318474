"""Golden requests, written from the documented format, and the law that the server's side reads them back."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import InvalidRequestError, MediaError, UnsupportedError
from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.content import (
    Audio,
    File,
    Image,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from modelscan.types.messages import Message, assistant, system, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool
from modelscan.wire.gemini import CountTokens, GeminiServer, GenerateContent, Models

BASE = "https://generativelanguage.googleapis.com/v1beta"
TARGET = Target(base_urls={"default": BASE}, model="gemini-2.5-flash")
NEWER = Target(base_urls={"default": BASE}, model="gemini-3.5-flash")
WEATHER = Tool("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})
DECLARED = {
    "name": "weather",
    "description": "The weather.",
    "parametersJsonSchema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
PNG = base64.b64encode(b"png").decode()
CALL = ToolCall(id="c1", name="weather", arguments='{"city":"Oslo"}')
HELLO = {"role": "user", "parts": [{"text": "Hello"}]}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}


def chat(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(messages=messages or (user("Hello"),), **fields)


def body(request: ChatRequest, target: Target = TARGET) -> Any:
    sent = GenerateContent().encode(request, target).body
    assert isinstance(sent, bytes)
    return json.loads(sent)


GOLDEN: dict[str, tuple[ChatRequest, dict[str, Any]]] = {
    "a question": (chat(), {"contents": [HELLO]}),
    "instructions and turns": (
        chat(system("Be brief."), user("Hello"), assistant("Hi."), user("Who are you?")),
        {
            "contents": [
                HELLO,
                {"role": "model", "parts": [{"text": "Hi."}]},
                {"role": "user", "parts": [{"text": "Who are you?"}]},
            ],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
        },
    ),
    "sampling": (
        chat(
            max_output_tokens=100,
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            seed=7,
            presence_penalty=0.1,
            frequency_penalty=0.2,
            stop=("END",),
            choices=2,
            logprobs=True,
            top_logprobs=3,
        ),
        {
            "contents": [HELLO],
            "generationConfig": {
                "maxOutputTokens": 100,
                "temperature": 0.5,
                "topP": 0.9,
                "topK": 40,
                "seed": 7,
                "presencePenalty": 0.1,
                "frequencyPenalty": 0.2,
                "responseLogprobs": True,
                "logprobs": 3,
                "candidateCount": 2,
                "stopSequences": ["END"],
            },
        },
    ),
    "tools": (
        chat(tools=(WEATHER,), tool_choice="auto"),
        {
            "contents": [HELLO],
            "tools": [{"functionDeclarations": [DECLARED]}],
            "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        },
    ),
    "a forced tool": (
        chat(tools=(WEATHER,), tool_choice=ForcedTool("weather")),
        {
            "contents": [HELLO],
            "tools": [{"functionDeclarations": [DECLARED]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["weather"]}},
        },
    ),
    "any tool, but one": (
        chat(tools=(WEATHER,), tool_choice="required"),
        {
            "contents": [HELLO],
            "tools": [{"functionDeclarations": [DECLARED]}],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        },
    ),
    "a strict tool": (
        chat(tools=(msgspec.structs.replace(WEATHER, strict=True),)),
        {
            "contents": [HELLO],
            "tools": [{"functionDeclarations": [DECLARED]}],
            "toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}},
        },
    ),
    "the vendor's tools": (
        chat(tools=(ProviderTool("googleSearch"), ProviderTool("codeExecution", {}))),
        {"contents": [HELLO], "tools": [{"googleSearch": {}}, {"codeExecution": {}}]},
    ),
    "parallel calls and their results": (
        chat(
            user("Hello"),
            Message("assistant", (CALL, msgspec.structs.replace(CALL, id="c2")), wire="gemini"),
            Message(
                "tool",
                (
                    ToolResult(call_id="c1", name="weather", content=(Text(text="sun"),)),
                    ToolResult(call_id="c2", name="weather", content=(Text(text="no such city"),), is_error=True),
                ),
            ),
        ),
        {
            "contents": [
                HELLO,
                {
                    "role": "model",
                    "parts": [
                        {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}}},
                        {"functionCall": {"id": "c2", "name": "weather", "args": {"city": "Oslo"}}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"id": "c1", "name": "weather", "response": {"output": "sun"}}},
                        {"functionResponse": {"id": "c2", "name": "weather", "response": {"error": "no such city"}}},
                    ],
                },
            ]
        },
    ),
    "a picture in a tool's result": (
        chat(
            user("Hello"),
            Message("assistant", (CALL,), wire="gemini"),
            Message(
                "tool",
                (
                    ToolResult(
                        call_id="c1",
                        name="weather",
                        content=(Text(text="see"), Image(data=b"png", media_type="image/png")),
                    ),
                ),
            ),
        ),
        {
            "contents": [
                HELLO,
                {
                    "role": "model",
                    "parts": [{"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}}}],
                },
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "id": "c1",
                                "name": "weather",
                                "response": {"output": "see"},
                                "parts": [{"inlineData": {"mimeType": "image/png", "data": PNG}}],
                            }
                        }
                    ],
                },
            ]
        },
    ),
    "an answer by schema": (
        chat(response_format=JsonSchema(POINT)),
        {
            "contents": [HELLO],
            "generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": POINT},
        },
    ),
    "any JSON": (
        chat(response_format=JsonObject()),
        {"contents": [HELLO], "generationConfig": {"responseMimeType": "application/json"}},
    ),
    "media": (
        chat(
            user(
                Image(data=b"png", media_type="image/png", detail="low"),
                Image(data=b"png", media_type="image/png", detail="high"),
                Audio(data=b"png", media_type="audio/mp3"),
                Video(url="https://www.youtube.com/watch?v=9", media_type="video/mp4"),
                File(file_id=f"{BASE}/files/abc", media_type="application/pdf"),
            )
        ),
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {
                            "inlineData": {"mimeType": "image/png", "data": PNG},
                            "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"},
                        },
                        {
                            "inlineData": {"mimeType": "image/png", "data": PNG},
                            "mediaResolution": {"level": "MEDIA_RESOLUTION_HIGH"},
                        },
                        {"inlineData": {"mimeType": "audio/mp3", "data": PNG}},
                        {"fileData": {"mimeType": "video/mp4", "fileUri": "https://www.youtube.com/watch?v=9"}},
                        {"fileData": {"mimeType": "application/pdf", "fileUri": f"{BASE}/files/abc"}},
                    ],
                }
            ]
        },
    ),
    "thought by a budget": (
        chat(reasoning=ReasoningOptions(budget_tokens=512, summary="auto")),
        {
            "contents": [HELLO],
            "generationConfig": {"thinkingConfig": {"thinkingBudget": 512, "includeThoughts": True}},
        },
    ),
    "pictures in the answer": (
        chat(modalities=("text", "image"), extra={"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}}}),
        {
            "contents": [HELLO],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "1:1"}},
        },
    ),
    "speech": (
        chat(modalities=("audio",), audio=AudioOptions("Kore", "pcm")),
        {
            "contents": [HELLO],
            "generationConfig": {
                "responseModalities": ["AUDIO"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
            },
        },
    ),
    "what only this vendor has": (
        chat(extra={"cachedContent": "cachedContents/1", "safetySettings": [{"category": "C", "threshold": "OFF"}]}),
        {
            "contents": [HELLO],
            "cachedContent": "cachedContents/1",
            "safetySettings": [{"category": "C", "threshold": "OFF"}],
        },
    ),
    "signatures of the vendor's own": (
        chat(
            user("Hello"),
            Message(
                "assistant",
                (
                    Reasoning(text="Hm.", signature="r1"),
                    Text(text="Hi.", signature="t1"),
                    ProviderPart(
                        kind="executableCode",
                        extra={"executableCode": {"language": "PYTHON", "code": "1"}},
                        signature="p1",
                    ),
                    msgspec.structs.replace(CALL, signature="s1"),
                ),
                wire="gemini",
            ),
        ),
        {
            "contents": [
                HELLO,
                {
                    "role": "model",
                    "parts": [
                        {"text": "Hm.", "thought": True, "thoughtSignature": "r1"},
                        {"text": "Hi.", "thoughtSignature": "t1"},
                        {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "p1"},
                        {
                            "functionCall": {"id": "c1", "name": "weather", "args": {"city": "Oslo"}},
                            "thoughtSignature": "s1",
                        },
                    ],
                },
            ]
        },
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_request_is_written_as_documented(name: str) -> None:
    request, expected = GOLDEN[name]
    assert body(request) == expected


@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "instructions and turns"])
def test_the_server_reads_what_the_client_meant(name: str) -> None:
    """Not so for a model's turn that a program made up: the server takes it for the model's own."""
    request, _ = GOLDEN[name]
    call = GeminiServer().parse(GenerateContent().encode(request, TARGET))
    assert (call.model, call.is_stream) == ("gemini-2.5-flash", False)
    assert call.request == request


@pytest.mark.parametrize("name", GOLDEN)
def test_what_the_server_read_is_written_the_same_again(name: str) -> None:
    request, expected = GOLDEN[name]
    call = GeminiServer().parse(GenerateContent().encode_stream(request, TARGET))
    assert call.is_stream
    assert body(call.request) == expected


def test_addresses_hold_the_model_and_the_method() -> None:
    whole = GenerateContent().encode(chat(), TARGET)
    assert whole.url == f"{BASE}/models/gemini-2.5-flash:generateContent"
    assert (whole.method, whole.repeat, whole.auth) == ("POST", "unsafe", "default")
    tuned = Target(base_urls={"default": BASE}, model="tunedModels/my bird")
    assert (
        GenerateContent().encode_stream(chat(), tuned).url
        == f"{BASE}/tunedModels/my%20bird:streamGenerateContent?alt=sse"
    )
    assert Models().encode(None, TARGET) == HttpRequest(method="GET", url=f"{BASE}/models?pageSize=1000", repeat="safe")


def test_a_cloud_may_have_the_methods_elsewhere() -> None:
    class OnVertex(GenerateContent):
        def url(self, target: Target, method: str) -> str:
            return f"{target.base_url}/publishers/google/models/{target.model}:{method}"

    assert OnVertex().encode(chat(), TARGET).url == f"{BASE}/publishers/google/models/gemini-2.5-flash:generateContent"


def test_a_count_holds_the_whole_request() -> None:
    request = CountTokens().encode(chat(system("Be brief."), user("Hello"), tools=(WEATHER,)), TARGET)
    assert request.url == f"{BASE}/models/gemini-2.5-flash:countTokens"
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-flash",
            "contents": [HELLO],
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"functionDeclarations": [DECLARED]}],
        }
    }


def test_an_effort_is_a_level_for_new_models_and_a_budget_for_old_ones() -> None:
    request = chat(reasoning=ReasoningOptions(effort="low", summary="none"))
    assert body(request, NEWER)["generationConfig"] == {
        "thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": False}
    }
    assert body(request)["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": False}}
    off = chat(reasoning=ReasoningOptions(effort="none"))
    assert body(off)["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 0}}
    assert "generationConfig" not in body(chat(reasoning=ReasoningOptions()))


def test_the_server_reads_a_level_as_an_effort() -> None:
    request = chat(reasoning=ReasoningOptions(effort="high", summary="none"))
    assert GeminiServer().parse(GenerateContent().encode(request, NEWER)).request == request


def test_a_call_without_the_vendors_id_goes_back_without_one() -> None:
    call = ToolCall(id="gemini-call-r1-0", name="weather")
    request = chat(user("Hello"), Message("assistant", (call,), wire="gemini"), tool_result(call, "sun"))
    _, said, answered = body(request)["contents"]
    assert said["parts"] == [{"functionCall": {"name": "weather", "args": {}}}]
    assert answered["parts"] == [{"functionResponse": {"name": "weather", "response": {"output": "sun"}}}]
    read = GeminiServer().parse(GenerateContent().encode(request, TARGET)).request
    assert read.messages[2].content[0].call_id == read.messages[1].content[0].id


def test_a_result_takes_its_name_from_the_call_that_it_answers() -> None:
    request = chat(user("Hello"), assistant(CALL), tool_result("c1", "sun"))
    assert body(request)["contents"][2]["parts"][0]["functionResponse"]["name"] == "weather"
    with pytest.raises(InvalidRequestError, match="no earlier call has that id"):
        body(chat(tool_result("c9", "sun")))


def test_what_another_vendor_signed_or_thought_stays_behind() -> None:
    foreign = Message(
        "assistant",
        (
            Reasoning(text="Hm.", signature="x"),
            Text(text="", signature="y"),
            Refusal(text="No.", extra={"theirs": 1}),
            ProviderPart(kind="web_search", extra={"theirs": 1}),
        ),
        wire="anthropic",
    )
    assert body(chat(user("Hello"), foreign))["contents"][1:] == [{"role": "model", "parts": [{"text": "No."}]}]


def test_a_call_that_another_model_made_is_marked_for_models_that_want_signatures() -> None:
    request = chat(user("Hello"), assistant(CALL, msgspec.structs.replace(CALL, id="c2")))
    marked, bare = body(request, NEWER)["contents"][1]["parts"]
    assert marked["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in bare
    assert "thoughtSignature" not in body(request)["contents"][1]["parts"][0]
    read = GeminiServer().parse(GenerateContent().encode(request, NEWER)).request
    assert read.messages[1].content[0].signature is None


def test_an_uploaded_file_may_be_told_by_its_name() -> None:
    request = chat(user(File(file_id="files/abc")))
    assert body(request)["contents"][0]["parts"] == [{"fileData": {"fileUri": f"{BASE}/files/abc"}}]


def test_an_empty_message_is_left_out() -> None:
    assert body(chat(user("Hello"), assistant("")))["contents"] == [HELLO]


def test_a_schemas_description_stands_in_it() -> None:
    config = body(chat(response_format=JsonSchema(POINT, description="A point.")))["generationConfig"]
    assert config["responseJsonSchema"] == {"description": "A point.", **POINT}


def test_the_vendors_marks_on_media_are_sent() -> None:
    video = Video(data=b"png", media_type="video/mp4", extra={"videoMetadata": {"fps": 2}})
    assert body(chat(user(video)))["contents"][0]["parts"][0]["videoMetadata"] == {"fps": 2}


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        (chat(end_user="u"), "end_user"),
        (chat(parallel_tool_calls=False), "parallel_tool_calls"),
        (chat(audio=AudioOptions("Kore", "mp3")), "mp3"),
        (chat(Message("user", (Text(text="a"),), name="Ann")), "author"),
        (chat(Message("system", (Image(data=b"a"),)), user("a")), "nothing but text"),
        (chat(reasoning=ReasoningOptions(effort="max")), "max"),
        (chat(reasoning=ReasoningOptions(effort="low", budget_tokens=1)), "not both"),
        (chat(reasoning=ReasoningOptions(summary="detailed")), "detailed"),
        (chat(user(Image(data=b"a", media_type="image/png", detail="original"))), "detail"),
        (chat(user(File(data=b"a", media_type="text/plain", context="c"))), "context"),
    ],
)
def test_what_the_format_has_no_word_for_is_refused(request_: ChatRequest, word: str) -> None:
    with pytest.raises(UnsupportedError, match=word):
        body(request_)


def test_new_models_can_not_be_told_not_to_think() -> None:
    with pytest.raises(UnsupportedError, match="'none'"):
        body(chat(reasoning=ReasoningOptions(effort="none")), NEWER)


@pytest.mark.parametrize("media", [Image(path="cat.png"), Image(url="data:image/png;base64,AA=="), Image(data=b"a")])
def test_media_that_is_not_made_ready_is_refused(media: Image) -> None:
    with pytest.raises(MediaError):
        body(chat(user(media)))


def test_arguments_that_are_no_object_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="no JSON object"):
        body(chat(assistant(msgspec.structs.replace(CALL, arguments="[1]"))))
