"""What a type checker says of the public surface: `nox -s types` reads this file, nobody runs it.

Each line fails the check as soon as a signature no longer gives what it promises.
"""

from __future__ import annotations

from typing import assert_type

import msgspec

from modelscan import (
    AsyncClient,
    ChatChunk,
    ChatReply,
    Client,
    EmbedReply,
    Route,
    SyncChatStream,
    tool,
)
from modelscan.streams.stream import ChatStream


class Person(msgspec.Struct):
    name: str


@tool
def weather(city: str, days: int = 1) -> str:
    """The weather."""
    return f"{city}, {days}"


async def asynchronous(client: AsyncClient) -> None:
    assert_type(await client.chat("hi", model="a/b"), ChatReply[None])
    assert_type((await client.chat("hi", model="a/b", returns=Person)).parsed, Person)
    assert_type(client.stream("hi", model=Route("first", models=("a/b",))), ChatStream[None])
    async with client.stream("hi", model=["a/b", "c/d"], returns=Person, tools=[weather]) as stream:
        async for chunk in stream:
            assert_type(chunk, ChatChunk)
        assert_type((await stream.reply()).parsed, Person)
    assert_type(await client.embed(["a"], model="a/b"), EmbedReply)
    assert_type(await client.count_tokens("hi", model="a/b"), int)
    assert_type(await client.models("a"), tuple[str, ...])


def blocking(client: Client) -> None:
    assert_type(client.chat("hi", model="a/b", temperature=0.5, stop=["x"], timeout_s=3), ChatReply[None])
    assert_type(client.chat("hi", model="a/b", returns=Person).parsed, Person)
    assert_type(client.stream("hi", model="a/b"), SyncChatStream[None])
    assert_type(client.stream("hi", model="a/b", returns=Person).reply().parsed, Person)
    assert_type(client.embed("a", model="a/b").vectors, tuple[tuple[float, ...], ...])


def tools() -> None:
    assert_type(weather("Oslo"), str)
    weather(3)  # type: ignore[arg-type]  # a tool keeps its function's signature


def mistakes(client: Client) -> None:
    client.chat("hi", model="a/b", temprature=1)  # type: ignore[call-overload]  # no such option
    client.chat(3, model="a/b")  # type: ignore[call-overload]  # no prompt
    Client(api_key="x")  # type: ignore[call-arg]  # no such argument
