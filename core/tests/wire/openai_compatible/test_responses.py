"""The Responses API: requests in its words."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import Target
from modelscan.errors import UnsupportedError
from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.content import (
    Citation,
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
from modelscan.wire.openai_compatible.responses import WIRE, Responses

TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-5.5")
OLDER = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o")
REQUEST = ChatRequest(messages=(user("Hi"),))
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
CLOSED = {**SCHEMA, "additionalProperties": False}
OPTIONAL = {"type": "object", "properties": {"a": {"type": "integer"}}}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}}


def body(request: ChatRequest, target: Target = TARGET, responses: Responses | None = None) -> dict[str, Any]:
    encoded = (responses or Responses()).encode(request, target)
    assert encoded.url == "https://api.openai.com/v1/responses"
    assert isinstance(encoded.body, bytes)
    return json.loads(encoded.body)  # type: ignore[no-any-return]


def items(*messages: Message, **extra: Any) -> list[dict[str, Any]]:
    return body(ChatRequest(messages=messages, extra=extra))["input"]  # type: ignore[no-any-return]


def test_nothing_is_stored_and_reasoning_comes_back_encrypted() -> None:
    assert body(ChatRequest(messages=(system("Be brief."), user("Hi")))) == {
        "model": "gpt-5.5",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": "Hi"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "gpt-5.2-chat-latest"]
)
def test_a_model_that_does_not_think_is_not_asked_for_its_thoughts(model: str) -> None:
    target = msgspec.structs.replace(OLDER, model=model)
    assert "include" not in body(REQUEST, target)


def test_a_server_that_stores_nothing_is_not_told_so() -> None:
    found = body(REQUEST, TARGET, Responses(has_store=False))
    assert "store" not in found
    assert "include" not in found


def test_every_field_has_its_word() -> None:
    request = ChatRequest(
        messages=(user("Hi"),),
        tools=(
            Tool("f", "Does.", SCHEMA, strict=True),
            Tool("g", parameters=OPTIONAL, strict=True),
            Tool("h", parameters=SCHEMA),
            ProviderTool("web_search", {"search_context_size": "low"}),
        ),
        tool_choice=ForcedTool("f"),
        parallel_tool_calls=True,
        response_format=JsonSchema(SCHEMA, description="A."),
        max_output_tokens=9,
        temperature=0.0,
        top_p=0.5,
        logprobs=True,
        top_logprobs=2,
        reasoning=ReasoningOptions(effort="high", summary="auto"),
        modalities=("text",),
        end_user="u",
        extra={"include": ["file_search_call.results"], "previous_response_id": "resp_1"},
    )
    found = body(request, OLDER)
    assert found == {
        "model": "gpt-4o",
        "input": [{"role": "user", "content": "Hi"}],
        "tools": [
            {"type": "function", "name": "f", "description": "Does.", "parameters": CLOSED, "strict": True},
            {"type": "function", "name": "g", "parameters": OPTIONAL, "strict": False},
            {"type": "function", "name": "h", "parameters": SCHEMA, "strict": False},
            {"type": "web_search", "search_context_size": "low"},
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {
            "format": {"type": "json_schema", "name": "answer", "schema": CLOSED, "description": "A.", "strict": True}
        },
        "parallel_tool_calls": True,
        "max_output_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "top_logprobs": 2,
        "user": "u",
        "reasoning": {"effort": "high", "summary": "auto"},
        "store": False,
        "include": ["message.output_text.logprobs", "file_search_call.results"],
        "previous_response_id": "resp_1",
    }


def test_a_stream_is_asked_for() -> None:
    encoded = Responses().encode_stream(REQUEST, TARGET).body
    assert isinstance(encoded, bytes)
    assert json.loads(encoded)["stream"] is True


def test_plain_json_and_no_summary() -> None:
    request = ChatRequest(
        messages=(user("Hi"),),
        response_format=JsonObject(),
        reasoning=ReasoningOptions(summary="none"),
        tool_choice="auto",
    )
    found = body(request)
    assert found["text"] == {"format": {"type": "json_object"}}
    assert "reasoning" not in found
    assert found["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"stop": ("x",)}, "stop"),
        ({"seed": 1}, "seed"),
        ({"choices": 2}, "choices"),
        ({"top_k": 2}, "top_k"),
        ({"presence_penalty": 0.1}, "presence_penalty"),
        ({"modalities": ("text", "audio")}, "modalities"),
        ({"audio": AudioOptions("alloy")}, "speak"),
        ({"reasoning": ReasoningOptions(budget_tokens=5)}, "budget"),
    ],
)
def test_a_field_without_a_word_is_refused_here(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        body(ChatRequest(messages=(user("Hi"),), **fields))


# --- Input items -----------------------------------------------------------------------------------------------------


def test_only_a_bare_system_text_at_the_beginning_is_the_instructions() -> None:
    later = {"role": "system", "content": "Later."}
    assert items(user("a"), system("Later."))[1] == later
    two = Message("system", (Text(text="a"), Text(text="b")))
    assert items(two)[0] == {
        "role": "system",
        "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
    }
    assert items(Message("system", (Text(text="a", extra={"x": 1}),)))[0]["content"][0]["x"] == 1


def test_media_of_a_user_are_input_blocks() -> None:
    (found,) = items(
        user(
            "Look",
            Image(url="https://e.org/a.png", detail="high"),
            Image(file_id="file-1"),
            Image(data=b"\x89PNG", media_type="image/png"),
            File(url="https://e.org/a.pdf"),
            File(file_id="file-2"),
            File(data=b"%PDF-", media_type="application/pdf", name="a.pdf"),
            ProviderPart(kind="input_odd", extra={"x": 1}),
        )
    )
    assert found["content"] == [
        {"type": "input_text", "text": "Look"},
        {"type": "input_image", "image_url": "https://e.org/a.png", "detail": "high"},
        {"type": "input_image", "file_id": "file-1", "detail": "auto"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"},
        {"type": "input_file", "file_url": "https://e.org/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        {"type": "input_odd", "x": 1},
    ]


def test_outputs_of_the_vendors_local_tools_are_items_of_their_own() -> None:
    output = ProviderPart(kind="local_shell_call_output", extra={"id": "lsh", "output": "ok"})
    assert items(user(output)) == [{"type": "local_shell_call_output", "id": "lsh", "output": "ok"}]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (user(Video(url="https://e.org/a.mp4")), "video"),
        (user(File(file_id="f", context="c")), "context"),
        (Message("user", (Text(text="x"),), name="ann"), "name"),
        (Message("tool", (Text(text="x"),)), "role tool"),
        (assistant(Image(url="https://e.org/a.png")), "image"),
    ],
)
def test_what_has_no_item_is_refused_here(message: Message, words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        items(message)


TURN: tuple[Any, ...] = (
    Reasoning(text="Hm", encrypted="X", id="rs_1"),
    Text(text="Yes", extra={"id": "msg_1", "phase": "commentary"}),
    Refusal(text="No", extra={"id": "msg_1"}),
    Text(
        text="Other",
        citations=(Citation(url="https://e.org", title="E", start=0, end=5, location="url"),),
        extra={"id": "msg_2"},
    ),
    ToolCall(id="c", name="f", arguments="{}", extra={"id": "fc_1"}),
    ToolCall(id="d", name="grep", arguments="x+", extra={"id": "ct_1", "type": "custom_tool_call"}),
    Image(data=b"\x89PNG", media_type="image/png", extra={"type": "image_generation_call", "id": "ig_1"}),
    ProviderPart(kind="web_search_call", extra=SEARCH),
)
CITED = {"type": "url_citation", "url": "https://e.org", "title": "E", "start_index": 0, "end_index": 5}


def test_a_turn_of_this_api_goes_back_as_the_items_it_was() -> None:
    results = (ToolResult(call_id="c", content=(Text(text="1"),)), ToolResult(call_id="d", content=(Text(text="2"),)))
    assert items(Message("assistant", TURN, wire=WIRE), Message("tool", results)) == [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Hm"}],
            "encrypted_content": "X",
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Yes", "annotations": []},
                {"type": "refusal", "refusal": "No"},
            ],
            "id": "msg_1",
            "phase": "commentary",
        },
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Other", "annotations": [CITED]}],
            "id": "msg_2",
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "id": "fc_1"},
        {"id": "ct_1", "type": "custom_tool_call", "call_id": "d", "name": "grep", "input": "x+"},
        {"type": "image_generation_call", "id": "ig_1", "result": "iVBORw=="},
        SEARCH,
        {"type": "function_call_output", "call_id": "c", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "d", "output": "2"},
    ]


def test_a_turn_of_another_api_loses_what_only_its_vendor_can_read() -> None:
    theirs = Message("assistant", tuple(part for part in TURN if not isinstance(part, Image)), wire="anthropic")
    assert items(theirs) == [
        {
            "type": "message",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Yes", "annotations": []},
                {"type": "refusal", "refusal": "No"},
                {"type": "output_text", "text": "Other", "annotations": []},
            ],
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call", "call_id": "d", "name": "grep", "arguments": "x+"},
    ]


def test_a_text_that_another_api_or_a_person_wrote_goes_in_short() -> None:
    written, theirs = Message("assistant", (Text(text="A"),)), Message("assistant", (Text(text="B"),), wire="gemini")
    assert items(written, theirs) == [{"role": "assistant", "content": "A"}, {"role": "assistant", "content": "B"}]


def test_reasoning_without_its_encrypted_form_goes_back_only_where_it_is_stored_or_told_whole() -> None:
    bare = Message("assistant", (Reasoning(text="Hm", id="rs_1"), Text(text="Yes")), wire=WIRE)
    assert [item["type"] for item in items(bare)] == ["message"]
    assert [item["type"] for item in items(bare, store=True)] == ["reasoning", "message"]
    content = [{"type": "reasoning_text", "text": "Hm"}]
    whole = Message("assistant", (Reasoning(text="Hm", extra={"summary": [], "content": content}),), wire=WIRE)
    assert items(whole) == [{"type": "reasoning", "summary": [], "content": content}]


def test_a_result_may_hold_pictures() -> None:
    (found,) = items(tool_result("c", (Text(text="Here"), Image(url="https://e.org/a.png"))))
    assert found["output"] == [
        {"type": "input_text", "text": "Here"},
        {"type": "input_image", "image_url": "https://e.org/a.png", "detail": "auto"},
    ]
