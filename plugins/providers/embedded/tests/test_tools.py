"""Tools are told in words, held to by a schema, and read back from any split of the text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.errors import UnsupportedError
from modelscan.types.chat import ChatRequest, ToolCallDelta
from modelscan.types.content import ToolCall
from modelscan.types.messages import user
from modelscan.types.tools import ForcedTool, JsonObject, ProviderTool, Tool, ToolChoice
from modelscan_provider_embedded.replies import CallReader
from modelscan_provider_embedded.tools import plan, words_or_call, written_call

ADD = Tool("add", "Add", {"type": "object", "properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {}}})
NOW = Tool("now")


def planned(*tools: Any, choice: ToolChoice | None = None, **fields: Any) -> Any:
    return plan(ChatRequest(messages=(user("Hi"),), tools=tools, tool_choice=choice, **fields))


def test_without_tools_or_with_none_the_answer_is_words() -> None:
    assert planned().shape == planned(ADD, choice="none").shape == "words"
    assert planned(ADD, choice="none").instructions == ""


def test_a_forced_tool_is_held_to_its_own_parameters() -> None:
    forced = planned(ADD, NOW, choice=ForcedTool("add"))
    assert (forced.shape, forced.schema, forced.name) == ("arguments", ADD.parameters, "add")
    assert '"add"' in forced.instructions
    assert '"now"' not in forced.instructions


def test_required_is_held_to_one_call_of_any_tool_with_references_moved_along() -> None:
    required = planned(ADD, NOW, choice="required")
    assert required.shape == "call"
    assert required.schema["$defs"]["tool0"]["properties"] == {"a": {"$ref": "#/$defs/tool0/$defs/n"}}
    names = [call["properties"]["name"]["const"] for call in required.schema["anyOf"]]
    assert names == ["add", "now"]


@pytest.mark.parametrize("choice", ["auto", None])
def test_auto_leaves_words_or_a_call(choice: ToolChoice | None) -> None:
    free = planned(NOW, choice=choice)
    assert free.shape == "words or call"
    assert words_or_call(free.schema).startswith("%llguidance {}\nstart: words | call\n")


@pytest.mark.parametrize(
    ("tools", "choice", "fields", "message"),
    [
        ((ADD,), ForcedTool("sub"), {}, "tool_choice: no tool is called 'sub'"),
        ((), "required", {}, "tool_choice: 'required' needs tools"),
        ((ProviderTool("search"),), None, {}, r"tools\[0\]: "),
        ((ADD,), "auto", {"response_format": JsonObject()}, "response_format: "),
        ((Tool("f", "", {"not": {}}, strict=True),), "auto", {}, r"tools\[0\].parameters: .*'not'"),
    ],
)
def test_what_cant_be_offered_is_refused_by_name(
    tools: Any, choice: ToolChoice | None, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnsupportedError, match=message):
        planned(*tools, choice=choice, **fields)


def read(pieces: list[str]) -> ToolCallDelta:
    reader = CallReader("call_0")
    deltas = [delta for piece in pieces for delta in reader.feed(piece)] + list(reader.finish())
    return ToolCallDelta(
        "".join([delta.id for delta in deltas]),
        "".join([delta.name for delta in deltas]),
        "".join([delta.arguments for delta in deltas]),
    )


@given(
    st.sampled_from(['{"a": {"b": "}"}}', '{"a": "x} "\n}', "{}", '{"a": [1, {"b": 2}]}']),
    st.lists(st.integers(0, 80), max_size=8),
    st.sampled_from(["", " ", "\n  "]),
)
def test_any_split_of_a_call_gives_the_same_name_and_arguments(arguments: str, cuts: list[int], space: str) -> None:
    text = f'{{{space}"name": "get\\u005fit",{space}"arguments":{space}{arguments}{space}}}{space}'
    places = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert read(pieces) == ToolCallDelta("call_0", "get_it", arguments)


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"name": "f", "arguments": {"a": {"b": 1}', '{"a": {"b": 1}'),
        ('{"name": "f", "arguments": {"a": 1}', '{"a": 1}'),
    ],
)
def test_a_call_that_was_cut_keeps_every_brace_of_its_arguments(text: str, arguments: str) -> None:
    assert read(list(text)).arguments == arguments


def test_a_call_that_was_cut_in_its_name_is_none() -> None:
    assert read(['{"name": "get_']) == ToolCallDelta()


def test_a_call_is_written_as_the_model_would_write_it() -> None:
    assert written_call(ToolCall(id="1", name='a"b')) == '{"name": "a\\"b", "arguments": {}}'
