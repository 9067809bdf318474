"""A provider for tests of programs: it answers what it was told, as slowly and as badly as it was told.

    mock = MockProvider(seed=7).with_response("Hello").with_error_rate(0.2).with_latency(0.5)
    client = Client(mock=mock)
    client.chat("Hi", model="mock/any")

It is a real provider of OpenAI's family over a transport that nothing leaves by, so that everything between is what a
program meets in earnest: encoding, retries, limits, decoding. With `mock=` no request to any other provider leaves
either. `plugins=[mock]` adds it beside real ones; its calls then run in the process, without the client's transport.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.provider import Provider
from modelscan.contracts.servers import ServerCall
from modelscan.contracts.transport import Socket, Timeouts
from modelscan.errors import ConnectError, ModelScanError, ProviderError, RateLimitError, ServerError, UnsupportedError
from modelscan.hookspecs import hookimpl
from modelscan.testing.clock import FakeClock
from modelscan.testing.fake_server import stream_events
from modelscan.testing.in_process import in_process
from modelscan.testing.mock_answers import Given, answer_for
from modelscan.testing.scripted import Answer, ScriptedExchange
from modelscan.wire.openai_compatible import CompatibleMeter, Embeddings, openai_compatible
from modelscan.wire.openai_compatible.server import OpenAIServer

_BASE_URL: Final = "http://mock.invalid/v1"


class MockProvider:
    """The provider `name`; its models may have any name.

    `seed` decides about errors and jitter: the same calls in the same order fare the same each time. With a `clock`
    nothing is waited for in earnest. `calls` are the requests that arrived, as a server of the format read them;
    `violations` how many of them came faster than `with_rate_limit` allows.
    """

    def __init__(self, name: str = "mock", *, seed: int = 0, clock: FakeClock | None = None) -> None:
        self.calls: list[ServerCall] = []
        self.violations = 0
        self._codec = OpenAIServer()
        self._random = random.Random(seed)
        self._now: Callable[[], float] = clock or time.monotonic
        self._sleep: Callable[[float], Awaitable[None]] = clock.sleep if clock else asyncio.sleep
        self._answers: list[Given] = []
        self._latency_s = self._jitter_s = 0.0
        self._limit: tuple[int, float] | None = None
        self._arrivals: deque[float] = deque()
        self._error_rate = 0.0
        self._errors: tuple[ModelScanError, ...] = ()
        define = openai_compatible(
            name,
            base_url=_BASE_URL,
            key=None,
            embed=Embeddings(),
            meter=CompatibleMeter(hidden_tokens=0, tokens_beyond_cap=0),
            models=None,
            limit_headers="",
        )
        self.provider: Provider = define()

    def with_response(self, *answers: Given) -> Self:
        """Answer with these in turn, and with the last one again and again: texts, reply Structs, or errors to raise.

        Without any it says what it was told, and vectors are made of the inputs.
        """
        self._answers = [*self._answers, *answers]
        return self

    def with_latency(self, seconds: float, *, jitter_s: float = 0.0) -> Self:
        """Wait before each answer, and up to `jitter_s` longer."""
        self._latency_s, self._jitter_s = seconds, jitter_s
        return self

    def with_rate_limit(self, requests: int, *, window_s: float = 60.0) -> Self:
        """Refuse what comes faster with a 429 that says how long to wait; refused requests count for nothing."""
        self._limit = (requests, window_s)
        return self

    def with_error_rate(self, rate: float, *errors: ModelScanError) -> Self:
        """Fail this share of the requests, with one of these errors (a 500 where none is given)."""
        self._error_rate = rate
        self._errors = errors or (ServerError("the mock failed, as it was asked to", status=500),)
        return self

    @hookimpl
    def modelscan_provider(self) -> Provider:
        """The provider for `plugins=[mock]`: its operations run over this transport, whatever the client's is."""
        return in_process(self.provider, self)

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> ScriptedExchange:
        """The answer to one request. Raises `ConnectError` for one that isn't for this provider."""
        if not request.url.startswith(_BASE_URL):
            raise ConnectError("a mock stands for the network, and knows no such host", provider=self.provider.name)
        call = self._codec.parse(request)
        self.calls.append(call)
        await self._sleep(self._latency_s + self._random.random() * self._jitter_s)
        refusal = self._refusal()
        answer = refusal or answer_for(call, self._next())
        if isinstance(answer, ProviderError):
            return _exchange(self._codec.error(answer))
        if isinstance(answer, ModelScanError):
            raise answer
        if call.is_stream:
            headers, events = stream_events(self._codec, call, answer)
            return ScriptedExchange(Answer(200, events, headers))
        return _exchange(self._codec.reply(answer, call))

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Raises `UnsupportedError`: a mock has no websockets."""
        raise UnsupportedError("a mock has no live sessions", provider=self.provider.name)

    async def close(self) -> None:
        """Nothing is open."""

    def _refusal(self) -> ModelScanError | None:
        now = self._now()
        if self._limit is not None:
            requests, window_s = self._limit
            while self._arrivals and self._arrivals[0] <= now - window_s:
                self._arrivals.popleft()
            if len(self._arrivals) >= requests:
                self.violations += 1
                wait_s = self._arrivals[0] + window_s - now
                return RateLimitError(
                    f"{requests} requests in {window_s:g} s are allowed", status=429, retry_after_s=wait_s
                )
            self._arrivals.append(now)
        return self._random.choice(self._errors) if self._random.random() < self._error_rate else None

    def _next(self) -> Given | None:
        if not self._answers:
            return None
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def assert_no_rate_limit_violation(mock: MockProvider) -> None:
    """Fail where requests came faster than the mock's rate limit allows."""
    assert mock.violations == 0, f"{mock.violations} of {len(mock.calls)} requests came faster than the limit allows"


def _exchange(response: HttpResponse) -> ScriptedExchange:
    head: ResponseHead = response.head
    return ScriptedExchange(Answer(head.status, [response.body], head.headers))
