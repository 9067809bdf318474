"""A `ChatRequest` goes out in the words of the documented format."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import Target
from modelscan.errors import MediaError, UnsupportedError
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
from modelscan.wire.openai_compatible import COMPATIBLE_WORDS, WIRE, WORDS, ChatCompletions

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o")
CHAT = ChatCompletions()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**SCHEMA, "additionalProperties": False}
OPTIONAL = {"type": "object", "properties": {"city": {"type": "string"}}}


def body(request: ChatRequest, chat: ChatCompletions = CHAT) -> dict[str, Any]:
    encoded = chat.encode(request, TARGET).body
    assert isinstance(encoded, bytes)
    return json.loads(encoded)  # type: ignore[no-any-return]


def sent(*messages: Message, chat: ChatCompletions = CHAT) -> list[dict[str, Any]]:
    return body(ChatRequest(messages=messages), chat)["messages"]  # type: ignore[no-any-return]


def asked(**fields: Any) -> dict[str, Any]:
    found = body(ChatRequest(messages=(user("Hi"),), **fields))
    return {name: value for name, value in found.items() if name not in ("model", "messages")}


def test_a_plain_request_holds_model_and_messages_and_nothing_else() -> None:
    request = CHAT.encode(ChatRequest(messages=(system("Be brief."), user("Hi"))), TARGET)
    assert request.method == "POST"
    assert request.url == "https://api.openai.com/v1/chat/completions"
    assert request.headers == (("content-type", "application/json"),)
    assert request.body == (
        b'{"model":"gpt-4o","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]}'
    )


def test_a_stream_asks_for_its_usage() -> None:
    encoded = CHAT.encode_stream(ChatRequest(messages=(user("Hi"),)), TARGET).body
    assert isinstance(encoded, bytes)
    found = json.loads(encoded)
    assert found["stream"] is True
    assert found["stream_options"] == {"include_usage": True}


def test_a_server_without_stream_options_is_spared_them() -> None:
    encoded = ChatCompletions(has_stream_options=False).encode_stream(ChatRequest(messages=(user("Hi"),)), TARGET).body
    assert isinstance(encoded, bytes)
    assert "stream_options" not in json.loads(encoded)


def test_every_plain_field_has_its_word() -> None:
    assert asked(
        max_output_tokens=10,
        temperature=0.5,
        top_p=0.9,
        stop=("END",),
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        logprobs=True,
        top_logprobs=3,
        modalities=("text", "audio"),
        audio=AudioOptions(voice="alloy", format="mp3"),
        choices=2,
        end_user="u-1",
        parallel_tool_calls=False,
        reasoning=ReasoningOptions(effort="low", summary="none"),
    ) == {
        "max_completion_tokens": 10,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "logprobs": True,
        "top_logprobs": 3,
        "modalities": ["text", "audio"],
        "audio": {"voice": "alloy", "format": "mp3"},
        "n": 2,
        "user": "u-1",
        "parallel_tool_calls": False,
        "reasoning_effort": "low",
    }


def test_zero_is_sent_for_it_is_not_the_default() -> None:
    assert asked(temperature=0.0, seed=0, max_output_tokens=0) == {
        "temperature": 0.0,
        "seed": 0,
        "max_completion_tokens": 0,
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"top_k": 5}, "top_k"),
        ({"reasoning": ReasoningOptions(budget_tokens=100)}, "budget"),
        ({"reasoning": ReasoningOptions(summary="auto")}, "summary"),
    ],
)
def test_a_field_without_a_word_is_refused_here(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        asked(**fields)


def test_a_dialect_adds_renames_and_drops_words() -> None:
    words = {name: word for name, word in COMPATIBLE_WORDS.items() if name != "seed"} | {"top_k": "top_k"}
    dialect = ChatCompletions(words=words)
    found = body(ChatRequest(messages=(user("Hi"),), top_k=3, max_output_tokens=4), dialect)
    assert (found["top_k"], found["max_tokens"]) == (3, 4)
    with pytest.raises(UnsupportedError, match="seed"):
        body(ChatRequest(messages=(user("Hi"),), seed=1), dialect)
    assert WORDS["max_output_tokens"] == "max_completion_tokens"


def test_extra_goes_out_last_and_objects_of_one_name_are_joined() -> None:
    request = ChatRequest(
        messages=(user("Hi"),),
        temperature=0.1,
        extra={"temperature": 0.2, "store": True, "stream_options": {"include_obfuscation": False}},
    )
    encoded = CHAT.encode_stream(request, TARGET).body
    assert isinstance(encoded, bytes)
    found = json.loads(encoded)
    assert (found["temperature"], found["store"]) == (0.2, True)
    assert found["stream_options"] == {"include_usage": True, "include_obfuscation": False}


# --- Tools and shapes ------------------------------------------------------------------------------------------------


def test_tools_are_functions_and_the_vendors_own_stay_as_they_are() -> None:
    found = asked(
        tools=(Tool("weather", "The weather.", SCHEMA), ProviderTool("custom", {"custom": {"name": "grep"}})),
        tool_choice=ForcedTool("weather"),
    )
    assert found["tools"] == [
        {"type": "function", "function": {"name": "weather", "description": "The weather.", "parameters": SCHEMA}},
        {"type": "custom", "custom": {"name": "grep"}},
    ]
    assert found["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert asked(tool_choice="required") == {"tool_choice": "required"}


@pytest.mark.parametrize(
    ("tool", "has_strict", "expected"),
    [
        (Tool("t", parameters=SCHEMA, strict=True), True, {"parameters": CLOSED, "strict": True}),
        (Tool("t", parameters=OPTIONAL, strict=True), True, {"parameters": OPTIONAL}),
        (Tool("t", parameters=SCHEMA, strict=False), True, {"parameters": SCHEMA, "strict": False}),
        (Tool("t", parameters=SCHEMA, strict=True), False, {"parameters": CLOSED}),
        (Tool("t", parameters=SCHEMA, strict=False), False, {"parameters": SCHEMA}),
    ],
)
def test_strict_is_sent_only_where_the_schema_and_the_server_can_keep_it(
    tool: Tool, has_strict: bool, expected: dict[str, Any]
) -> None:
    request = ChatRequest(messages=(user("Hi"),), tools=(tool,))
    (found,) = body(request, ChatCompletions(has_strict=has_strict))["tools"]
    assert found["function"] == {"name": "t", **expected}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (JsonObject(), {"type": "json_object"}),
        (
            JsonSchema(SCHEMA, name="place", description="A place."),
            {
                "type": "json_schema",
                "json_schema": {"name": "place", "schema": CLOSED, "description": "A place.", "strict": True},
            },
        ),
        (
            JsonSchema(OPTIONAL),
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": OPTIONAL, "strict": False}},
        ),
        (
            JsonSchema(SCHEMA, strict=False),
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": False}},
        ),
        (
            JsonSchema(SCHEMA, strict=None),
            {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        ),
    ],
)
def test_the_answers_shape_is_a_response_format(answer: Any, expected: dict[str, Any]) -> None:
    assert asked(response_format=answer) == {"response_format": expected}


# --- Messages --------------------------------------------------------------------------------------------------------


def test_a_turn_with_parallel_calls_and_their_results() -> None:
    first, second = ToolCall(id="c1", name="f", arguments='{"a":1}'), ToolCall(id="c2", name="g")
    results = Message("tool", (ToolResult(call_id="c1", content=(Text(text="one"),)), ToolResult(call_id="c2")))
    assert sent(user("Go"), assistant("Let me see.", first, second), results) == [
        {"role": "user", "content": "Go"},
        {
            "role": "assistant",
            "content": "Let me see.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": ""},
    ]


def test_content_of_an_assistant_that_only_calls_is_null() -> None:
    (found,) = sent(assistant(ToolCall(id="c", name="f")))
    assert found["content"] is None


def test_an_assistant_that_said_nothing_is_sent_with_empty_text() -> None:
    assert sent(assistant()) == [{"role": "assistant", "content": ""}]


def test_a_refusal_and_names_have_their_fields() -> None:
    assert sent(Message("assistant", (Refusal(text="No."),)), Message("user", (Text(text="x"),), name="ann")) == [
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "user", "content": "x", "name": "ann"},
    ]


def test_media_of_a_user_are_blocks() -> None:
    (found,) = sent(
        user(
            "Look",
            Image(url="https://e.org/cat.png", detail="low"),
            Image(data=b"\x89PNG", media_type="image/png"),
            Audio(data=b"RIFF", media_type="audio/x-wav"),
            Audio(data=b"ID3", media_type="audio/mpeg"),
            File(data=b"%PDF-", media_type="application/pdf"),
            File(data=b"a,b", name="t.csv"),
            File(file_id="file-1"),
            ProviderPart(kind="input_special", extra={"x": 1}),
        )
    )
    assert found["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "https://e.org/cat.png", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
        {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        {
            "type": "file",
            "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        },
        {"type": "file", "file": {"filename": "t.csv", "file_data": "data:text/csv;base64,YSxi"}},
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "input_special", "x": 1},
    ]


@pytest.mark.parametrize(
    ("part", "kind", "words"),
    [
        (Video(url="https://e.org/a.mp4"), UnsupportedError, "no video"),
        (Image(path="cat.png"), MediaError, r"cat\.png"),
        (Image(data=b"?"), MediaError, "unknown type"),
        (Image(url="gs://bucket/cat.png"), UnsupportedError, "gs://bucket"),
        (Image(file_id="file-1"), UnsupportedError, "file_id"),
        (Audio(url="https://e.org/a.mp3"), UnsupportedError, "not by its url"),
        (Audio(data=b"?"), MediaError, "unknown type"),
        (File(url="https://e.org/a.pdf"), UnsupportedError, "not by its url"),
        (File(file_id="f", context="about cats"), UnsupportedError, "context"),
        (Reasoning(text="hm"), UnsupportedError, "no reasoning"),
    ],
)
def test_what_a_user_can_not_send_is_refused_here(part: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        sent(user(part))


def test_an_assistants_picture_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="image"):
        sent(assistant(Image(url="https://e.org/cat.png")))


def test_an_earlier_spoken_answer_is_named_and_another_vendors_is_told_by_its_transcript() -> None:
    spoken = Audio(data=b"..", id="audio_1", transcript="Hello.")
    assert sent(Message("assistant", (spoken,), wire=WIRE)) == [
        {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}
    ]
    assert sent(Message("assistant", (spoken,), wire="gemini")) == [{"role": "assistant", "content": "Hello."}]
    with pytest.raises(UnsupportedError, match="sound"):
        sent(assistant(Audio(data=b"..")))


def test_a_result_with_a_picture_is_refused_with_advice() -> None:
    with pytest.raises(UnsupportedError, match="user's message"):
        sent(tool_result("c", (Image(url="https://e.org/cat.png"),)))
    with pytest.raises(UnsupportedError, match="role tool"):
        sent(Message("tool", (Text(text="?"),)))


def test_reasoning_is_not_sent_but_to_a_dialect_that_takes_it_back() -> None:
    thought = Message("assistant", (Reasoning(text="Hm."), Text(text="Yes.")), wire=WIRE)
    assert sent(thought) == [{"role": "assistant", "content": "Yes."}]
    echoing = ChatCompletions(reasoning_field="reasoning_content")
    assert sent(thought, chat=echoing) == [{"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}]
    assert sent(assistant("Yes."), chat=echoing) == [{"role": "assistant", "content": "Yes."}]


def test_extras_go_back_over_the_same_format_only() -> None:
    call = ToolCall(id="c", name="f", extra={"extra_content": {"google": {"thought_signature": "S"}}})
    ours, theirs = Message("assistant", (call,), wire=WIRE), Message("assistant", (call,), wire="anthropic")
    assert sent(ours)[0]["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "S"}}
    assert "extra_content" not in sent(theirs)[0]["tool_calls"][0]


def test_what_another_vendors_tools_did_is_left_out() -> None:
    found = sent(Message("assistant", (ProviderPart(kind="server_tool_use"), Text(text="Found.")), wire="anthropic"))
    assert found == [{"role": "assistant", "content": "Found."}]


def test_a_custom_tools_call_goes_back_as_one() -> None:
    call = ToolCall(id="c", name="grep", arguments="x+", extra={"type": "custom"})
    (found,) = sent(Message("assistant", (call,), wire=WIRE))
    assert found["tool_calls"] == [{"id": "c", "type": "custom", "custom": {"name": "grep", "input": "x+"}}]


def test_the_system_role_is_the_dialects() -> None:
    assert sent(system("Be brief."), chat=ChatCompletions(system_role="developer"))[0]["role"] == "developer"
