"""What a client makes of its settings."""

from __future__ import annotations

from typing import Any

import pytest

import modelscan
from modelscan import AsyncClient, hookimpl
from modelscan.contracts.transport import TransportOptions
from modelscan.errors import ConfigurationError
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider


class SpyTransport(ScriptedTransport):
    name = "spy"
    options: TransportOptions

    def __init__(self, options: TransportOptions) -> None:
        super().__init__(Answer(pieces=[b"hello\n", b"end\n"]))
        type(self).options = options


@hookimpl
def modelscan_transport() -> type[SpyTransport]:
    return SpyTransport


async def test_a_transport_is_made_of_the_settings_and_names_our_version() -> None:
    settings = {"transport.http2": True, "transport.max_connections": 0}
    plugins = [modelscan_transport, plain_provider("ex")]
    async with AsyncClient(transport="spy", plugins=plugins, settings=settings, config=False) as client:
        assert (await client.chat("hi", model="ex/m")).text == "hello"
    options = SpyTransport.options
    assert options.user_agent == f"modelscan/{modelscan.__version__} (python)"
    assert (options.http2, options.max_connections) == (True, None)


@pytest.mark.parametrize(
    "arguments", [{"api_keys": {"plani": "k"}}, {"base_urls": {"plani": "http://x"}}, {"plans": {"plani": "free"}}]
)
async def test_a_misspelt_provider_is_refused_with_the_nearest(arguments: Any) -> None:
    transport = ScriptedTransport(Answer())
    client = AsyncClient(plugins=[plain_provider()], transport=transport, config=False, **arguments)
    with pytest.raises(ConfigurationError, match="'plani'") as caught:
        await client.chat("hi", model="plain/m")
    assert "Did you mean 'plain'?" in str(caught.value)


async def test_a_provider_that_another_environment_has_may_be_named() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"hello\n", b"end\n"]))
    async with AsyncClient(
        plugins=[plain_provider()], transport=transport, api_keys={"zzz": "k"}, config=False
    ) as client:
        assert (await client.chat("hi", model="plain/m")).text == "hello"
