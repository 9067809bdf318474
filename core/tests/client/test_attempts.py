"""The attempt loop: what is tried again, where, and when it stops."""

from __future__ import annotations

import pytest

from modelscan import AsyncClient
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectError,
    DeadlineError,
    ModelScanError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    TransportError,
)
from modelscan.testing.scripted import Answer, PlainChat, ScriptedTransport, plain_provider

OK = Answer(pieces=[b"hello\n", b"end\n"])


def client_over(transport: ScriptedTransport, *providers: object, **settings: object) -> AsyncClient:
    quick = {"retries.base_s": 0, "retries.cap_s": 0, **settings}
    return AsyncClient(plugins=providers or (plain_provider(),), transport=transport, settings=quick, config=False)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_a_passing_refusal_is_tried_again(status: int) -> None:
    transport = ScriptedTransport(Answer(status=status), OK)
    async with client_over(transport) as client:
        reply = await client.chat("hi", model="plain/m")
    assert reply.text == "hello"
    assert len(transport.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_a_final_refusal_is_sent_once(status: int) -> None:
    transport = ScriptedTransport(Answer(status=status, headers=(("x-should-retry", "true"),)), OK)
    async with client_over(transport) as client:
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="plain/m")
    assert len(transport.requests) == 1


async def test_a_quota_429_is_sent_once() -> None:
    transport = ScriptedTransport(QuotaExceededError("out of credit", status=429), OK)
    async with client_over(transport) as client:
        with pytest.raises(QuotaExceededError):
            await client.chat("hi", model="plain/m")
    assert len(transport.requests) == 1


async def test_the_vendor_may_forbid_a_retry() -> None:
    transport = ScriptedTransport(Answer(status=500, headers=(("x-should-retry", "false"),)), OK)
    async with client_over(transport) as client:
        with pytest.raises(ServerError):
            await client.chat("hi", model="plain/m")
    assert len(transport.requests) == 1


async def test_a_connection_that_never_stood_is_tried_again() -> None:
    transport = ScriptedTransport(ConnectError("refused"), OK)
    async with client_over(transport) as client:
        assert (await client.chat("hi", model="plain/m")).text == "hello"


@pytest.mark.parametrize("phase", ["send", "wait", "read"])
async def test_a_request_that_may_have_arrived_is_not_sent_twice(phase: str) -> None:
    transport = ScriptedTransport(TransportError("lost", phase=phase), OK)  # type: ignore[arg-type]
    async with client_over(transport) as client:
        with pytest.raises(TransportError):
            await client.chat("hi", model="plain/m")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("phase", ["send", "wait", "read"])
async def test_a_safe_request_is_sent_again_after_a_loss(phase: str) -> None:
    transport = ScriptedTransport(TransportError("lost", phase=phase), OK)  # type: ignore[arg-type]
    async with client_over(transport, plain_provider(chat=PlainChat(repeat="safe"))) as client:
        assert (await client.chat("hi", model="plain/m")).text == "hello"


async def test_a_keyed_request_is_sent_again_only_with_a_key() -> None:
    provider = plain_provider(chat=PlainChat(repeat="keyed"))
    lost = TransportError("lost", phase="wait")
    async with client_over(ScriptedTransport(lost, OK), provider) as client:
        with pytest.raises(TransportError):
            await client.chat("hi", model="plain/m")
    transport = ScriptedTransport(lost, OK)
    async with client_over(transport, provider) as client:
        assert (await client.chat("hi", model="plain/m", idempotency_key="k-1")).text == "hello"
    assert [request.headers for request in transport.requests] == [(("idempotency-key", "k-1"),)] * 2


async def test_attempts_end_after_the_most_that_are_allowed() -> None:
    transport = ScriptedTransport(Answer(status=503, pieces=[b"busy"]))
    async with client_over(transport, **{"retries.max_attempts": 3}) as client:
        with pytest.raises(ServerError) as caught:
            await client.chat("hi", model="plain/m")
    assert len(transport.requests) == 3
    assert caught.value.__notes__ == ["before that, 2 times: the same"]


async def test_a_wait_longer_than_the_longest_ends_the_call() -> None:
    transport = ScriptedTransport(Answer(status=429, headers=(("retry-after", "3600"),)), OK)
    async with client_over(transport) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.chat("hi", model="plain/m")
    assert caught.value.retry_after_s == 3600
    assert len(transport.requests) == 1


async def test_a_wait_beyond_the_deadline_ends_the_call_at_once_with_the_providers_error() -> None:
    transport = ScriptedTransport(Answer(status=429, headers=(("retry-after", "30"),)), OK)
    async with client_over(transport) as client:
        with pytest.raises(RateLimitError, match="429") as caught:
            await client.chat("hi", model="plain/m", timeout_s=5)
    assert "deadline" in caught.value.__notes__[0]


async def test_a_deadline_in_the_middle_of_an_answer_is_a_deadline_error() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"hel"], hang=True))
    async with client_over(transport) as client:
        with pytest.raises(DeadlineError):
            await client.chat("hi", model="plain/m", timeout_s=0.02)
    assert transport.exchanges[0].is_closed


async def test_the_next_model_answers_where_the_first_one_refuses() -> None:
    transport = ScriptedTransport(Answer(status=404), OK)
    async with client_over(transport, plain_provider("one"), plain_provider("two")) as client:
        reply = await client.chat("hi", model=["one/m", "two/m"])
    assert (reply.provider, reply.text) == ("two", "hello")


async def test_the_last_error_names_the_earlier_ones() -> None:
    transport = ScriptedTransport(
        Answer(status=404, pieces=[b"no such model"]), Answer(status=401, pieces=[b"bad key"])
    )
    async with client_over(transport, plain_provider("one"), plain_provider("two")) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.chat("hi", model=["one/m", "two/m"])
    assert caught.value.__notes__ == ["before that: NotFoundError: one/m: 404 Not Found: no such model"]


async def test_an_error_says_whom_it_concerns_and_what_to_do() -> None:
    transport = ScriptedTransport(
        Answer(status=400, pieces=[b"temperature is too hot"], headers=(("x-request-id", "r1"),))
    )
    async with client_over(transport) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.chat("hi", model="plain/m")
    text = str(caught.value)
    assert all(piece in text for piece in ("plain/m", "temperature is too hot", "r1", "Mend the request"))


async def test_no_attempt_follows_a_cancelled_one() -> None:
    import asyncio

    transport = ScriptedTransport(Answer(pieces=[b"x"], hang=True))
    async with client_over(transport) as client:
        task = asyncio.create_task(client.chat("hi", model="plain/m"))
        await transport.answered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert len(transport.requests) == 1
    assert transport.exchanges[0].is_closed
