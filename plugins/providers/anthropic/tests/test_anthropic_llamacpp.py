"""The provider against llama.cpp's own Messages API: the format as somebody else wrote it, on a real socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llamacpp_server import API_KEY, MODEL, is_installed, llamacpp_server
from modelscan import AsyncClient, system, user
from modelscan.errors import AuthenticationError, BadRequestError

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not is_installed(), reason="the embedded model's packages aren't installed"),
]
NAME = f"anthropic/{MODEL}"
QUESTION = (system("You are a helpful assistant."), user("What is the capital of France?"))


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with llamacpp_server() as url:
        yield url.removesuffix("/v1")


def client(base_url: str, key: str = API_KEY) -> AsyncClient:
    return AsyncClient(base_urls={"anthropic": base_url}, api_keys={"anthropic": key}, config=False)


async def test_a_question_is_answered(base_url: str) -> None:
    async with client(base_url) as subject:
        reply = await subject.chat(QUESTION, model=NAME, temperature=0, max_output_tokens=24)
    assert "Paris" in reply.text
    assert reply.message.wire == "anthropic"
    assert reply.usage.input_tokens > 0
    assert 0 < reply.usage.output_tokens <= 24
    assert reply.finish_reason in ("stop", "length")


async def test_a_stream_gives_the_same_answer(base_url: str) -> None:
    async with client(base_url) as subject:
        whole = await subject.chat(QUESTION, model=NAME, temperature=0, max_output_tokens=24)
        async with subject.stream(QUESTION, model=NAME, temperature=0, max_output_tokens=24) as stream:
            pieces = [chunk.text async for chunk in stream if chunk.text]
            streamed = await stream.reply()
    assert len(pieces) > 3
    assert "".join(pieces) == streamed.text == whole.text
    assert (streamed.message, streamed.finish_reason) == (whole.message, whole.finish_reason)
    assert streamed.usage.output_tokens == whole.usage.output_tokens


async def test_a_wrong_key_is_an_authentication_error_that_hides_it(base_url: str) -> None:
    async with client(base_url, key="sk-ant-wrong-canary-0123456789") as subject:
        with pytest.raises(AuthenticationError) as caught:
            await subject.chat("hi", model=NAME)
    assert "canary" not in str(caught.value)


async def test_tokens_are_counted(base_url: str) -> None:
    async with client(base_url) as subject:
        counted = await subject.count_tokens(QUESTION, model=NAME)
        reply = await subject.chat(QUESTION, model=NAME, max_output_tokens=1)
    assert counted == reply.usage.input_tokens


async def test_a_prompt_beyond_the_context_is_refused(base_url: str) -> None:
    async with client(base_url) as subject:
        with pytest.raises(BadRequestError, match="context|exceed"):
            await subject.chat("word " * 9000, model=NAME, max_output_tokens=4)
