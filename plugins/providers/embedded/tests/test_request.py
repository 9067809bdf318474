"""What a request becomes, and which fields are refused by name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from modelscan.errors import UnsupportedError
from modelscan.types.chat import AudioOptions, ChatRequest, ReasoningOptions
from modelscan.types.content import Image, ProviderPart, Reasoning, Refusal, Text, ToolCall, ToolResult, image
from modelscan.types.messages import Message, assistant, system, tool_result, user
from modelscan.types.tools import JsonSchema
from modelscan_provider_embedded.request import encode
from modelscan_provider_embedded.tools import Plan


def body(*messages: Message, **fields: Any) -> dict[str, Any]:
    return msgspec.json.decode(encode(ChatRequest(messages=messages, **fields), Plan()), type=dict[str, Any])


def turns(*messages: Message) -> list[tuple[str, str]]:
    return [(turn["role"], turn["content"]) for turn in body(*messages)["messages"]]


def test_the_callers_system_text_replaces_the_default_one() -> None:
    assert turns(user("Hi"))[0] == ("system", "You are a helpful assistant.")
    assert turns(system("Be brief."), user("Hi"), system("And kind.")) == [
        ("system", "Be brief.\n\nAnd kind."),
        ("user", "Hi"),
    ]


def test_turns_alternate_and_calls_and_results_are_told_in_words() -> None:
    call = ToolCall(id="call_0", name="add", arguments='{"a":1}')
    assert turns(
        user("Add.", " Please."),
        Message("assistant", (Reasoning(text="hm"), call)),
        tool_result(call, "3"),
        tool_result("call_1", "no", is_error=True),
        user("Well?"),
        Message("assistant", (Refusal(text="No."),)),
    )[1:] == [
        ("user", "Add. Please."),
        ("assistant", '{"name": "add", "arguments": {"a":1}}'),
        (
            "user",
            "The answer of add is: 3. Say it in a sentence.\n\n\nThe call of the function failed: no\n\n\nWell?",
        ),
        ("assistant", "No."),
    ]


def test_sampling_goes_out_by_its_names_and_extra_comes_last() -> None:
    sent = body(
        user("Hi"),
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        stop=("\n",),
        max_output_tokens=5,
        top_logprobs=2,
        extra={"min_p": 0.1, "max_tokens": 6},
    )
    del sent["messages"]
    assert sent == {
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "cache_prompt": True,
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "stop": ["\n"],
        "logprobs": True,
        "top_logprobs": 2,
        "min_p": 0.1,
        "max_tokens": 6,
    }


@pytest.mark.parametrize("fields", [{"seed": 1}, {"temperature": 0}])
def test_what_has_to_repeat_exactly_reads_its_whole_prompt(fields: dict[str, Any]) -> None:
    assert body(user("Hi"), **fields)["cache_prompt"] is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reasoning", ReasoningOptions(effort="low")),
        ("audio", AudioOptions("alloy")),
        ("modalities", ("text", "audio")),
        ("choices", 2),
        ("end_user", "somebody"),
    ],
)
def test_a_field_that_the_model_has_no_word_for_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(UnsupportedError, match=f"^{field}: "):
        body(user("Hi"), **{field: value})


def test_fields_that_ask_for_nothing_more_than_text_are_taken() -> None:
    assert body(user("Hi"), modalities=("text",), choices=1, parallel_tool_calls=True)["messages"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (user("Look", image(b"png")), r"messages\[0\].content\[1\].*image"),
        (Message("assistant", (ProviderPart(kind="search"),)), r"messages\[0\].content\[0\].*providerpart"),
        (
            Message("tool", (ToolResult(call_id="1", content=(Image(data=b"png"),)),)),
            r"messages\[0\].content\[0\].*image",
        ),
        (Message("user", (Text(text="Hi"),), name="Ann"), r"messages\[0\].name"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(message: Message, field: str) -> None:
    with pytest.raises(UnsupportedError, match=field):
        body(message)


def test_a_strict_schema_is_checked_and_a_lenient_one_goes_through() -> None:
    schema = {"type": "array", "uniqueItems": True}
    with pytest.raises(UnsupportedError, match=r"response_format.schema: .*'uniqueItems'"):
        body(user("Hi"), response_format=JsonSchema(schema))
    sent = body(user("Hi"), response_format=JsonSchema(schema, strict=False))
    assert sent["response_format"]["json_schema"]["schema"] == schema


def test_an_assistants_turn_stays_as_it_was() -> None:
    assert turns(user("Hi"), assistant("Hello"))[-1] == ("assistant", "Hello")
