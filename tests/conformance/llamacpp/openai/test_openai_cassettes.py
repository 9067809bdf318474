"""The provider `openai` and what llama.cpp's server really answered in its format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from llamacpp_server import API_KEY, MODEL
from modelscan import AsyncClient, system, user
from modelscan.contracts.transport import Transport
from modelscan.errors import AuthenticationError
from modelscan.testing.conformance import ProviderSuite

QUESTION = (system("You are a helpful assistant."), user("What is the capital of France?"))
NAME = f"openai/{MODEL}"
ORIGIN = "llama.cpp's server (xllamacpp) with SmolLM2-135M-Instruct, on this machine"


class TestOpenAIAgainstLlamaCpp(ProviderSuite):
    provider = "openai"
    model = MODEL


def client(base_url: str, transport: Transport, key: str = API_KEY) -> AsyncClient:
    return AsyncClient(
        base_urls={"openai": f"{base_url}/v1"},
        api_keys={"openai": key},
        transport=transport,
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def test_an_answer_is_read_whole_and_streamed(
    cassette: Callable[..., Transport], server_of: Callable[[str], AbstractContextManager[str]]
) -> None:
    with server_of("capital") as url:
        transport = cassette("capital", origin=ORIGIN, secrets=[API_KEY])
        async with client(url, transport) as subject:
            whole = await subject.chat(QUESTION, model=NAME, temperature=0, max_output_tokens=24)
            async with subject.stream(QUESTION, model=NAME, temperature=0, max_output_tokens=24) as stream:
                pieces = [chunk.text async for chunk in stream if chunk.text]
                streamed = await stream.reply()
    assert "Paris" in whole.text
    assert len(pieces) > 3
    assert "".join(pieces) == streamed.text == whole.text
    assert streamed.usage.output_tokens == whole.usage.output_tokens > 0
    assert streamed.finish_reason == whole.finish_reason


async def test_a_wrong_key_is_refused(
    cassette: Callable[..., Transport], server_of: Callable[[str], AbstractContextManager[str]]
) -> None:
    with server_of("wrong-key") as url:
        async with client(url, cassette("wrong-key", origin=ORIGIN), key="sk-wrong-0123456789") as subject:
            with pytest.raises(AuthenticationError):
                await subject.chat(QUESTION, model=NAME, max_output_tokens=24)
