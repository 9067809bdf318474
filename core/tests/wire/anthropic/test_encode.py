"""Requests, written down as the vendor documents them: golden bodies for logical calls, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import InvalidRequestError, MediaError, UnsupportedError
from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.content import (
    AnyPart,
    Audio,
    Citation,
    File,
    Image,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from modelscan.types.messages import Message, assistant, system, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool, ToolChoice
from modelscan.wire.anthropic import CountTokens, Messages, Models

NEW = "claude-opus-5-5"
OLD = "claude-3-5-haiku-20241022"
WEATHER = Tool("weather", "The weather in a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
PERSON = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


def target(model: str = NEW) -> Target:
    return Target(base_urls={"default": "https://api.anthropic.com"}, model=model)


def encoded(request: ChatRequest, model: str = NEW) -> HttpRequest:
    return Messages().encode(request, target(model))


def body(request: ChatRequest, model: str = NEW) -> dict[str, Any]:
    sent = encoded(request, model).body
    assert isinstance(sent, bytes)
    decoded: dict[str, Any] = json.loads(sent)
    return decoded


def ask(*messages: Message, **fields: Any) -> ChatRequest:
    return ChatRequest(messages=messages or (user("Hello"),), **fields)


def turns(*messages: Message) -> Any:
    return body(ask(*messages))["messages"]


# --- Golden bodies, one logical call each --------------------------------------------------------------------------


def test_a_question_with_a_system_message() -> None:
    request = ask(system("Be brief."), user("Hello"), max_output_tokens=100, temperature=0.5, top_p=0.9, top_k=40)
    assert body(request) == {
        "model": "claude-opus-5-5",
        "max_tokens": 100,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
    }


def test_a_request_goes_to_the_messages_path_with_the_version_and_no_key() -> None:
    request = encoded(ask())
    assert (request.method, request.url, request.auth) == ("POST", "https://api.anthropic.com/v1/messages", "default")
    assert request.headers == (("content-type", "application/json"), ("anthropic-version", "2023-06-01"))
    assert request.repeat == "unsafe"


def test_a_streamed_question_says_so() -> None:
    sent = Messages().encode_stream(ask(max_output_tokens=5), target()).body
    assert sent == (
        b'{"model":"claude-opus-5-5","max_tokens":5,"messages":[{"role":"user","content":"Hello"}],"stream":true}'
    )


def test_stop_words_and_the_end_user() -> None:
    found = body(ask(stop=("END", "STOP"), end_user="user-7"))
    assert found["stop_sequences"] == ["END", "STOP"]
    assert found["metadata"] == {"user_id": "user-7"}


def test_cache_marks_on_the_system_a_tool_and_a_part() -> None:
    request = ask(
        Message("system", (Text(text="Long.", cache="1h"), Text(text="Short."))),
        Message("user", (Text(text="Document", cache="5m"), Text(text="Question"))),
        tools=(Tool("t", cache="1h"),),
        max_output_tokens=1,
    )
    assert body(request) == {
        "model": NEW,
        "max_tokens": 1,
        "system": [
            {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "Short."},
        ],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Document", "cache_control": {"type": "ephemeral"}},
                    {"type": "text", "text": "Question"},
                ],
            }
        ],
        "tools": [
            {
                "name": "t",
                "input_schema": {"type": "object", "properties": {}},
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
            }
        ],
    }


def test_a_round_of_parallel_tools_becomes_three_turns() -> None:
    calls = (ToolCall(id="toolu_1", name="weather", arguments='{"city":"Oslo"}'), ToolCall(id="toolu_2", name="clock"))
    request = ask(
        user("Weather and time?"),
        Message("assistant", (Text(text="Let me see."), *calls), wire="anthropic"),
        tool_result(calls[0], "Sun"),
        tool_result(calls[1], "no clock", is_error=True),
        user("Well?"),
        tools=(WEATHER,),
    )
    assert body(request)["messages"] == [
        {"role": "user", "content": "Weather and time?"},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Oslo"}},
                {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Sun"},
                {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no clock", "is_error": True},
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


def test_a_tool_result_with_a_picture_keeps_its_blocks() -> None:
    result = ToolResult(call_id="c", content=(Text(text="Here"), Image(url="https://example.org/a.png")), cache="5m")
    assert turns(Message("tool", (result,)))[0]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [
                {"type": "text", "text": "Here"},
                {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
            ],
            "cache_control": {"type": "ephemeral"},
        }
    ]


def test_a_tool_result_without_content_has_none() -> None:
    block = turns(Message("tool", (ToolResult(call_id="c"),)))[0]["content"][0]
    assert block == {"type": "tool_result", "tool_use_id": "c"}


def test_tools_of_ours_and_of_the_vendor() -> None:
    search = ProviderTool("web_search_20250305", {"name": "web_search", "max_uses": 3})
    strict = Tool("person", parameters=PERSON, strict=True)
    assert body(ask(tools=(WEATHER, search, strict)))["tools"] == [
        {
            "name": "weather",
            "description": "The weather in a city.",
            "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"name": "person", "input_schema": {**PERSON, "additionalProperties": False}, "strict": True},
    ]


def test_pictures_by_bytes_url_and_id() -> None:
    request = ask(
        user(
            Image(data=b"\x89PNG", media_type="image/png"),
            Image(url="https://example.org/cat.jpg", detail="auto"),
            Image(file_id="file_1"),
            "What is it?",
        )
    )
    assert body(request)["messages"][0]["content"] == [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.org/cat.jpg"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "text", "text": "What is it?"},
    ]
    assert dict(encoded(request).headers)["anthropic-beta"] == "files-api-2025-04-14"


def test_documents_that_are_to_be_cited() -> None:
    pdf = File(data=b"%PDF-1.7", media_type="application/pdf", name="Report", context="From 2025.", citable=True)
    notes = File(data="Grüße".encode(), media_type="text/markdown")
    linked = File(url="https://example.org/a.pdf", cache="5m")
    assert turns(user(pdf, notes, linked))[0]["content"] == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjc="},
            "title": "Report",
            "context": "From 2025.",
            "citations": {"enabled": True},
        },
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
        {
            "type": "document",
            "source": {"type": "url", "url": "https://example.org/a.pdf"},
            "cache_control": {"type": "ephemeral"},
        },
    ]


def test_a_schema_that_a_model_keeps_by_itself() -> None:
    request = ask(response_format=JsonSchema(PERSON), reasoning=ReasoningOptions(effort="low"))
    found = body(request)
    assert found["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {**PERSON, "additionalProperties": False}},
    }
    assert "tools" not in found


def test_what_the_vendor_s_grammar_doesn_t_know_is_told_in_words() -> None:
    schema = {
        "type": "object",
        "properties": {
            "minimum": {"type": "integer", "minimum": 0, "description": "The least."},
            "tags": {"type": "array", "minItems": 2, "items": {"type": "string", "maxLength": 5}},
            "some": {"type": "array", "minItems": 1, "items": {"enum": [1, 2], "default": {"maxLength": 1}}},
            "either": {"anyOf": [{"type": "null"}, {"type": "number", "multipleOf": 2}]},
        },
        "required": ["minimum"],
    }
    assert body(ask(response_format=JsonSchema(schema)))["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {
            "minimum": {"type": "integer", "description": "The least. (minimum: 0)"},
            "tags": {
                "type": "array",
                "items": {"type": "string", "description": "(maxLength: 5)"},
                "description": "(minItems: 2)",
            },
            "some": {"type": "array", "minItems": 1, "items": {"enum": [1, 2], "default": {"maxLength": 1}}},
            "either": {"anyOf": [{"type": "null"}, {"type": "number", "description": "(multipleOf: 2)"}]},
        },
        "required": ["minimum"],
        "additionalProperties": False,
    }


def test_a_schema_that_only_a_forced_tool_keeps() -> None:
    found = body(ask(response_format=JsonSchema(PERSON, name="person", description="A person.")), OLD)
    assert found["tools"] == [{"name": "person", "description": "A person.", "input_schema": PERSON}]
    assert found["tool_choice"] == {"type": "tool", "name": "person", "disable_parallel_tool_use": True}
    assert "output_config" not in found


def test_a_forced_answer_leaves_room_for_the_caller_s_tools() -> None:
    found = body(ask(tools=(WEATHER,), response_format=JsonSchema(PERSON)), OLD)
    assert [tool["name"] for tool in found["tools"]] == ["weather", "answer"]
    assert found["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}


def test_a_conversation_with_thoughts_searches_and_sources_goes_back_as_it_came() -> None:
    searched = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "sky"}}
    found = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"encrypted_content": "E"}]}
    cited = Citation(url="https://e.org", title="E", text="blue", location="url", extra={"encrypted_index": "I"})
    parts: tuple[AnyPart, ...] = (
        Reasoning(text="Hm.", signature="SIG"),
        Reasoning(encrypted="SECRET"),
        ProviderPart(kind="server_tool_use", extra=searched),
        ProviderPart(kind="web_search_tool_result", extra=found, cache="5m"),
        Text(text="The sky is blue.", citations=(cited, Citation(location="elsewhere"))),
        ToolCall(id="t", name="f", extra={"caller": {"type": "direct"}}),
    )
    assert turns(user("Why?"), Message("assistant", parts, wire="anthropic"))[1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "SIG"},
        {"type": "redacted_thinking", "data": "SECRET"},
        searched,
        {**found, "cache_control": {"type": "ephemeral"}},
        {
            "type": "text",
            "text": "The sky is blue.",
            "citations": [
                {
                    "type": "web_search_result_location",
                    "cited_text": "blue",
                    "url": "https://e.org",
                    "title": "E",
                    "encrypted_index": "I",
                }
            ],
        },
        {"type": "tool_use", "id": "t", "name": "f", "input": {}, "caller": {"type": "direct"}},
    ]


def test_what_another_vendor_wrote_goes_without_its_secrets() -> None:
    parts: tuple[AnyPart, ...] = (
        Reasoning(text="Hm.", signature="THEIRS"),
        ProviderPart(kind="their_search", extra={"type": "their_search"}),
        Text(text="Blue.", extra={"their": 1}, citations=(Citation(location="url"),)),
        Refusal(text="I'd rather not."),
        Text(text=""),
        ToolCall(id="call|1", name="f", signature="THEIRS", extra={"their": 1}),
    )
    theirs = Message("assistant", parts, wire="gemini")
    assert turns(user("Why?"), theirs, tool_result("call|1", "x"))[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Blue."},
                {"type": "text", "text": "I'd rather not."},
                {"type": "tool_use", "id": "call_1", "name": "f", "input": {}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "x"}]},
    ]


def test_what_a_message_carries_beside_its_content_goes_with_its_turn() -> None:
    ours = Message("user", (Text(text="a"),), extra={"annotation": 1})
    theirs = Message("assistant", (Text(text="b"),), wire="gemini", extra={"their": 1})
    assert turns(ours, theirs) == [
        {"role": "user", "content": "a", "annotation": 1},
        {"role": "assistant", "content": "b"},
    ]


def test_thoughts_without_a_signature_are_not_sent_back() -> None:
    unsigned = Message("assistant", (Reasoning(text="Hm."),), wire="anthropic")
    assert turns(user("Why?"), unsigned, user("Well?")) == [
        {"role": "user", "content": [{"type": "text", "text": "Why?"}, {"type": "text", "text": "Well?"}]}
    ]


def test_what_only_this_vendor_has_goes_last_and_joins_what_is_there() -> None:
    extra = {
        "service_tier": "standard_only",
        "output_config": {"effort": "max"},
        "metadata": {"team": "a"},
        "max_tokens": 7,
        "betas": ["context-1m", "fast"],
    }
    request = ask(response_format=JsonSchema(PERSON), end_user="u", extra=extra)
    found = body(request)
    assert found["service_tier"] == "standard_only"
    assert found["output_config"]["effort"] == "max"
    assert found["output_config"]["format"]["type"] == "json_schema"
    assert found["metadata"] == {"user_id": "u", "team": "a"}
    assert found["max_tokens"] == 7
    assert "betas" not in found
    assert dict(encoded(request).headers)["anthropic-beta"] == "context-1m,fast"


def test_beta_features_may_be_named_in_one_text_and_are_named_once() -> None:
    uploaded = ToolResult(call_id="c", content=(File(file_id="f"),))
    request = ask(Message("tool", (uploaded,)), extra={"betas": "files-api-2025-04-14, other"})
    assert dict(encoded(request).headers)["anthropic-beta"] == "files-api-2025-04-14,other"


# --- Choices of tools -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "parallel", "sent"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        ("auto", None, {"type": "auto"}),
        ("required", None, {"type": "any"}),
        ("required", False, {"type": "any", "disable_parallel_tool_use": True}),
        ("none", False, {"type": "none"}),
        (ForcedTool("weather"), False, {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}),
    ],
)
def test_a_choice_of_tools_has_the_vendor_s_word(
    choice: ToolChoice | None, parallel: bool | None, sent: dict[str, Any] | None
) -> None:
    found = body(ask(tools=(WEATHER,), tool_choice=choice, parallel_tool_calls=parallel))
    assert found.get("tool_choice") == sent


def test_calls_one_at_a_time_need_tools_to_be_told_about() -> None:
    assert "tool_choice" not in body(ask(parallel_tool_calls=False))


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("none", {"type": "tool", "name": "answer", "disable_parallel_tool_use": True}),
        (ForcedTool("weather"), {"type": "tool", "name": "weather"}),
    ],
)
def test_a_forced_answer_bows_to_the_caller_s_choice(choice: ToolChoice, sent: dict[str, Any]) -> None:
    request = ask(tools=(WEATHER,), tool_choice=choice, response_format=JsonSchema(PERSON))
    assert body(request, OLD)["tool_choice"] == sent


# --- How long, and how much thought -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-opus-5-5", 16_000),
        ("claude-mythos-preview", 16_000),
        ("claude-sonnet-4-20250514", 16_000),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", 16_000),
        ("claude-3-opus-20240229", 4_096),
        ("kimi-k3", 4_096),
    ],
)
def test_the_most_tokens_are_told_even_where_the_caller_doesn_t(model: str, expected: int) -> None:
    assert body(ask(), model)["max_tokens"] == expected


def test_a_budget_of_thought_comes_on_top_of_the_default_length() -> None:
    found = body(ask(reasoning=ReasoningOptions(budget_tokens=10_000)))
    assert found["thinking"] == {"type": "enabled", "budget_tokens": 10_000}
    assert found["max_tokens"] == 26_000


@pytest.mark.parametrize(
    ("model", "options", "sent"),
    [
        (NEW, ReasoningOptions(), {}),
        (NEW, ReasoningOptions(effort="none"), {"thinking": {"type": "disabled"}}),
        (NEW, ReasoningOptions(effort="max"), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}),
        (NEW, ReasoningOptions(summary="none"), {"thinking": {"type": "adaptive", "display": "omitted"}}),
        (OLD, ReasoningOptions(effort="high"), {"thinking": {"type": "enabled", "budget_tokens": 8000}}),
        (OLD, ReasoningOptions(effort="minimal"), {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (
            OLD,
            ReasoningOptions(summary="auto"),
            {"thinking": {"type": "enabled", "budget_tokens": 5000, "display": "summarized"}},
        ),
    ],
)
def test_thought_is_told_in_the_words_of_the_model_s_generation(
    model: str, options: ReasoningOptions, sent: dict[str, Any]
) -> None:
    found = body(ask(reasoning=options, max_output_tokens=10_000), model)
    assert {name: found[name] for name in ("thinking", "output_config") if name in found} == sent


@pytest.mark.parametrize(
    ("model", "fields", "words"),
    [
        (NEW, {"reasoning": ReasoningOptions(effort="minimal")}, "no effort 'minimal'"),
        (NEW, {"reasoning": ReasoningOptions(effort="low", summary="detailed")}, "'detailed'"),
        (OLD, {"reasoning": ReasoningOptions(effort="low"), "max_output_tokens": 1024}, "at least 1024"),
        (NEW, {"seed": 0}, "seed"),
        (NEW, {"presence_penalty": 0.5, "frequency_penalty": 0.5}, "presence_penalty, frequency_penalty"),
        (NEW, {"logprobs": True, "top_logprobs": 2}, "logprobs, top_logprobs"),
        (NEW, {"choices": 2}, "choices"),
        (NEW, {"audio": AudioOptions("x")}, "audio"),
        (NEW, {"modalities": ("text", "image")}, "image output"),
        (NEW, {"response_format": JsonObject()}, "without a schema"),
    ],
)
def test_what_the_format_has_no_word_for_is_refused_by_name(model: str, fields: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedError, match=words):
        encoded(ask(**fields), model)


def test_what_the_vendor_does_anyway_may_be_asked_for() -> None:
    request = ask(choices=1, logprobs=False, presence_penalty=0.0, modalities=("text",))
    assert body(request).keys() == {"model", "max_tokens", "messages"}


@pytest.mark.parametrize(
    ("part", "error", "words"),
    [
        (Audio(data=b"x"), UnsupportedError, "no audio"),
        (Image(data=b"x"), MediaError, "unknown"),
        (Image(data=b"x", media_type="application/pdf"), MediaError, "application/pdf"),
        (Image(path="cat.png"), MediaError, "cat.png isn't read yet"),
        (Image(url="data:image/png;base64,AAAA"), MediaError, "isn't read yet"),
        (Image(url="https://e.org/a", detail="high"), UnsupportedError, "detail"),
        (File(data=b"x", media_type="application/zip"), MediaError, "application/zip"),
        (File(data=b"x"), MediaError, "unknown"),
        (File(data=b"\xff", media_type="text/plain"), MediaError, "UTF-8"),
    ],
)
def test_media_that_the_format_doesn_t_take_is_refused(part: AnyPart, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        encoded(ask(user(part)))


def test_a_call_whose_arguments_are_no_object_is_refused_before_it_is_sent() -> None:
    broken = Message("assistant", (ToolCall(id="t", name="f", arguments='{"city": "Os'),), wire="anthropic")
    with pytest.raises(InvalidRequestError, match="arguments of tool call 'f'"):
        encoded(ask(user("x"), broken))


def test_a_name_for_an_author_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="a name for a message's author"):
        encoded(ask(Message("user", (Text(text="x"),), name="Ann")))


def test_a_picture_in_a_system_message_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="nothing but text"):
        encoded(ask(Message("system", (Image(url="https://e.org/a"),)), user("x")))


def test_a_cache_can_t_end_at_a_thought() -> None:
    thought = Message("assistant", (Reasoning(text="x", signature="s", cache="5m"),), wire="anthropic")
    with pytest.raises(UnsupportedError, match="thinking block"):
        encoded(ask(user("x"), thought))


# --- The other operations ---------------------------------------------------------------------------------------------


def test_a_token_count_asks_with_what_counts_only() -> None:
    request = CountTokens().encode(ask(system("S"), assistant("A"), tools=(WEATHER,), temperature=1.0), target())
    assert (request.url, request.repeat) == ("https://api.anthropic.com/v1/messages/count_tokens", "safe")
    assert isinstance(request.body, bytes)
    assert json.loads(request.body).keys() == {"model", "messages", "system", "tools"}


def test_the_list_of_models_is_asked_for_in_one_page() -> None:
    request = Models().encode(None, target())
    assert (request.method, request.url) == ("GET", "https://api.anthropic.com/v1/models?limit=1000")
    assert request.headers == (("anthropic-version", "2023-06-01"),)
