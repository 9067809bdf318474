"""What a client makes of its settings."""

from __future__ import annotations

import modelscan
from modelscan import AsyncClient, hookimpl
from modelscan.contracts.transport import TransportOptions
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
