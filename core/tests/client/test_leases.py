"""Every attempt ends its lease once, and in the way that the promise says."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modelscan import AsyncClient, hookimpl
from modelscan.contracts.http import HttpRequest
from modelscan.contracts.limiter import Demand
from modelscan.contracts.transport import Timeouts
from modelscan.errors import ConnectError, ModelScanError, TransportError
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.testing.mock import MockProvider
from modelscan.testing.scripted import Answer, ScriptedExchange, ScriptedTransport, plain_provider

OK = Answer(pieces=[b"hello\n", b"end\n"])


class Watched(UnlimitedLease):
    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []

    def _step(self, to: str, *allowed: str) -> None:
        super()._step(to, *allowed)  # type: ignore[arg-type]
        self.steps.append(to)


class Watching(Unlimited):
    name = "watching"
    leases: list[Watched]

    def __init__(self) -> None:
        self.leases = Watching.leases = []

    async def reserve(self, demand: Demand) -> Watched:
        self.leases.append(Watched())
        return self.leases[-1]


def client_over(*steps: object) -> AsyncClient:
    @hookimpl
    def modelscan_limiter() -> type[Watching]:
        return Watching

    return AsyncClient(
        plugins=(plain_provider(), SimpleNamespace(modelscan_limiter=modelscan_limiter)),
        transport=ScriptedTransport(*steps),  # type: ignore[arg-type]
        settings={"retries.max_attempts": 1, "client.limiter": "watching"},
        config=False,
    )


async def test_an_answer_settles() -> None:
    async with client_over(OK) as client:
        await client.chat("hi", model="plain/m")
    assert [lease.steps for lease in Watching.leases] == [["sent", "arrived", "settled"]]


async def test_a_call_in_this_process_arrives_when_it_has_run() -> None:
    """What runs it may count it late: a window that began earlier would end before the provider's does."""

    class Counting(MockProvider):
        async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> ScriptedExchange:
            seen.extend(Watching.leases[0].steps)
            return await super().send(request, timeouts=timeouts)

    @hookimpl
    def modelscan_limiter() -> type[Watching]:
        return Watching

    seen: list[str] = []
    plugins = (Counting(), SimpleNamespace(modelscan_limiter=modelscan_limiter))
    async with AsyncClient(plugins=plugins, settings={"client.limiter": "watching"}, config=False) as client:
        await client.chat("hi", model="mock/m")
    assert seen == ["sent"]
    assert Watching.leases[0].steps == ["sent", "arrived", "settled"]


async def test_a_refusal_settles_as_a_request() -> None:
    async with client_over(Answer(status=429)) as client:
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="plain/m")
    assert Watching.leases[0].steps == ["sent", "arrived", "settled"]


async def test_a_connection_that_never_stood_gives_everything_back() -> None:
    async with client_over(ConnectError("refused")) as client:
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="plain/m")
    assert Watching.leases[0].steps == ["sent", "released"]


@pytest.mark.parametrize("phase", ["send", "wait"])
async def test_a_lost_request_is_charged_at_its_bound(phase: str) -> None:
    async with client_over(TransportError("lost", phase=phase)) as client:  # type: ignore[arg-type]
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="plain/m")
    assert Watching.leases[0].steps == ["sent", "forfeited"]


async def test_a_reply_that_breaks_off_is_charged_at_its_bound() -> None:
    async with client_over(Answer(pieces=[b"hel"], cut=True)) as client:
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="plain/m")
    assert Watching.leases[0].steps == ["sent", "arrived", "forfeited"]


async def test_a_stream_holds_its_lease_to_its_end() -> None:
    async with client_over(OK) as client, client.stream("hi", model="plain/m") as stream:
        await anext(stream)
        assert Watching.leases[0].steps == ["sent", "arrived"]
        await stream.reply()
        assert Watching.leases[0].steps == ["sent", "arrived", "settled"]


async def test_a_stream_that_is_left_early_is_charged_at_its_bound() -> None:
    async with client_over(OK) as client:
        async with client.stream("hi", model="plain/m") as stream:
            await anext(stream)
        assert Watching.leases[0].steps == ["sent", "arrived", "forfeited"]


async def test_a_stream_that_breaks_off_is_charged_at_its_bound() -> None:
    async with (
        client_over(Answer(pieces=[b"hel\n"], cut=True)) as client,
        client.stream("hi", model="plain/m") as stream,
    ):
        with pytest.raises(ModelScanError):
            await stream.reply()
    assert Watching.leases[0].steps == ["sent", "arrived", "forfeited"]
