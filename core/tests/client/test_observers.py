"""Observers see every call and attempt to its end; interceptors and ranking have their say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from modelscan import AsyncClient, Candidate, ModelScanError, Route, hookimpl
from modelscan.contracts.observed import Attempt, AttemptWatch, Outcome
from modelscan.contracts.policies import Call
from modelscan.errors import InvalidRequestError, PluginBrokenError
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider

OK = Answer(pieces=[b"hello\n", b"end\n"])


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.outcomes: list[Outcome] = []

    @hookimpl
    def modelscan_call_started(self, call: Call) -> str:
        self.lines.append(f"call {call.capability} {call.model} stream={call.is_stream}")
        return "state"

    @hookimpl
    def modelscan_attempt_started(self, call: Call, attempt: Attempt, call_state: object) -> AttemptWatch:
        self.lines.append(f"attempt {attempt.number} {attempt.candidate.name} {call_state}")
        return AttemptWatch(attempt.number, (("traceparent", "t"), ("Content-Type", "overruled")))

    @hookimpl
    def modelscan_first_chunk(self, state: object, elapsed_s: float) -> None:
        assert elapsed_s >= 0
        self.lines.append(f"first chunk {state}")

    @hookimpl
    def modelscan_attempt_finished(self, state: object, outcome: Outcome) -> None:
        self.lines.append(f"attempt {state} ended: {type(outcome.error).__name__}")

    @hookimpl
    def modelscan_call_finished(self, state: object, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.lines.append(f"call ended: {type(outcome.error).__name__} after {outcome.attempts} {state}")


def client_over(*steps: Any, plugins: Sequence[object]) -> tuple[AsyncClient, ScriptedTransport]:
    transport = ScriptedTransport(*steps)
    settings = {"retries.base_s": 0, "retries.cap_s": 0, "retries.max_attempts": 2}
    own = (plain_provider(), plain_provider("other"), *plugins)
    return AsyncClient(plugins=own, transport=transport, settings=settings, config=False), transport


async def test_a_call_is_told_from_its_start_to_its_end() -> None:
    log = Log()
    client, transport = client_over(Answer(status=503), OK, plugins=[log])
    async with client:
        reply = await client.chat("hi", model="plain/m")
    assert log.lines == [
        "call chat plain/m stream=False",
        "attempt 1 plain/m state",
        "attempt 1 ended: OverloadedError",
        "attempt 2 plain/m state",
        "attempt 2 ended: NoneType",
        "call ended: NoneType after 2 state",
    ]
    assert log.outcomes[0].reply == reply
    assert log.outcomes[0].usage == reply.usage
    assert ("traceparent", "t") in transport.requests[0].headers


async def test_a_failed_call_is_told_with_its_error() -> None:
    log = Log()
    client, _ = client_over(Answer(status=400), plugins=[log])
    async with client:
        with pytest.raises(ModelScanError) as caught:
            await client.chat("hi", model="plain/m")
    assert log.outcomes[0].error is caught.value


async def test_a_stream_is_told_to_its_end() -> None:
    log = Log()
    client, _ = client_over(OK, plugins=[log])
    async with client, client.stream("hi", model="plain/m") as stream:
        assert log.lines[-1] == "first chunk 1"
        await stream.reply()
    assert log.lines[-2:] == ["attempt 1 ended: NoneType", "call ended: NoneType after 1 state"]
    assert log.outcomes[0].reply.text == "hello"
    assert len(log.outcomes) == 1


async def test_a_stream_that_is_left_early_ends_without_a_reply_or_an_error() -> None:
    log = Log()
    client, _ = client_over(OK, plugins=[log])
    async with client:
        async with client.stream("hi", model="plain/m") as stream:
            await anext(stream)
    assert (log.outcomes[0].reply, log.outcomes[0].error) == (None, None)


async def test_a_stream_that_breaks_ends_with_its_error() -> None:
    log = Log()
    client, _ = client_over(Answer(pieces=[b"hel\n"], cut=True), plugins=[log])
    async with client, client.stream("hi", model="plain/m") as stream:
        with pytest.raises(ModelScanError) as caught:
            await stream.reply()
    assert log.outcomes[0].error is caught.value


async def test_an_observer_that_fails_hurts_no_call(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        @hookimpl
        def modelscan_call_started(self, call: Call) -> object:
            raise RuntimeError("no disk left")

    client, _ = client_over(OK, plugins=[Broken()])
    async with client:
        assert (await client.chat("hi", model="plain/m")).text == "hello"
    assert "no disk left" in caplog.text


async def test_an_interceptor_may_refuse_a_call_before_anything_is_sent() -> None:
    class Guard:
        @hookimpl
        async def modelscan_intercept(self, call: Call) -> None:
            raise InvalidRequestError("not on a Sunday")

    log = Log()
    client, transport = client_over(OK, plugins=[Guard(), log])
    async with client:
        with pytest.raises(InvalidRequestError, match="Sunday"):
            await client.chat("hi", model="plain/m")
        with pytest.raises(InvalidRequestError, match="Sunday"):
            async with client.stream("hi", model="plain/m"):
                pass
    assert transport.requests == []
    assert [outcome.attempts for outcome in log.outcomes] == [0, 0]


async def test_an_application_routes_in_one_function() -> None:
    class Routing:
        @hookimpl
        def modelscan_rank(self, call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
            return [candidate for candidate in candidates if candidate.provider == "other"]

    client, _ = client_over(OK, plugins=[Routing()])
    async with client:
        assert (await client.chat("hi", model=["plain/m", "other/m"])).provider == "other"
        with pytest.raises(InvalidRequestError, match="no candidate is left"):
            await client.chat("hi", model="plain/m")


async def test_a_ranking_that_fails_fails_the_call() -> None:
    class Routing:
        @hookimpl
        def modelscan_rank(self, call: Call, candidates: Sequence[Candidate]) -> Any:
            return [1]

    client, _ = client_over(OK, plugins=[Routing()])
    async with client:
        with pytest.raises(PluginBrokenError, match="wasn't given"):
            await client.chat("hi", model="plain/m")


async def test_a_route_is_ranked_by_its_strategy() -> None:
    client, _ = client_over(OK, plugins=[])
    async with client:
        reply = await client.chat("hi", model=Route("first", models=("other/m", "plain/m")))
        assert reply.provider == "other"
        with pytest.raises(ModelScanError, match="no strategy named 'cheapest'"):
            await client.chat("hi", model=Route("cheapest", models=("other/m",)))


async def test_a_provider_that_is_not_installed_makes_room_for_the_next() -> None:
    client, _ = client_over(OK, plugins=[])
    async with client:
        assert (await client.chat("hi", model=["nowhere/m", "plain/m"])).provider == "plain"
