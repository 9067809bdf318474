"""The vocabulary: every value makes a round trip, and says no to what it can't be."""

from __future__ import annotations

import inspect
import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modelscan
from modelscan import Budget, Limit, Money, Secret, Usage, image, tool
from modelscan.types import accounts, chat, content, context, embed, knowledge, limits, media, messages, realtime, tools
from modelscan.types.context import CallContext
from modelscan.types.money import total_of
from modelscan.types.schema import closed, json_schema
from modelscan.types.versioned import VersionError, dump, load

MODULES = (accounts, chat, content, context, embed, knowledge, media, messages, realtime, tools)


def structs() -> list[type[msgspec.Struct]]:
    found: list[type[msgspec.Struct]] = []
    for module in MODULES:
        classes = [value for value in vars(module).values() if inspect.isclass(value)]
        found += [one for one in classes if issubclass(one, msgspec.Struct) and one.__module__ == module.__name__]
    return found


@pytest.mark.parametrize("type_", structs(), ids=lambda type_: type_.__name__)
def test_every_struct_is_frozen_and_documented(type_: type[msgspec.Struct]) -> None:
    assert type_.__struct_config__.frozen
    assert type_.__doc__


text = st.text(max_size=8)
parts = st.one_of(
    st.builds(content.Text, text=text, signature=st.none() | text),
    st.builds(content.Reasoning, text=text, encrypted=st.none() | text, id=st.none() | text),
    st.builds(content.ToolCall, id=text, name=text, arguments=text),
    st.builds(content.Image, data=st.binary(max_size=8)),
    st.builds(content.ToolResult, call_id=text, content=st.tuples(st.builds(content.Text, text=text))),
    st.builds(content.ProviderPart, kind=text, extra=st.dictionaries(text, text, max_size=2)),
)
conversations = st.lists(
    st.builds(messages.Message, role=st.sampled_from(["user", "assistant"]), content=st.lists(parts).map(tuple)),
    min_size=1,
).map(tuple)


@given(conversations, st.none() | st.floats(0, 2))
def test_a_request_makes_the_round_trip(conversation: Any, temperature: float | None) -> None:
    request = chat.ChatRequest(messages=conversation, temperature=temperature)
    assert load(dump(request), chat.ChatRequest) == request


@given(parts, st.integers(0, 10**9), st.decimals(0, 10, places=4))
def test_a_reply_makes_the_round_trip(part: Any, tokens: int, seconds: Decimal) -> None:
    usage = Usage(input_tokens=tokens, seconds=seconds, other={"things": tokens})
    reply = chat.ChatReply(message=messages.assistant(part), usage=usage, raw_body=b"\x00{}")
    loaded = load(dump(reply), chat.ChatReply)
    assert (loaded.message, loaded.usage, loaded.raw_body) == (reply.message, reply.usage, reply.raw_body)


def test_a_chunk_makes_the_round_trip() -> None:
    chunk = chat.ChatChunk(
        text="a", tool_call=chat.ToolCallDelta("1", "f", "{}"), raw=b"x", usage=Usage(output_tokens=1)
    )
    assert load(dump(chunk), chat.ChatChunk) == chunk


def test_a_value_of_another_version_or_type_is_refused() -> None:
    stored = dump(chat.ChatChunk(text="a"))
    with pytest.raises(VersionError, match="version 99"):
        load(stored.replace(b'"version":1', b'"version":99'), chat.ChatChunk)
    with pytest.raises(ValueError, match="ChatChunk is stored, not a ChatReply"):
        load(stored, chat.ChatReply)
    with pytest.raises(ValueError, match="no stored value"):
        load(b"{", chat.ChatChunk)


@pytest.mark.parametrize("form", [{}, {"data": b"", "url": "https://x"}])
def test_media_takes_exactly_one_form(form: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of data, url, path, file_id"):
        content.Image(**form)


def test_image_tells_addresses_paths_and_bytes_apart() -> None:
    assert image("data:image/png;base64,AA").url
    assert image("a/b.png").path
    assert image(b"\x89PNG").data


def test_tool_arguments_are_read_as_a_dict() -> None:
    assert content.ToolCall(id="1", name="f", arguments='{"a": 1}').args == {"a": 1}
    assert content.ToolCall(id="1", name="f", arguments=" ").args == {}
    with pytest.raises(ValueError, match="'f' are no JSON object"):
        content.ToolCall(id="1", name="f", arguments="[1]").args  # noqa: B018 - the access is what raises


def test_a_tool_describes_its_function() -> None:
    @tool
    def add(first: int, second: int = 2) -> int:
        """Add two numbers."""
        return first + second

    assert add(1) == 3
    assert (add.spec.name, add.spec.description) == ("add", "Add two numbers.")
    assert add.spec.parameters["required"] == ["first"]


def test_a_tool_without_annotations_or_names_is_refused() -> None:
    with pytest.raises(TypeError, match="'x' of tool 'bare' needs a type annotation"):

        @tool
        def bare(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - that it is untyped is the point
            return x

    with pytest.raises(TypeError, match=r"\*args"):

        @tool
        def many(*args: int) -> int:
            return len(args)


class Inner(msgspec.Struct):
    number: int


class Outer(msgspec.Struct):
    first: Inner
    more: list[Inner]


class Tree(msgspec.Struct):
    children: list[Tree]


def test_schemas_have_no_references_unless_they_contain_themselves() -> None:
    assert "$ref" not in str(json_schema(Outer))
    tree = json_schema(Tree)
    assert tree["$defs"]["Tree"]
    assert "$ref" in str(tree)


def test_a_closed_schema_is_strict_only_where_all_is_required() -> None:
    schema, is_strict = closed(json_schema(Outer))
    assert is_strict
    assert schema["properties"]["first"]["additionalProperties"] is False
    assert not closed({"type": "object", "properties": {"a": {}}, "required": []})[1]
    assert not closed({"type": "object"})[1]


def test_a_secret_shows_four_characters_at_most() -> None:
    secret = Secret("sk-canary-0123456789")
    shown = f"{secret!r} {secret} {secret:>10} {[secret]} {vars}"
    assert "canary" not in shown
    assert "6789" in shown
    assert "rt" not in str(Secret("short"))
    assert secret.reveal() == "sk-canary-0123456789"
    assert secret == Secret("sk-canary-0123456789")
    assert len({secret, Secret("sk-canary-0123456789")}) == 1
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(secret)


def test_money_is_exact_and_keeps_currencies_apart() -> None:
    cent = Money(Decimal("0.01"))
    assert total_of([cent] * 10) == Money(Decimal("0.10"))
    assert cent * 3 - cent == Money(Decimal("0.02"))
    assert cent < cent * 2 <= cent + cent > cent >= cent * 1
    assert str(cent) == "0.01 USD"
    with pytest.raises(ValueError, match="USD and EUR don't mix"):
        cent + Money(Decimal(1), "EUR")


def test_usage_adds_up() -> None:
    total = Usage(input_tokens=1, other={"a": 1}) + Usage(output_tokens=2, other={"a": 2, "b": 1}, is_reported=False)
    assert (total.total_tokens, total.other, total.is_reported) == (3, {"a": 3, "b": 1}, False)


@pytest.mark.parametrize("amount", [0.1, "five", "-1", "NaN"])
def test_a_budget_is_an_exact_amount(amount: Any) -> None:
    with pytest.raises(ValueError, match="amount is|write the budget as text"):
        Budget(amount)


def test_a_budget_makes_the_round_trip() -> None:
    budget = Budget("0.10", per="call")
    assert msgspec.json.decode(msgspec.json.encode(budget), type=Budget) == budget


def test_a_limits_kind_follows_from_its_window_or_period() -> None:
    kinds = [Limit("requests", 5, window_s=60).kind, Limit("concurrent", 2).kind, Limit("tokens", 9, per="day").kind]
    assert kinds == ["rate", "gauge", "calendar"]
    for bad in ({"amount": 0}, {"amount": 1, "window_s": 0}, {"amount": 1, "window_s": 1, "per": "day"}):
        with pytest.raises(ValueError, match="limit"):
            limits.Limit("requests", **bad)


def test_a_context_inside_another_adds_to_it() -> None:
    outer = CallContext(tags={"a": "1"}, budgets=(Budget("1"),), deadline=10.0)
    inner = outer.within(tags={"b": 2}, budgets=(Budget("2"),), deadline=20.0, principal="p")
    assert inner.tags == {"a": "1", "b": "2"}
    assert len(inner.budgets) == 2
    assert (inner.deadline, inner.principal) == (10.0, "p")


def test_every_public_name_can_be_imported_and_nothing_else() -> None:
    for name in modelscan.__all__:
        assert getattr(modelscan, name) is not None
        assert name in dir(modelscan)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        modelscan.nonsense  # noqa: B018 - the access is what raises


def test_messages_are_built_from_text_and_calls() -> None:
    call = content.ToolCall(id="c1", name="f")
    result = messages.tool_result(call, "42", is_error=True)
    part = result.content[0]
    assert isinstance(part, content.ToolResult)
    assert (part.call_id, part.name, part.text, part.is_error) == ("c1", "f", "42", True)
    assert messages.tool_result("c2", (content.Text(text="x"),)).content[0].call_id == "c2"  # type: ignore[union-attr]
    message = messages.assistant("a", content.Reasoning(text="r"), content.Refusal(text="no"), call)
    assert (message.text, message.reasoning, message.refusal, message.tool_calls) == ("a", "r", "no", (call,))


def test_a_tool_may_give_back_a_picture_or_several_parts_but_no_bare_object() -> None:
    picture = image("cat.png")
    (result,) = messages.tool_result("c1", picture).content
    assert isinstance(result, content.ToolResult)
    assert result.content == (picture,)
    (result,) = messages.tool_result("c1", ["a cat", picture]).content
    assert isinstance(result, content.ToolResult)
    assert result.content == (content.Text(text="a cat"), picture)
    for bare in ({"answer": 42}, [1], 42):
        with pytest.raises(TypeError):
            messages.tool_result("c1", bare)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="not of int"):
        messages.user(42)  # type: ignore[arg-type]


def test_a_reply_shows_what_is_in_its_message() -> None:
    cited = content.Text(text="x", citations=(content.Citation(url="https://a"),))
    reply = chat.ChatReply(message=messages.assistant(cited), raw_body=b'{"a": 1}')
    assert (reply.text, reply.citations[0].url, reply.raw) == ("x", "https://a", {"a": 1})
    assert (reply.reasoning, reply.refusal, reply.tool_calls, reply.parsed) == ("", "", (), None)
    assert chat.ChatReply(message=messages.assistant("x")).raw is None
