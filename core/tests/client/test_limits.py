"""Limits hold calls back: those that are given, and those that providers tell of."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from limited import MODEL, Gated, Told, acme, answered, client_of, said, until
from modelscan import Account, AsyncClient, ChatReply, Limit
from modelscan.contracts.http import HttpResponse, Target
from modelscan.errors import (
    DeadlineError,
    LimitExceededError,
    ModelScanError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from modelscan.testing.mock import MockProvider
from modelscan.testing.scripted import Answer, PlainChat, ScriptedTransport, plain_provider
from modelscan.types.chat import ChatRequest
from modelscan.types.standing import LimitStatus
from modelscan.types.usage import UNREPORTED


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is learned and spent stays in the test."""
    monkeypatch.setenv("MODELSCAN_HOME", str(tmp_path))
    return tmp_path


class Unreporting(PlainChat):
    """Its answers don't say what they took."""

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        return msgspec.structs.replace(super().decode(response, request, target), usage=UNREPORTED)


def only(told: tuple[LimitStatus, ...]) -> LimitStatus:
    (each,) = told
    return each


# --- Given -----------------------------------------------------------------------------------------------------------


async def test_a_call_over_a_limit_waits_and_an_observer_hears_of_it() -> None:
    told = Told()
    limits = {"mock": [Limit("requests", 2, window_s=0.15)]}
    async with client_of(MockProvider(), told.plugin, limits=limits) as client:
        begun = time.monotonic()
        await asyncio.gather(*(client.chat("hi", model=MODEL) for _ in range(3)))
        assert time.monotonic() - begun >= 0.15
    ((account, wait_s),) = told.waited
    assert account == "mock/default"
    assert 0.1 < wait_s < 10
    assert ("requests", 2) in told.nearly


async def test_a_call_that_may_not_wait_is_refused_at_once() -> None:
    async with client_of(MockProvider(), limits={"mock": [Limit("requests", 1, window_s=60)]}) as client:
        await client.chat("hi", model=MODEL)
        with pytest.raises(LimitExceededError, match="1 requests a minute"), client.context(may_wait=False):
            await client.chat("hi", model=MODEL)


async def test_a_deadline_ends_the_wait_before_it_begins() -> None:
    async with client_of(MockProvider(), limits={"mock": [Limit("requests", 1, window_s=60)]}) as client:
        await client.chat("hi", model=MODEL)
        begun = time.monotonic()
        with pytest.raises((LimitExceededError, DeadlineError)):
            await client.chat("hi", model=MODEL, timeout_s=5)
        assert time.monotonic() - begun < 4


async def test_the_longest_wait_of_the_settings_ends_it_too() -> None:
    arguments: dict[str, Any] = {"settings": {"limits.longest_wait_s": 1.0}}
    async with client_of(MockProvider(), limits={"mock": [Limit("requests", 1, window_s=60)]}, **arguments) as client:
        await client.chat("hi", model=MODEL)
        with pytest.raises(LimitExceededError, match="longer than it may"):
            await client.chat("hi", model=MODEL)


async def test_who_has_priority_goes_first() -> None:
    mock = Gated()
    async with client_of(mock, limits={"mock": [Limit("concurrent", 1)]}) as client:
        calls = [asyncio.ensure_future(client.chat("first", model=MODEL))]
        await until(lambda: mock.under_way)
        for text, priority in (("low", 0), ("high", 5)):
            calls.append(asyncio.ensure_future(client.chat(text, model=MODEL, priority=priority)))
            await asyncio.sleep(0)
        mock.open.set()
        await asyncio.gather(*calls)
    assert [call.request.messages[0].text for call in mock.calls] == ["first", "high", "low"]


async def test_a_gauge_holds_as_many_as_are_under_way() -> None:
    mock = Gated()
    async with client_of(mock, limits={"mock": [Limit("concurrent", 2)]}) as client:
        await client.estimate("hi", model=MODEL)  # so that the terms are known
        calls = [asyncio.ensure_future(client.chat("hi", model=MODEL)) for _ in range(4)]
        await until(lambda: mock.under_way == 2)
        for _ in range(3):
            await asyncio.sleep(0)  # the others come to the line
        assert only(await client.limits("mock")).waiting == 2
        mock.open.set()
        await asyncio.gather(*calls)


async def test_a_call_that_asks_for_more_than_there_ever_is_says_so() -> None:
    async with client_of(MockProvider(), limits={"mock": [Limit("input_tokens", 50, window_s=60)]}) as client:
        with pytest.raises(LimitExceededError, match="the limit is 50 input tokens a minute"):
            await client.chat("word " * 400, model=MODEL)


async def test_a_strict_limit_needs_the_length_of_the_answer() -> None:
    limits = {"mock": [Limit("tokens", 50_000, window_s=60, strict=True)]}
    async with client_of(MockProvider(), limits=limits) as client:
        with pytest.raises(LimitExceededError, match=r"nobody knows how much the call uses at most"):
            await client.chat("hi", model=MODEL)
        await client.chat("hi", model=MODEL, max_output_tokens=10)


async def test_tokens_count_as_they_were_used() -> None:
    mock = MockProvider().with_response(said(read=30, written=40))
    async with client_of(mock, limits={"mock": [Limit("tokens", 5_000, window_s=60)]}) as client:
        await client.chat("hi", model=MODEL)
        assert only(await client.limits("mock")).used == 70


async def test_usage_that_is_not_reported_counts_as_it_was_estimated() -> None:
    transport = ScriptedTransport(Answer(pieces=[b"hello\nend\n"]))
    limits = {"plain": [Limit("tokens", 5_000, window_s=60)]}
    provider = plain_provider(chat=Unreporting())
    async with AsyncClient(plugins=(provider,), transport=transport, limits=limits, config=False) as client:
        reply = await client.chat("hi", model="plain/m", max_output_tokens=50)
        assert 50 < only(await client.limits("plain")).used < 100
        assert reply.cost.total is None


async def test_each_user_has_a_limit_of_his_own() -> None:
    limits = {"mock": [Limit("requests", 1, window_s=60, scope=("user",))]}
    async with client_of(MockProvider(), limits=limits) as client:
        with client.context(may_wait=False):
            await client.chat("hi", model=MODEL, principal="ann")
            await client.chat("hi", model=MODEL, principal="bob")
            await client.chat("hi", model=MODEL, tags={"user": "eve"})
            with pytest.raises(LimitExceededError):
                await client.chat("hi", model=MODEL, principal="ann")


async def test_each_model_has_a_limit_of_its_own_where_its_scope_says_so() -> None:
    limits = {"mock": [Limit("requests", 1, window_s=60, scope=("model",))]}
    async with client_of(MockProvider(), limits=limits) as client:
        with client.context(may_wait=False):
            await client.chat("hi", model="mock/small")
            await client.chat("hi", model="mock/large")
            with pytest.raises(LimitExceededError):
                await client.chat("hi", model="mock/large")
        assert {each.models for each in await client.limits("mock")} >= {"small", "large"}


async def test_accounts_of_one_organization_share_its_limit() -> None:
    accounts = [Account(provider="mock", name=name, organization="org") for name in ("here", "there")]
    limits = {"mock": [Limit("requests", 1, window_s=60, scope=("organization",))]}
    async with client_of(MockProvider(), accounts=accounts, limits=limits) as client:
        with client.context(may_wait=False):
            await client.chat("hi", model="mock@here/m")
            with pytest.raises(LimitExceededError):
                await client.chat("hi", model="mock@there/m")


async def test_each_attempt_takes_its_own_lease() -> None:
    mock = MockProvider().with_response(ServerError("broken", status=500), "hello")
    async with client_of(mock, limits={"mock": [Limit("requests", 5, window_s=60)]}) as client:
        await client.chat("hi", model=MODEL)
        assert only(await client.limits("mock")).used == 2


async def test_without_a_limiter_nothing_is_held_back() -> None:
    arguments: dict[str, Any] = {"settings": {"client.limiter": "unlimited"}}
    async with client_of(MockProvider(), limits={"mock": [Limit("requests", 1, window_s=60)]}, **arguments) as client:
        await asyncio.gather(*(client.chat("hi", model=MODEL) for _ in range(5)))
        assert only(await client.limits("mock")).used == 0


# --- Told by the provider --------------------------------------------------------------------------------------------

RATE = (("x-ratelimit-limit-requests", "2"), ("x-ratelimit-remaining-requests", "1"))
USED_UP = (("x-ratelimit-limit-requests", "2"), ("x-ratelimit-remaining-requests", "0"))


async def test_a_limit_in_a_header_is_learned_with_what_is_left_of_it() -> None:
    told = Told()
    client, _ = acme(answered(RATE), answered(USED_UP), plugins=(told.plugin,))
    async with client:
        await client.chat("hi", model="acme/m")
        learned = only(await client.limits("acme"))
        assert (learned.origin, learned.amount, learned.used) == ("learned", 2, 1)
        assert [(account, limit.amount) for account, _, limit in told.learned] == [("acme/default", 2)]
        await client.chat("hi", model="acme/m")
        with pytest.raises(LimitExceededError), client.context(may_wait=False):
            await client.chat("hi", model="acme/m")


async def test_what_others_have_taken_is_taken() -> None:
    client, _ = acme(answered((("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "3"))))
    async with client:
        await client.chat("hi", model="acme/m")
        assert only(await client.limits("acme")).left == 3


async def test_what_is_left_at_the_provider_bounds_what_was_given_for_this_program() -> None:
    limits = {"acme": [Limit("requests", 5, window_s=60)]}
    much = answered((("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "60")))
    little = answered((("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "1")))
    client, _ = acme(much, little, limits=limits)
    async with client:
        await client.chat("hi", model="acme/m")
        assert only(await client.limits("acme")).left == 4
        await client.chat("hi", model="acme/m")
        assert only(await client.limits("acme")).left == 1


async def test_what_was_learned_is_known_to_the_next_program() -> None:
    client, _ = acme(answered(RATE))
    async with client:
        await client.chat("hi", model="acme/m")
    again, _ = acme(answered())
    async with again:
        await again.chat("hi", model="acme/m")
        assert only(await again.limits("acme")).amount == 2


async def test_a_refusal_shuts_the_model_for_as_long_as_it_says() -> None:
    client, transport = acme(answered(status=429, error="slow down", headers=(("retry-after-ms", "150"),)), answered())
    async with client:
        begun = time.monotonic()
        first = asyncio.ensure_future(client.chat("hi", model="acme/m"))
        await until(lambda: transport.requests)
        await asyncio.gather(first, client.chat("hi", model="acme/m"))
        assert time.monotonic() - begun >= 0.15
        assert len(transport.requests) == 3


async def test_a_pause_that_a_good_answer_asks_for_is_kept() -> None:
    client, transport = acme(answered((("retry-after", "60"),)), answered())
    async with client:
        await client.chat("hi", model="acme/m")
        with pytest.raises(LimitExceededError), client.context(may_wait=False):
            await client.chat("hi", model="acme/m")
        await client.chat("hi", model="acme/other")
    assert len(transport.requests) == 2


async def test_a_quota_that_is_used_up_is_not_asked_for_again() -> None:
    error = "You exceeded your current quota, please check your plan and billing details."
    client, transport = acme(answered(status=429, error=error, code="insufficient_quota"))
    async with client:
        with pytest.raises(QuotaExceededError):
            await client.chat("hi", model="acme/m")
    assert len(transport.requests) == 1


async def test_a_request_that_is_too_large_for_the_limit_is_not_sent_again() -> None:
    error = "Request too large for m on tokens per min (TPM): Limit 1000, Requested 2000."
    client, transport = acme(answered(status=429, error=error))
    async with client:
        with pytest.raises(RateLimitError):
            await client.chat("hi", model="acme/m")
    assert len(transport.requests) == 1


async def test_a_refusal_that_is_no_matter_of_limits_teaches_nothing() -> None:
    told = Told()
    client, _ = acme(answered(status=400, error="Limit 7 requests per min"), plugins=(told.plugin,))
    async with client:
        with pytest.raises(ModelScanError):
            await client.chat("hi", model="acme/m")
        assert told.learned == []


# --- Streaming underneath --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [2, 100])
async def test_a_reply_is_the_same_whether_it_was_streamed_underneath_or_not(amount: int) -> None:
    mock = MockProvider().with_response(said("a rather long answer", read=7, written=9))
    async with client_of(mock, limits={"mock": [Limit("requests", amount, window_s=60)]}) as client:
        replies = [await client.chat("hi", model=MODEL) for _ in range(2)]
    assert [call.is_stream for call in mock.calls] == [False, amount == 2]
    one, other = replies
    assert (one.message, one.usage, one.cost, one.finish_reason) == (
        other.message,
        other.usage,
        other.cost,
        other.finish_reason,
    )
    assert (one.provider, one.model, one.id) == (other.provider, other.model, other.id)
