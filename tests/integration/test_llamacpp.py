"""The `openai` provider against a real llama.cpp server: chat, streams, errors, and a cancel in mid-stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import msgspec
import pytest

from llamacpp_server import API_KEY, MODEL, is_installed, llamacpp_server
from modelscan import AsyncClient, Client
from modelscan.client.options import ChatOptions
from modelscan.errors import AuthenticationError, BadRequestError, ModelScanError

pytestmark = pytest.mark.skipif(not is_installed(), reason="the embedded model's packages aren't installed")
NAME = f"openai/{MODEL}"
ENDLESS: ChatOptions = {"max_output_tokens": 1500, "extra": {"ignore_eos": True}}
SYSTEM = "You are a helpful assistant."


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with llamacpp_server() as url:
        yield url


def client(base_url: str, key: str = API_KEY, transport: str = "httpx") -> AsyncClient:
    return AsyncClient(base_urls={"openai": base_url}, api_keys={"openai": key}, transport=transport, config=False)


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
async def test_a_question_is_answered(base_url: str, transport: str) -> None:
    async with client(base_url, transport=transport) as subject:
        reply = await subject.chat(
            "What is the capital of France?", model=NAME, system=SYSTEM, temperature=0, max_output_tokens=24
        )
    assert "Paris" in reply.text
    assert reply.usage.input_tokens > 0
    assert 0 < reply.usage.output_tokens <= 24
    assert reply.finish_reason in ("stop", "length")


async def test_a_stream_gives_the_same_answer(base_url: str) -> None:
    options: ChatOptions = {"temperature": 0.0, "max_output_tokens": 24, "seed": 1}
    async with client(base_url) as subject:
        whole = await subject.chat("Name three colours.", model=NAME, **options)
        async with subject.stream("Name three colours.", model=NAME, **options) as stream:
            pieces = [chunk.text async for chunk in stream if chunk.text]
            streamed = await stream.reply()
    assert len(pieces) > 3
    assert "".join(pieces) == streamed.text == whole.text
    assert streamed.finish_reason == whole.finish_reason
    counts = [(usage.input_tokens, usage.output_tokens) for usage in (streamed.usage, whole.usage)]
    assert counts[0] == counts[1]  # what was cached differs: the second call finds the first one's prompt


class City(msgspec.Struct):
    city: str
    country: str


def test_a_schema_shapes_the_answer(base_url: str) -> None:
    with Client(base_urls={"openai": base_url}, api_keys={"openai": API_KEY}, config=False) as subject:
        reply = subject.chat("Where is the Louvre?", model=NAME, returns=City, temperature=0, max_output_tokens=64)
    assert isinstance(reply.parsed, City)


async def test_a_wrong_key_is_an_authentication_error_that_hides_it(base_url: str) -> None:
    async with client(base_url, key="sk-wrong-canary-0123456789") as subject:
        with pytest.raises(AuthenticationError) as caught:
            await subject.chat("hi", model=NAME)
    assert "canary" not in str(caught.value)


async def test_a_wrong_request_is_a_bad_request_with_the_servers_words(base_url: str) -> None:
    async with client(base_url) as subject:
        with pytest.raises(BadRequestError) as caught:
            await subject.chat("hi", model=NAME, extra={"messages": "no list"})
    assert "messages" in caught.value.message.lower()


async def test_a_prompt_beyond_the_context_is_refused(base_url: str) -> None:
    async with client(base_url) as subject:
        with pytest.raises(ModelScanError, match="context|exceed"):
            await subject.chat("word " * 9000, model=NAME, max_output_tokens=4)


async def test_leaving_a_stream_stops_the_model(base_url: str) -> None:
    async with client(base_url) as subject:
        async with subject.stream("Count to a thousand.", model=NAME, **ENDLESS) as stream:
            await anext(stream)
        started = time.monotonic()
        await subject.chat("Say hi.", model=NAME, max_output_tokens=1)
        assert time.monotonic() - started < 10


async def test_cancelling_a_call_stops_the_model(base_url: str) -> None:
    async with client(base_url) as subject:
        task = asyncio.create_task(subject.chat("Count to a thousand.", model=NAME, **ENDLESS))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await subject.chat("Say hi.", model=NAME, max_output_tokens=1)).usage.output_tokens == 1
