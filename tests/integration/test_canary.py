"""A key goes through every failure path, and shows up in none."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import attrs
import pytest

from modelscan import AsyncClient, Client, Secret
from modelscan.contracts.provider import Connection
from modelscan.errors import ConnectError, ModelScanError, TransportError
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider
from modelscan.wire.schemes import Bearer, QueryKey

CANARY = "sk-canary-7f3a9c5e1b2d4f60"
SHOWN = CANARY[:-4]

STEPS: dict[str, Any] = {
    "a refusal": Answer(status=401, pieces=[b"wrong key"]),
    "a server error": Answer(status=500),
    "no connection": ConnectError("refused"),
    "a lost reply": TransportError("lost", phase="wait"),
    "a cut body": Answer(pieces=[b"hel"], cut=True),
    "no text": Answer(pieces=[b"\xff\xfe"]),
}
SCHEMES = {"bearer": Bearer(), "query": QueryKey("key")}


def client_with(step: Any, scheme: Any) -> AsyncClient:
    connection = Connection(base_urls={"default": "https://plain.example.org"}, schemes={"default": scheme})
    return AsyncClient(
        plugins=[plain_provider(connection=connection)],
        transport=ScriptedTransport(step),
        api_keys={"plain": CANARY},
        settings={"retries.max_attempts": 1},
        config=False,
    )


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", STEPS)
async def test_no_failure_shows_the_key(name: str, scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client_with(STEPS[name], SCHEMES[scheme]) as client:
        with pytest.raises((ModelScanError, UnicodeDecodeError)) as caught:
            async with client.stream("hi", model="plain/m") as stream:
                await stream.reply()
        shown = "".join(traceback.format_exception(caught.value))
        shown += repr(vars(caught.value)) + str(caught.value) + caplog.text
        shown += repr(client) + repr(client.settings) + repr(vars(client))
    assert SHOWN not in shown


def test_a_client_and_its_arguments_show_no_key() -> None:
    client = Client(api_keys={"openai": Secret(CANARY)}, config=False)
    assert SHOWN not in repr(client) + repr(client.settings) + repr(vars(client))


async def test_a_key_for_a_foreign_host_is_not_in_the_error() -> None:
    async with client_with(STEPS["a refusal"], Bearer()) as client:
        provider = plain_provider()
        foreign = attrs.evolve(provider.connection, credential_hosts=())
        assert SHOWN not in repr(foreign)
        with pytest.raises(ModelScanError) as caught:
            await client.chat("hi", model="plain/m")
    assert SHOWN not in str(caught.value)
