"""The provider `openai` and what llama.cpp's server really answered in its format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from llamacpp_answers import ORIGIN, WRONG_KEY, check_answer, check_wrong_key, client
from llamacpp_server import API_KEY, MODEL
from modelscan.contracts.transport import Transport
from modelscan.testing.conformance import ProviderSuite

Cassette = Callable[..., Transport]
ServerOf = Callable[[str], AbstractContextManager[str]]


class TestOpenAIAgainstLlamaCpp(ProviderSuite):
    provider = "openai"
    model = MODEL


async def test_an_answer_is_read_whole_and_streamed(cassette: Cassette, server_of: ServerOf) -> None:
    with server_of("capital") as url:
        transport = cassette("capital", origin=ORIGIN, secrets=[API_KEY])
        await check_answer(client("openai", f"{url}/v1", transport), "openai")


async def test_a_wrong_key_is_refused(cassette: Cassette, server_of: ServerOf) -> None:
    with server_of("wrong-key") as url:
        transport = cassette("wrong-key", origin=ORIGIN)
        await check_wrong_key(client("openai", f"{url}/v1", transport, WRONG_KEY), "openai")
