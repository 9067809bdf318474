"""Live sessions: a provider's state machine, driven over a websocket.

The state machine is called from three places (what the user sends, what the vendor sends, the clock) and never waits:
its frames go into one queue, which a writer empties in order, and its events into another, which the user reads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

import attrs

from modelscan.client.endpoints import Endpoint
from modelscan.client.sending import Sender, failed
from modelscan.client.watching import StreamWatch
from modelscan.contracts.duplex import Close, DuplexSession, Emit, Reconnect, SendFrame
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, ResponseHead
from modelscan.contracts.policies import Call
from modelscan.contracts.transport import Socket, SocketClosed
from modelscan.errors import ModelScanError, ProviderError, TransportError
from modelscan.limits.held import HeldLease
from modelscan.types.realtime import LiveInput, LiveOutput
from modelscan.types.usage import REFUSED, UNREPORTED, Usage

_TICK_S: Final = 0.5
_DRAIN_S: Final = 10.0
_MOST_EVENTS_AHEAD: Final = 256
_MOST_FRAMES_AHEAD: Final = 64
_MOST_VAIN_SOCKETS: Final = 4
"""How many sockets in a row may close before the vendor has said anything."""

Effects = Sequence[Emit[LiveOutput] | SendFrame | Close | Reconnect]


async def opened(sender: Sender, endpoint: Endpoint, call: Call, headers: Headers = ()) -> LiveConnection:
    """A connection whose socket is open. Raises `AttemptError`."""
    lease: HeldLease | None = None
    connection: LiveConnection | None = None
    try:
        operation = endpoint.operation(call.capability, "live")
        request, session = operation.open(call.request, endpoint.target)
        lease, _ = await sender.admitted(endpoint, call, call.request)

        async def connect(request: HttpRequest) -> Socket:
            return await sender.connect(endpoint, request, headers)

        lease.sent()
        try:
            socket = await connect(request)
        except TransportError as error:
            if error.phase == "connect":
                lease.release()
            raise
        except ProviderError as error:
            lease.settle(REFUSED)
            raise _in_its_own_words(endpoint, error) from None
        lease.arrived()
        connection = LiveConnection(endpoint, session, socket, connect, lease)
        return connection
    except ModelScanError as error:
        raise failed(error, endpoint, call, "safe", lease) from error
    finally:
        if connection is None and lease is not None:
            lease.close()


def _in_its_own_words(endpoint: Endpoint, refused: ProviderError) -> ProviderError:
    """The transport's error for a handshake that was refused, as the provider reads it."""
    head = ResponseHead(refused.status or 0)
    found = endpoint.provider.errors.error(HttpResponse(head, refused.body))
    if found is None:
        return refused
    found.request_id = found.request_id or refused.request_id
    found.retry_after_s = refused.retry_after_s if found.retry_after_s is None else found.retry_after_s
    return found


@attrs.define(eq=False)
class _Signal:
    """Wakes whoever waits for something to become true."""

    _event: asyncio.Event = attrs.field(factory=asyncio.Event)

    def set(self) -> None:
        self._event.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._event.clear()
            await self._event.wait()


class LiveConnection:
    """A session and its socket, with the tasks that move what goes between them."""

    def __init__(
        self,
        endpoint: Endpoint,
        session: DuplexSession[LiveInput, LiveOutput],
        socket: Socket,
        connect: Callable[[HttpRequest], Awaitable[Socket]],
        lease: HeldLease,
    ) -> None:
        self.watch: StreamWatch | None = None
        self._endpoint = endpoint
        self._session = session
        self._socket = socket
        self._connect = connect
        self._lease = lease
        self._frames: deque[SendFrame | Close] = deque()
        self._events: deque[LiveOutput] = deque()
        self._changed = _Signal()
        self._sending = asyncio.Lock()
        self._usage: Usage | None = None
        self._next: HttpRequest | None = None
        self._vain_sockets = 0
        self._is_draining = False
        self._is_over = False
        self._error: BaseException | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin: the set-up messages go out before anything else."""
        with self._attention():
            self._take(self._session.opened(self._now()))
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._attended(part)) for part in (self._write, self._read, self._tick)]

    async def send(self, event: LiveInput) -> None:
        """Hand an input over, once the session is ready and what was sent before is nearly gone."""
        async with self._sending:
            await self._changed.until(lambda: self._is_over or self._has_room())
            if self._is_over:
                raise self._error or ModelScanError("the live session has ended: nothing can be sent any more")
            self._take(self._session.send(event, self._now()))

    async def next(self) -> LiveOutput | None:
        """The next event; None at the end. Raises what ended the session, once all events are read."""
        await self._changed.until(lambda: bool(self._events) or self._is_over)
        if self._events:
            event = self._events.popleft()
            self._changed.set()
            return event
        if self._error is not None:
            raise self._error
        return None

    async def drain(self) -> None:
        """Say to the vendor that nothing more comes, and read what it still has to say, for a bounded time."""
        self._is_draining = True
        self._changed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                async with self._sending:
                    if not self._is_over:
                        self._take(self._session.closing())
                await self._changed.until(lambda: self._is_over)

    async def close(self) -> None:
        """End it now: tasks, socket and lease."""
        self._end(None)
        for task in self._tasks:
            task.cancel()
        try:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            try:
                await self._socket.close()
            finally:
                self._settle()

    def _settle(self) -> None:
        if self._usage is not None:
            self._lease.settle(self._usage)
        elif self._error is None:
            self._lease.settle(UNREPORTED)
        self._lease.close()
        if self.watch is not None:
            self.watch.finished(None, self._error)

    def _has_room(self) -> bool:
        return self._session.ready() and len(self._frames) < _MOST_FRAMES_AHEAD

    def _take(self, effects: Effects) -> None:
        for effect in effects:
            if isinstance(effect, Emit):
                event = effect.event
                if event.usage is not None:
                    self._usage = event.usage if self._usage is None else self._usage + event.usage
                self._events.append(event)
            elif isinstance(effect, Reconnect):
                self._next = effect.request
                self._frames.append(Close())
            else:
                self._frames.append(effect)
        self._changed.set()

    async def _write(self) -> None:
        while True:
            await self._changed.until(lambda: bool(self._frames))
            frame = self._frames.popleft()
            with suppress(SocketClosed):  # the reader hears of it too
                if isinstance(frame, SendFrame):
                    await self._socket.send(frame.data)
                else:
                    await self._socket.close(frame.code, frame.reason)
            self._changed.set()

    async def _read(self) -> None:
        while True:
            await self._changed.until(lambda: len(self._events) < _MOST_EVENTS_AHEAD or self._is_draining)
            try:
                message = await self._socket.receive()
            except SocketClosed as closed:
                if self._next is None:
                    self._take(self._session.closed(closed.code, closed.reason))
                if self._next is None:
                    return
                await self._reopen(self._next)
                continue
            self._vain_sockets = 0
            self._take(self._session.receive(message, self._now()))

    async def _reopen(self, request: HttpRequest) -> None:
        self._vain_sockets += 1
        if self._vain_sockets > _MOST_VAIN_SOCKETS:
            raise TransportError("the live session's socket closes again and again", phase="read")
        self._next = None
        await self._socket.close()
        self._socket = await self._connect(request)
        self._frames.clear()
        self._take(self._session.opened(self._now()))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._take(self._session.tick(self._now()))

    async def _attended(self, part: Callable[[], Awaitable[None]]) -> None:
        """A part of the session: whichever ends first, in whatever way, ends the session."""
        with self._attention():
            await part()
            self._end(None)

    @contextmanager
    def _attention(self) -> Iterator[None]:
        """What goes wrong in here ends the session, and is told to whom reads or sends next."""
        try:
            yield
        except ModelScanError as error:
            self._end(self._endpoint.concerns(error))
        except Exception as error:  # noqa: BLE001 - a provider's bug is the user's to hear of, not the loop's
            self._end(error)

    def _end(self, error: BaseException | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._error = error
        self._changed.set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


class LiveSession:
    """A live session: inside `async with`, send inputs and iterate over what comes, at the same time.

    An input waits until the vendor is ready for it. Iteration ends when the session does, and raises what ended it
    otherwise. `close` drains: what the vendor still had to say can be iterated over afterwards. Leaving the block
    closes; leaving it with an error ends the session at once.
    """

    def __init__(self, open_connection: Callable[[], Awaitable[LiveConnection]]) -> None:
        self._open = open_connection
        self._connection: LiveConnection | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        self._connection = await self._open()
        self._connection.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ended(is_drained=error is None)

    def __aiter__(self) -> LiveSession:
        return self

    async def __anext__(self) -> LiveOutput:
        event = await self._connected().next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def send(self, event: LiveInput) -> None:
        """Send an input. Raises what ended the session, or `ModelScanError` after its end."""
        await self._connected().send(event)

    async def close(self) -> None:
        """End the session in good order: all that was sent is answered, for as long as the vendor takes to (10 s)."""
        await self._ended(is_drained=True)

    async def _ended(self, *, is_drained: bool) -> None:
        if self._connection is None or self._is_closed:
            return
        self._is_closed = True
        try:
            if is_drained:
                await self._connection.drain()
        finally:
            await self._connection.close()

    def _connected(self) -> LiveConnection:
        if self._connection is None:
            raise ModelScanError("the live session isn't open", advice="Use it inside `async with`.")
        return self._connection
