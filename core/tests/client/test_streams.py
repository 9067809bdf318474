"""Streams: falling back before the first chunk, raising after it, and an end that is certain."""

from __future__ import annotations

import asyncio

import pytest

from modelscan import AsyncClient, Client
from modelscan.errors import ConnectError, DeadlineError, ModelScanError, ProviderError, ServerError, StreamCutError
from modelscan.testing.scripted import Answer, PlainChat, ScriptedTransport, plain_provider
from modelscan.transport.failures import timed_out

OK = Answer(pieces=[b"hel\nlo", b"\nend\n"])


def client_over(*steps: object, **settings: object) -> AsyncClient:
    quick = {"retries.base_s": 0, "retries.cap_s": 0, **settings}
    transport = ScriptedTransport(*steps)  # type: ignore[arg-type]
    return AsyncClient(plugins=[plain_provider()], transport=transport, settings=quick, config=False)


async def test_chunks_come_in_order_and_fold_into_the_reply() -> None:
    async with client_over(OK) as client, client.stream("hi", model="plain/m") as stream:
        texts = [chunk.text async for chunk in stream]
        reply = await stream.reply()
    assert texts == ["hel", "lo", ""]
    assert (reply.text, reply.finish_reason, reply.provider, reply.model) == ("hello", "stop", "plain", "m")
    assert reply.usage.output_tokens == 2


async def test_a_refusal_before_the_first_chunk_is_tried_again() -> None:
    async with client_over(Answer(status=503), OK) as client, client.stream("hi", model="plain/m") as stream:
        assert (await stream.reply()).text == "hello"


async def test_an_error_event_before_the_first_chunk_is_tried_again() -> None:
    steps = (Answer(pieces=[b"error busy\n"]), OK)
    async with client_over(*steps) as client, client.stream("hi", model="plain/m") as stream:
        assert (await stream.reply()).text == "hello"


async def test_an_error_event_after_a_chunk_reaches_the_caller() -> None:
    answer = Answer(pieces=[b"hel\n", b"error busy\n"])
    async with client_over(answer) as client, client.stream("hi", model="plain/m") as stream:
        assert (await anext(stream)).text == "hel"
        with pytest.raises(ProviderError, match="plain/m: error busy"):
            await anext(stream)
        assert stream.partial().text == "hel"


async def test_a_cut_after_a_chunk_is_a_cut_with_the_loss_as_its_cause() -> None:
    async with client_over(Answer(pieces=[b"hel\n"], cut=True)) as client:
        async with client.stream("hi", model="plain/m") as stream:
            with pytest.raises(StreamCutError) as caught:
                await stream.reply()
    assert "cut" in str(caught.value.__cause__)


async def test_a_cut_says_what_broke_and_what_to_change() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"hel\n"], broken=timed_out("read", "host", 3)))
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        with pytest.raises(StreamCutError, match="host fell silent for 3 s") as caught:
            await client.stream("hi", model="plain/m").reply()
    assert "raise read_s" in caught.value.advice


async def test_the_deadline_holds_to_the_streams_end() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"hel\n"], hang=True))
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        async with client.stream("hi", model="plain/m", timeout_s=0.05) as stream:
            assert (await anext(stream)).text == "hel"
            with pytest.raises(DeadlineError, match="plain/m: the call's deadline passed before the stream's end"):
                await anext(stream)
            assert transport.exchanges[0].is_closed
            assert stream.partial().text == "hel"


async def test_a_silence_within_the_deadline_is_a_cut_with_its_own_reason() -> None:
    answer = Answer(pieces=[b"hel\n"], broken=timed_out("read", "host", 3))
    async with client_over(answer) as client:
        with pytest.raises(StreamCutError, match="fell silent"):
            await client.stream("hi", model="plain/m", timeout_s=60).reply()


async def test_a_cut_after_the_end_does_no_harm() -> None:
    answer = Answer(pieces=[b"hello\n", b"end\n"], cut=True)
    async with client_over(answer) as client, client.stream("hi", model="plain/m") as stream:
        assert (await stream.reply()).text == "hello"


async def test_a_stream_that_just_ends_is_a_cut() -> None:
    async with client_over(Answer(pieces=[b"hel\n"])) as client, client.stream("hi", model="plain/m") as stream:
        with pytest.raises(StreamCutError):
            await stream.reply()


async def test_what_came_last_is_given_out_before_the_missing_end_is_told() -> None:
    async with client_over(Answer(pieces=[b"hel\nlo"])) as client, client.stream("hi", model="plain/m") as stream:
        with pytest.raises(StreamCutError):
            await stream.reply()
        assert stream.partial().text == "hello"


async def test_leaving_the_block_closes_the_connection() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"a\n"], hang=True))
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        async with client.stream("hi", model="plain/m") as stream:
            await anext(stream)
            assert not transport.exchanges[0].is_closed
        assert transport.exchanges[0].is_closed


async def test_cancelling_a_reader_closes_the_connection() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"a\n"], hang=True))
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        stream = client.stream("hi", model="plain/m")
        task = asyncio.create_task(stream.reply())
        await transport.answered.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert transport.exchanges[0].is_closed


async def test_there_is_no_reply_after_an_early_close() -> None:
    async with client_over(OK) as client:
        async with client.stream("hi", model="plain/m") as stream:
            await anext(stream)
        with pytest.raises(ModelScanError, match="closed before its end"):
            await stream.reply()
        assert stream.partial().text == "hello" or stream.partial().text == "hel"


async def test_nothing_is_sent_before_a_stream_is_entered() -> None:
    transport = ScriptedTransport(OK)
    async with AsyncClient(plugins=[plain_provider()], transport=transport, config=False) as client:
        client.stream("hi", model="plain/m")
        assert transport.requests == []


class TestBlocking:
    def test_chunks_and_reply_are_those_of_the_async_stream(self) -> None:
        with Client(plugins=[plain_provider()], transport=ScriptedTransport(OK), config=False) as client:
            with client.stream("hi", model="plain/m") as stream:
                assert [chunk.text for chunk in stream] == ["hel", "lo", ""]
                assert stream.reply().text == "hello"

    def test_more_chunks_than_the_hand_over_keeps_all_arrive(self) -> None:
        answer = Answer(pieces=[f"{number}\n".encode() for number in range(1000)] + [b"end\n"])
        with Client(plugins=[plain_provider()], transport=ScriptedTransport(answer), config=False) as client:
            with client.stream("hi", model="plain/m") as stream:
                assert [chunk.text for chunk in stream][:1000] == [str(number) for number in range(1000)]

    def test_an_early_exit_closes_the_connection(self) -> None:
        transport = ScriptedTransport(Answer(pieces=[b"a\n"], hang=True))
        with Client(plugins=[plain_provider()], transport=transport, config=False) as client:
            with client.stream("hi", model="plain/m") as stream:
                next(stream)
            assert transport.exchanges[0].is_closed

    def test_errors_reach_the_caller(self) -> None:
        answer = Answer(pieces=[b"a\n", b"error late\n"])
        with Client(plugins=[plain_provider()], transport=ScriptedTransport(answer), config=False) as client:
            with client.stream("hi", model="plain/m") as stream, pytest.raises(ProviderError, match="late"):
                list(stream)

    def test_a_failure_to_connect_reaches_the_caller(self) -> None:
        settings = {"retries.max_attempts": 1}
        transport = ScriptedTransport(ConnectError("refused"))
        with Client(plugins=[plain_provider()], transport=transport, settings=settings, config=False) as client:
            with pytest.raises(ConnectError), client.stream("hi", model="plain/m"):
                pass


async def test_a_stream_can_be_restarted_only_where_repeating_is_safe() -> None:
    transport = ScriptedTransport(Answer(pieces=[], cut=True), OK)
    safe = plain_provider(chat=PlainChat(repeat="safe"))
    async with AsyncClient(plugins=[safe], transport=transport, settings={"retries.base_s": 0}, config=False) as client:
        async with client.stream("hi", model="plain/m") as stream:
            assert (await stream.reply()).text == "hello"
    unsafe = ScriptedTransport(Answer(pieces=[], cut=True), OK)
    async with AsyncClient(plugins=[plain_provider()], transport=unsafe, config=False) as client:
        with pytest.raises((StreamCutError, ServerError)):
            await client.stream("hi", model="plain/m").reply()
