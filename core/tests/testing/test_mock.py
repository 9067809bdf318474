"""A mock answers what it was told; everything between it and the program is real."""

from __future__ import annotations

import pytest

from modelscan import AsyncClient, Client
from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Timeouts
from modelscan.errors import ConnectError, RateLimitError, ServerError, TransportError, UnsupportedError
from modelscan.testing.clock import FakeClock
from modelscan.testing.mock import MockProvider, assert_no_rate_limit_violation
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import ToolCall
from modelscan.types.messages import Message

ONCE = {"retries.max_attempts": 1}


def client(mock: MockProvider, attempts: int = 1) -> AsyncClient:
    return AsyncClient(mock=mock, settings={"retries.max_attempts": attempts, "retries.base_s": 0.0}, config=False)


async def test_answers_come_in_turn_and_the_last_one_stays() -> None:
    async with client(MockProvider().with_response("one", "two")) as subject:
        texts = [(await subject.chat("hi", model="mock/m")).text for _ in range(3)]
    assert texts == ["one", "two", "two"]


async def test_without_an_answer_it_says_what_it_was_told() -> None:
    async with client(MockProvider()) as subject:
        reply = await subject.chat("Grüße", model="mock/m")
    assert reply.text == "You said: Grüße"
    assert reply.usage.input_tokens == 1
    assert reply.usage.output_tokens == 4
    assert (reply.provider, reply.model) == ("mock", "m")


async def test_a_stream_has_several_pieces_of_the_same_answer() -> None:
    async with client(MockProvider().with_response("A longer answer.")) as subject:
        async with subject.stream("hi", model="mock/m") as stream:
            pieces = [chunk.text async for chunk in stream if chunk.text]
            reply = await stream.reply()
    assert len(pieces) > 2
    assert "".join(pieces) == reply.text == "A longer answer."
    assert reply.usage.is_reported


async def test_whole_replies_are_given_with_their_tool_calls() -> None:
    call = ToolCall(id="1", name="weather", arguments="{}")
    mock = MockProvider().with_response(
        ChatReply(message=Message("assistant", (call,)), finish_reason="tool_calls", id="mine")
    )
    async with client(mock) as subject:
        reply = await subject.chat("hi", model="mock/m")
    assert reply.tool_calls[0].name == "weather"
    assert reply.id == "mine"


async def test_vectors_are_the_same_for_the_same_input() -> None:
    async with client(MockProvider()) as subject:
        first = await subject.embed(["a", "b"], model="mock/m", dimensions=4)
        again = await subject.embed("a", model="mock/m", dimensions=4)
    assert first.vectors[0] == again.vectors[0] != first.vectors[1]
    assert len(first.vectors[0]) == 4


async def test_errors_are_decided_by_the_seed() -> None:
    async def fate(seed: int) -> list[bool]:
        fates = []
        async with client(MockProvider(seed=seed).with_error_rate(0.5)) as subject:
            for _ in range(20):
                try:
                    await subject.chat("hi", model="mock/m")
                    fates.append(True)
                except ServerError:
                    fates.append(False)
        return fates

    first = await fate(1)
    assert first == await fate(1) != await fate(2)
    assert 3 < sum(first) < 17


async def test_an_error_that_is_given_is_raised() -> None:
    lost = TransportError("lost", phase="wait")
    async with client(MockProvider().with_error_rate(1.0, lost)) as subject:
        with pytest.raises(TransportError, match="lost"):
            await subject.chat("hi", model="mock/m")


async def test_retries_get_over_an_error() -> None:
    mock = MockProvider().with_response(ServerError("once", status=500), "fine")
    async with client(mock, attempts=2) as subject:
        assert (await subject.chat("hi", model="mock/m")).text == "fine"
    assert len(mock.calls) == 2


async def test_more_than_the_rate_limit_is_refused_until_the_window_has_passed() -> None:
    clock = FakeClock()
    mock = MockProvider(clock=clock).with_rate_limit(2, window_s=10)
    async with client(mock) as subject:
        await subject.chat("hi", model="mock/m")
        await subject.chat("hi", model="mock/m")
        assert_no_rate_limit_violation(mock)
        with pytest.raises(RateLimitError) as caught:
            await subject.chat("hi", model="mock/m")
        assert caught.value.retry_after_s == 10
        clock.advance(10)
        assert (await subject.chat("hi", model="mock/m")).text
    with pytest.raises(AssertionError, match="1 of 4 requests"):
        assert_no_rate_limit_violation(mock)


async def test_latency_passes_on_the_clock_of_the_test() -> None:
    clock = FakeClock()
    async with client(MockProvider(clock=clock, seed=3).with_latency(30.0, jitter_s=5.0)) as subject:
        await subject.chat("hi", model="mock/m")
    assert 30.0 < clock() < 35.0
    assert clock.slept_s == [clock()]


async def test_the_calls_are_kept_as_a_server_reads_them() -> None:
    mock = MockProvider()
    async with client(mock) as subject:
        await subject.chat("hi", model="mock/some-model", temperature=0.5)
    request = mock.calls[0].request
    assert isinstance(request, ChatRequest)
    assert (mock.calls[0].model, request.temperature) == ("some-model", 0.5)


async def test_no_request_to_another_provider_leaves() -> None:
    async with AsyncClient(
        mock=MockProvider(), api_keys={"anthropic": "sk-none"}, settings=ONCE, config=False
    ) as subject:
        with pytest.raises(ConnectError, match="stands for the network"):
            await subject.count_tokens("hi", model="anthropic/m")


async def test_there_are_no_live_sessions() -> None:
    with pytest.raises(UnsupportedError):
        await MockProvider().connect(HttpRequest(url="wss://mock.invalid"), timeouts=Timeouts())


def test_it_is_a_plugin_beside_others() -> None:
    mock = MockProvider().with_response("Hello", ServerError("no", status=500))
    with Client(plugins=[mock], config=False, settings={"retries.max_attempts": 1}) as subject:
        assert subject.chat("hi", model="mock/m").text == "Hello"
        with pytest.raises(ServerError):
            subject.chat("hi", model="mock/m")
        assert len(subject._inner._assembly.plugins.provider("mock").capabilities()) == 2


def test_as_a_plugin_it_streams_and_embeds() -> None:
    with Client(plugins=[MockProvider().with_response("A longer answer.")], config=False) as subject:
        with subject.stream("hi", model="mock/m") as stream:
            assert stream.reply().text == "A longer answer."
    with Client(plugins=[MockProvider()], config=False) as subject:
        assert len(subject.embed("a", model="mock/m").vectors[0]) == 8


def test_the_blocking_client_takes_it_too() -> None:
    with Client(mock=MockProvider().with_response("Hello"), config=False) as subject:
        assert subject.chat("hi", model="mock/m").text == "Hello"
