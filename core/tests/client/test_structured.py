"""Answers as Python values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest

from modelscan import AsyncClient, ChatReply, ChatRequest, JsonSchema, assistant, user
from modelscan.client.structured import asking_for, parsed
from modelscan.errors import OutputError
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider
from modelscan.types.content import Refusal


class Person(msgspec.Struct):
    name: str
    age: int


@dataclass
class Data:
    name: str
    age: int = 3


class Typed(TypedDict):
    name: str
    age: int


REQUEST = ChatRequest(messages=(user("who?"),))


@pytest.mark.parametrize(("returns", "is_strict"), [(Person, True), (Data, False), (Typed, True)])
def test_the_types_schema_is_asked_for(returns: Any, is_strict: bool) -> None:
    wanted = asking_for(REQUEST, returns).response_format
    assert isinstance(wanted, JsonSchema)
    assert (wanted.name, wanted.strict) == (returns.__name__, is_strict)
    assert wanted.schema["additionalProperties"] is False


@pytest.mark.parametrize("returns", [Person, Data, Typed])
def test_the_answer_is_read_as_the_type(returns: Any) -> None:
    value = parsed(ChatReply(message=assistant('{"name": "Ada", "age": 36}')), returns)
    assert (value["name"] if returns is Typed else value.name) == "Ada"


def test_a_type_that_is_no_object_is_wrapped() -> None:
    wanted = asking_for(REQUEST, list[int]).response_format
    assert isinstance(wanted, JsonSchema)
    assert wanted.schema["required"] == ["value"]
    assert parsed(ChatReply(message=assistant('{"value": [1, 2]}')), list[int]) == [1, 2]


def test_a_type_without_a_schema_is_refused() -> None:
    with pytest.raises(TypeError, match="has no JSON Schema"):
        asking_for(REQUEST, type(lambda: 0))


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (ChatReply(message=assistant("Ada, 36")), "the answer is no Person"),
        (ChatReply(message=assistant('{"name": "A'), finish_reason="length"), "stopped at max_output_tokens"),
        (ChatReply(message=assistant(Refusal(text="I won't."))), "the model refused: I won't."),
    ],
)
def test_another_answer_is_an_output_error_that_keeps_the_text(reply: ChatReply[None], complaint: str) -> None:
    with pytest.raises(OutputError, match=complaint) as caught:
        parsed(reply, Person)
    assert caught.value.text == reply.text


def test_a_wrapped_value_that_is_missing_is_an_output_error() -> None:
    with pytest.raises(OutputError):
        parsed(ChatReply(message=assistant('{"other": []}')), list[int])


async def test_calls_and_streams_return_the_value() -> None:
    transport = ScriptedTransport(Answer(pieces=[b'{"name": "Ada", "age": 36}\n', b"end\n"]))
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        assert (await client.chat("who?", model="plain/m", returns=Person)).parsed == Person("Ada", 36)
        async with client.stream("who?", model="plain/m", returns=Person) as stream:
            assert (await stream.reply()).parsed.age == 36
