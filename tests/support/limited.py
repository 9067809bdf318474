"""Clients of one mocked provider with prices, limits and budgets, and what they tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

import msgspec

from modelscan import AsyncClient, ChatReply, hookimpl
from modelscan.contracts.limiter import Quota
from modelscan.contracts.policies import Call
from modelscan.testing.mock import MockProvider
from modelscan.testing.scripted import Answer, ScriptedTransport, Step
from modelscan.types.limits import Limit
from modelscan.types.messages import assistant
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import openai_compatible

MODEL: Final = "mock/m"
PRICES: Final = {"mock/*": {"per": 1_000_000, "units": {"input_tokens": "1", "output_tokens": "100"}}}
"""A dollar for a million tokens that are read, a hundred for those that are written."""


def said(text: str = "hello", *, read: int = 10, written: int = 100, is_reported: bool = True) -> ChatReply[Any]:
    """An answer that took so many tokens."""
    usage = Usage(input_tokens=read, output_tokens=written, is_reported=is_reported)
    return ChatReply(message=assistant(text), finish_reason="stop", usage=usage)


def client_of(mock: Any, *plugins: object, **arguments: Any) -> AsyncClient:
    """A client whose calls all go to the mock, with prices; its ledger is that of the test's folder."""
    settings = {"retries.base_s": 0.0, **arguments.pop("settings", {})}
    words: dict[str, Any] = {"prices": PRICES, "config": False, **arguments}
    return AsyncClient(plugins=(mock.provider, *plugins), transport=mock, settings=settings, **words)


def dollars(reply: ChatReply[Any]) -> Decimal:
    """What a reply cost."""
    assert reply.cost.total is not None
    return reply.cost.total.amount


async def spent(client: AsyncClient) -> list[tuple[str, Decimal]]:
    """Every budget of calls made here, with what is taken of it."""
    told = await client.limits()
    return [(each.account, Decimal(each.used) / 10**9) for each in told if each.origin == "budget"]


async def until(condition: Callable[[], object], what: str = "it") -> None:
    """Let others run until something holds; `AssertionError` when it doesn't soon."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError(f"waited in vain for {what}")


class Told:
    """A plugin that keeps what the observers of limits are told."""

    def __init__(self) -> None:
        self.waited: list[tuple[str, float]] = []
        self.learned: list[tuple[str, str, Limit]] = []
        self.nearly: list[tuple[str, int]] = []

    @property
    def plugin(self) -> object:
        """For a client's `plugins`."""

        @hookimpl
        def modelscan_waited(call: Call, account: str, wait_s: float) -> None:
            self.waited.append((account, wait_s))

        @hookimpl
        def modelscan_limit_learned(account: str, model: str, limit: Limit) -> None:
            self.learned.append((account, model, limit))

        @hookimpl
        def modelscan_limit_nearly_used(quota: Quota, used: int) -> None:
            self.nearly.append((quota.unit, used))

        hooks = (modelscan_waited, modelscan_limit_learned, modelscan_limit_nearly_used)
        return SimpleNamespace(**{hook.__name__: hook for hook in hooks})


class Gated(MockProvider):
    """A mock that holds its answers back until `open` is set; `under_way` counts those that it holds."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.under_way = 0

    async def send(self, request: Any, *, timeouts: Any) -> Any:
        self.under_way += 1
        try:
            await self.open.wait()
        finally:
            self.under_way -= 1
        return await super().send(request, timeouts=timeouts)


def most_of(mock: MockProvider) -> Sequence[int | None]:
    """The longest answers that the calls allowed."""
    return [call.request.max_output_tokens for call in mock.calls]


def answered(
    headers: Sequence[tuple[str, str]] = (),
    *,
    status: int = 200,
    error: str = "",
    code: str = "rate_limit_exceeded",
    read: int = 10,
    written: int = 5,
) -> Answer:
    """A scripted answer in OpenAI's format: with its usage, or with an error's message."""
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    choice = {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
    good = {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}
    bad = {"error": {"message": error, "type": "requests", "code": code, "param": None}}
    body = msgspec.json.encode(bad if status >= 400 else good)
    return Answer(status, [body], (("content-type", "application/json"), *headers))


def acme(*steps: Step, dialect: str = "openai", **arguments: Any) -> tuple[AsyncClient, ScriptedTransport]:
    """A client of a provider `acme` that tells of its limits as OpenAI does, and the script that answers it."""
    transport = ScriptedTransport(*steps)
    define = openai_compatible(
        "acme", base_url="https://acme.example.org/v1", key=None, models=None, limit_headers=dialect
    )
    settings = {"retries.base_s": 0.0, **arguments.pop("settings", {})}
    plugins = (define(), *arguments.pop("plugins", ()))
    return AsyncClient(plugins=plugins, transport=transport, settings=settings, config=False, **arguments), transport
