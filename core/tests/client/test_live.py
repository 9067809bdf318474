"""Live sessions: what is held back, what drains, what reconnects; and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from modelscan import AsyncClient, hookimpl
from modelscan.contracts.duplex import Close, Emit, Reconnect, SendFrame
from modelscan.contracts.http import HttpRequest, Target
from modelscan.contracts.limiter import Demand
from modelscan.contracts.observed import Outcome
from modelscan.contracts.provider import Connection, Provider
from modelscan.contracts.transport import SocketClosed, Timeouts
from modelscan.errors import (
    ConnectError,
    ModelScanError,
    ProviderError,
    ServerError,
    TransportError,
    UnsupportedError,
)
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.testing.scripted import PlainErrors, ScriptedTransport, plain_provider
from modelscan.types.realtime import LiveInput, LiveOutput, RealtimeConfig
from modelscan.types.usage import Usage
from modelscan.wire.schemes import Bearer

CONFIG = RealtimeConfig()
Effects = Sequence[Emit[LiveOutput] | SendFrame | Close | Reconnect]


@attrs.define
class Talk:
    """Says `hello`, is ready at `welcome`, and ends at `bye`; anything else is what the vendor says."""

    target: Target
    is_ready: bool = False
    resumes: bool = False
    is_closing: bool = False
    sent: int = 0

    def opened(self, now_s: float) -> Effects:
        return [SendFrame("hello")]

    def ready(self) -> bool:
        return self.is_ready

    def send(self, event: LiveInput, now_s: float) -> Effects:
        if event.text == "broken":
            raise ValueError("a bug of the provider")
        self.sent += 1
        return [SendFrame(event.text or event.audio)]

    def receive(self, frame: str | bytes, now_s: float) -> Effects:
        if frame == "welcome":
            self.is_ready = True
            return []
        if frame == "error":
            raise ServerError("the vendor has had enough")
        if frame == "go away":
            return [Reconnect(HttpRequest(method="GET", url=f"{self.target.base_url}/again"))]
        if frame == "leave":
            return [SendFrame("bye"), Close(1000, "done")]
        return [Emit(LiveOutput(text=str(frame), usage=Usage(seconds=Decimal(1))))]

    def tick(self, now_s: float) -> Effects:
        return [SendFrame("tick")]

    def closing(self) -> Effects:
        self.is_closing = True
        return [SendFrame("bye")]

    def closed(self, code: int, reason: str) -> Effects:
        if self.resumes:
            self.is_ready = False
            return [Reconnect(HttpRequest(method="GET", url=f"{self.target.base_url}/again"))]
        if code != 1000:
            raise TransportError(f"closed with {code}", phase="read")
        return [Emit(LiveOutput(text="the end"))]


@attrs.define
class Talks:
    sessions: list[Talk] = attrs.field(factory=list)
    resumes: bool = False

    def open(self, config: RealtimeConfig, target: Target) -> tuple[HttpRequest, Talk]:
        self.sessions.append(Talk(target, resumes=self.resumes))
        return HttpRequest(method="GET", url=f"{target.base_url}/live"), self.sessions[-1]


class FakeSocket:
    """A socket in memory: what is sent to it, and what it is to say."""

    def __init__(
        self, *messages: str | bytes, answers: dict[str | bytes, Sequence[str | bytes | SocketClosed]]
    ) -> None:
        self.sent: list[str | bytes] = []
        self.is_closed = False
        self._answers = answers
        self._said = asyncio.Event()
        self._messages: deque[str | bytes | SocketClosed] = deque(messages)

    def say(self, *messages: str | bytes | SocketClosed) -> None:
        self._messages.extend(messages)
        self._said.set()

    async def send(self, data: str | bytes) -> None:
        if self.is_closed:
            raise SocketClosed(1000, "")
        self.sent.append(data)
        self.say(*self._answers.get(data, ()))

    async def receive(self) -> str | bytes:
        while not self._messages:
            self._said.clear()
            await self._said.wait()
        message = self._messages.popleft()
        if isinstance(message, SocketClosed):
            self.is_closed = True
            raise message
        return message

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if not self.is_closed:
            self.is_closed = True
            self.say(SocketClosed(code, reason))


END = SocketClosed(1000, "")
ANSWERS: dict[str | bytes, Sequence[str | bytes | SocketClosed]] = {"hello": ["welcome"], "bye": ["last words", END]}


class Sockets(ScriptedTransport):
    """A transport with nothing but sockets in memory."""

    def __init__(self, *failures: ModelScanError, answers: Any = None) -> None:
        super().__init__()
        self.sockets: list[FakeSocket] = []
        self._failures = list(failures)
        self._answers = ANSWERS if answers is None else answers

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> FakeSocket:
        self.requests.append(request)
        if self._failures:
            raise self._failures.pop(0)
        self.sockets.append(FakeSocket(answers=self._answers))
        return self.sockets[-1]


class Watched(UnlimitedLease):
    def __init__(self, steps: list[Any]) -> None:
        super().__init__()
        self.steps = steps

    def _step(self, to: Any, *allowed: Any) -> None:
        super()._step(to, *allowed)
        self.steps.append(to)


class Watching(Unlimited):
    name = "watching"
    leases: list[list[Any]]

    def __init__(self) -> None:
        Watching.leases = []

    async def reserve(self, demand: Demand) -> UnlimitedLease:
        Watching.leases.append([])
        return Watched(Watching.leases[-1])


@hookimpl
def modelscan_limiter() -> type[Watching]:
    return Watching


def client_over(transport: Sockets, talks: Talks | None = None, *plugins: Any) -> AsyncClient:
    connection = Connection(base_urls={"default": "https://plain.example.org"}, schemes={"default": Bearer()})
    provider = Provider(name="plain", connection=connection, errors=PlainErrors(), realtime=talks or Talks())
    return AsyncClient(
        plugins=(provider, SimpleNamespace(modelscan_limiter=modelscan_limiter), *plugins),
        transport=transport,
        api_keys={"plain": "sk-1234567890"},
        settings={"retries.max_attempts": 2, "retries.base_s": 0.0, "client.limiter": "watching"},
        config=False,
    )


@pytest.fixture(autouse=True)
async def nothing_is_left() -> Any:
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before <= {asyncio.current_task()}


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is inside the client
            await asyncio.sleep(0)


async def test_a_session_sends_and_says_and_drains() -> None:
    transport = Sockets(answers=ANSWERS | {"question": ["answer"]})
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        await session.send(LiveInput(text="question"))
        assert (await anext(session)).text == "answer"
        await session.send(LiveInput(audio=b"\0\1"))
        await session.close()
        assert [event.text async for event in session] == ["last words", "the end"]
    assert transport.sockets[0].sent == ["hello", "question", b"\0\1", "bye"]
    assert transport.sockets[0].is_closed


async def test_the_handshake_is_signed() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m"):
        pass
    assert dict(transport.requests[0].headers)["authorization"] == "Bearer sk-1234567890"


async def test_what_the_user_sends_is_held_back_until_the_vendor_is_ready() -> None:
    transport = Sockets(answers={"bye": [END]})
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        sending = asyncio.ensure_future(session.send(LiveInput(text="question")))
        await until(lambda: transport.sockets[0].sent == ["hello"])
        await asyncio.sleep(0.01)
        assert (transport.sockets[0].sent, sending.done()) == (["hello"], False)
        transport.sockets[0].say("welcome")
        await sending
        await until(lambda: transport.sockets[0].sent == ["hello", "question"])


async def test_the_clock_ticks_for_keepalives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.client.live._TICK_S", 0.001)
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m"):
        await until(lambda: "tick" in transport.sockets[0].sent)


def test_the_clock_ticks_at_least_once_a_second() -> None:
    from modelscan.client import live

    assert live._TICK_S <= 1.0


async def test_the_lease_is_settled_with_all_that_was_reported() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say("a", "b")
        await anext(session)
        assert Watching.leases == [["sent", "arrived"]]
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_a_session_that_reported_nothing_is_charged_as_estimated() -> None:
    transport = Sockets(answers={"bye": [END]})
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m"):
        pass
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_a_broken_session_raises_after_what_came_before() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say("a", SocketClosed(1006, ""))
        assert (await anext(session)).text == "a"
        with pytest.raises(TransportError, match="plain/m: closed with 1006"):
            await anext(session)
        with pytest.raises(TransportError, match="closed with 1006"):
            await session.send(LiveInput(text="more"))
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_what_the_provider_raises_ends_the_session() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say("error")
        with pytest.raises(ServerError, match="has had enough"):
            await anext(session)
    assert transport.sockets[0].is_closed
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_a_bug_of_the_provider_is_raised_and_leaves_nothing_behind() -> None:
    transport = Sockets()
    with pytest.raises(ValueError, match="a bug"):
        async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
            await session.send(LiveInput(text="broken"))
    assert transport.sockets[0].is_closed


async def test_a_bug_while_reading_is_the_users_to_hear_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("no such field")

    monkeypatch.setattr(Talk, "receive", broken)
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        with pytest.raises(KeyError, match="no such field"):
            await anext(session)


async def test_a_bug_while_opening_is_the_users_to_hear_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("no such field")

    monkeypatch.setattr(Talk, "opened", broken)
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        with pytest.raises(KeyError, match="no such field"):
            await anext(session)
    assert transport.sockets[0].is_closed


async def test_a_session_that_the_vendor_ended_takes_no_more() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say(END)
        assert [event.text async for event in session] == ["the end"]
        with pytest.raises(ModelScanError, match="has ended"):
            await session.send(LiveInput(text="more"))


async def test_a_session_may_close_the_socket_itself() -> None:
    transport = Sockets(answers={"hello": ["welcome"]})
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say("leave")
        assert [event.text async for event in session] == ["the end"]
    assert transport.sockets[0].sent == ["hello", "bye"]


@pytest.mark.parametrize("why", ["go away", SocketClosed(1012, "service restart")])
async def test_a_session_goes_on_over_a_new_socket(why: Any) -> None:
    transport = Sockets()
    async with client_over(transport, Talks(resumes=True)) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say("a", why)
        assert (await anext(session)).text == "a"
        await until(lambda: len(transport.sockets) == 2)
        await session.send(LiveInput(text="question"))
        await until(lambda: "question" in transport.sockets[1].sent)
        client_session = session._connection
        assert client_session is not None
        client_session._session.resumes = False  # type: ignore[attr-defined]  # so that it ends
    assert transport.sockets[1].sent == ["hello", "question", "bye"]
    assert [request.url.rpartition("/")[2] for request in transport.requests] == ["live", "again"]
    assert all(socket.is_closed for socket in transport.sockets)
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_a_vendor_that_closes_every_socket_at_once_is_given_up() -> None:
    transport = Sockets(answers={"hello": [SocketClosed(1012, "")]})
    async with client_over(transport, Talks(resumes=True)) as client, client.live(CONFIG, model="plain/m") as session:
        with pytest.raises(TransportError, match="closes again and again"):
            await anext(session)
    assert len(transport.sockets) == 5


async def test_a_drain_that_the_vendor_does_not_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.client.live._DRAIN_S", 0.02)
    transport = Sockets(answers={"hello": ["welcome"]})
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        await session.close()
        await session.close()
    assert transport.sockets[0].sent == ["hello", "bye"]
    assert transport.sockets[0].is_closed


async def test_leaving_with_an_error_does_not_drain() -> None:
    transport = Sockets()
    with pytest.raises(KeyboardInterrupt):
        async with client_over(transport) as client, client.live(CONFIG, model="plain/m"):
            raise KeyboardInterrupt
    assert transport.sockets[0].is_closed
    assert "bye" not in transport.sockets[0].sent


async def test_cancelling_a_session_closes_its_socket() -> None:
    transport = Sockets()

    async def talk() -> None:
        async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
            await anext(session)

    task = asyncio.ensure_future(talk())
    await until(lambda: transport.sockets)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert transport.sockets[0].is_closed


async def test_a_user_who_does_not_read_holds_the_vendor_back() -> None:
    transport = Sockets()
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m") as session:
        transport.sockets[0].say(*(str(number) for number in range(1000)))
        await until(lambda: len(transport.sockets[0]._messages) < 800)
        await asyncio.sleep(0.01)
        assert len(transport.sockets[0]._messages) > 700
        assert [(await anext(session)).text for _ in range(1000)][-1] == "999"


async def test_a_vendor_who_does_not_read_holds_the_user_back(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()
    send = FakeSocket.send

    async def slow(self: FakeSocket, data: str | bytes) -> None:
        if data == b"audio":
            await gate.wait()
        await send(self, data)

    monkeypatch.setattr(FakeSocket, "send", slow)
    transport = Sockets()
    talks = Talks()
    async with client_over(transport, talks) as client, client.live(CONFIG, model="plain/m") as session:

        async def talk() -> None:
            for _ in range(1000):
                await session.send(LiveInput(audio=b"audio"))

        talking = asyncio.ensure_future(talk())
        await until(lambda: talks.sessions[0].sent > 60)
        await asyncio.sleep(0.01)
        assert talks.sessions[0].sent < 100
        gate.set()
        await talking
    assert transport.sockets[0].sent.count(b"audio") == 1000


async def test_an_opening_that_fails_is_tried_again_with_its_lease_given_back() -> None:
    transport = Sockets(ConnectError("refused"))
    async with client_over(transport) as client, client.live(CONFIG, model="plain/m"):
        pass
    assert Watching.leases[0] == ["sent", "released"]
    assert len(transport.requests) == 2


async def test_an_opening_that_is_refused_is_raised() -> None:
    refused = TransportError("no answer to the handshake", phase="wait")
    transport = Sockets(refused, refused)
    async with client_over(transport) as client:
        with pytest.raises(TransportError, match="no answer to the handshake"):
            async with client.live(CONFIG, model="plain/m"):
                pass
    assert Watching.leases == [["sent", "forfeited"]] * 2


@pytest.mark.parametrize("status", [401, None])
async def test_a_refused_handshake_is_read_in_the_providers_words(status: int | None) -> None:
    refused = ProviderError("refused", status=status, body=b"no such key", request_id="r-1", retry_after_s=3.0)
    async with client_over(Sockets(refused)) as client:
        with pytest.raises(ProviderError) as caught:
            async with client.live(CONFIG, model="plain/m"):
                pass
    assert ("no such key" in str(caught.value)) is (status is not None)
    assert (caught.value.request_id, caught.value.retry_after_s) == ("r-1", 3.0)
    assert Watching.leases == [["sent", "settled"]]


async def test_observers_hear_of_a_session_once_it_is_over() -> None:
    heard: list[Outcome] = []

    class Hooks:
        @hookimpl
        def modelscan_call_finished(self, call: Any, outcome: Outcome) -> None:
            heard.append(outcome)

    async with client_over(Sockets(), None, Hooks()) as client:
        async with client.live(CONFIG, model="plain/m"):
            assert heard == []
    assert [outcome.error for outcome in heard] == [None]


async def test_a_provider_without_live_sessions_says_what_it_can() -> None:
    async with AsyncClient(plugins=[plain_provider()], transport=Sockets(), config=False) as client:
        with pytest.raises(UnsupportedError, match="has no realtime; it can: chat"):
            async with client.live(CONFIG, model="plain/m"):
                pass


async def test_a_session_is_used_inside_its_block() -> None:
    async with client_over(Sockets()) as client:
        session = client.live(CONFIG, model="plain/m")
        with pytest.raises(ModelScanError, match="async with"):
            await session.send(LiveInput(text="early"))
        await session.close()
