"""What a provider makes of llama.cpp's real answers in its format: the same questions for each provider."""

from __future__ import annotations

import pytest

from llamacpp_server import API_KEY, MODEL
from modelscan import AsyncClient, system, user
from modelscan.contracts.transport import Transport
from modelscan.errors import AuthenticationError

QUESTION = (system("You are a helpful assistant."), user("What is the capital of France?"))
ORIGIN = "llama.cpp's server (xllamacpp) with SmolLM2-135M-Instruct, on this machine"
WRONG_KEY = "sk-wrong-0123456789"


def client(provider: str, base_url: str, transport: Transport, key: str = API_KEY) -> AsyncClient:
    """A client that asks once."""
    return AsyncClient(
        base_urls={provider: base_url},
        api_keys={provider: key},
        transport=transport,
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def check_answer(subject: AsyncClient, provider: str) -> None:
    """A whole answer and the same streamed: first the one, then the other."""
    name = f"{provider}/{MODEL}"
    async with subject:
        whole = await subject.chat(QUESTION, model=name, temperature=0, max_output_tokens=24)
        async with subject.stream(QUESTION, model=name, temperature=0, max_output_tokens=24) as stream:
            pieces = [chunk.text async for chunk in stream if chunk.text]
            streamed = await stream.reply()
    assert "Paris" in whole.text
    assert len(pieces) > 3
    assert "".join(pieces) == streamed.text == whole.text
    assert streamed.usage.output_tokens == whole.usage.output_tokens > 0
    assert streamed.finish_reason == whole.finish_reason


async def check_wrong_key(subject: AsyncClient, provider: str) -> None:
    """A key that the server doesn't know is told as such."""
    async with subject:
        with pytest.raises(AuthenticationError):
            await subject.chat(QUESTION, model=f"{provider}/{MODEL}", max_output_tokens=24)
