"""An HTTP server on 127.0.0.1, written by hand so that it can misbehave: each script is one way to answer, or not to.

    async with LoopbackServer(drop_when_reused()) as server:
        ...
    assert len(server.requests) == 2

It counts what really arrived, which a server made of a framework can't: requests that were sent twice, connections that
stay open, bytes that were taken.
"""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import attrs

from modelscan.contracts.http import Headers

_PATIENCE_S = 5.0


@attrs.define
class Received:
    """A request as it arrived. `number` counts the requests on its connection from 1."""

    method: str
    path: str
    headers: Headers
    connection: int
    number: int
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """A header's value; None where it wasn't sent."""
        return next((value for key, value in self.headers if key.lower() == name), None)


@attrs.define
class Conversation:
    """One request on one connection, for a script to answer."""

    server: LoopbackServer
    request: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_body(self) -> None:
        """Read the request's body into `request.body`."""
        self.request.body = await self.reader.readexactly(int(self.request.header("content-length") or 0))

    async def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()
        self.server.written += len(data)

    async def head(self, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send a response's head."""
        lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers)]
        await self.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    async def until_closed(self) -> None:
        """Wait until the other side closes."""
        while await self.reader.read(64 * 1024):
            pass

    def reset(self) -> None:
        """Break the connection (RST) rather than end it."""
        self.writer.transport.abort()


Script = Callable[[Conversation], Awaitable[bool]]
"""Answers one request; True keeps the connection for the next."""


class LoopbackServer:
    """Serves one script, or one per path (`*` for all others). `url` is its base URL.

    `requests` are all requests in order of arrival, `connections` how many were ever accepted, `open` how many are open
    now, `written` the bytes that were sent. `is_mute` accepts connections and then does nothing at all.
    """

    def __init__(
        self, script: Script | Mapping[str, Script], *, tls: ssl.SSLContext | None = None, is_mute: bool = False
    ) -> None:
        self._scripts = script if isinstance(script, Mapping) else {"*": script}
        self._tls = tls
        self._is_mute = is_mute
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self.requests: list[Received] = []
        self.connections = 0
        self.written = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._writers)

    async def __aenter__(self) -> Self:
        # A mute server speaks no TLS either, so that a handshake with it hangs.
        tls = None if self._is_mute else self._tls
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.host = f"localhost:{self.port}" if self._tls else f"127.0.0.1:{self.port}"
        self.url = f"{'https' if self._tls else 'http'}://{self.host}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds. Raises `AssertionError` when it doesn't within some seconds."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"the server waited in vain: {what}") from None

    async def until_requests(self, count: int) -> None:
        """Wait until that many requests have arrived."""
        await self.until(lambda: len(self.requests) >= count, f"{count} requests, {len(self.requests)} came")

    async def until_closed(self) -> None:
        """Wait until no connection is open."""
        await self.until(lambda: not self._writers, "every connection closed")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._writers.add(writer)
        self._changed.set()
        try:
            await self._talk(reader, writer, self.connections)
        except (OSError, EOFError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            writer.close()
            self._writers.discard(writer)
            self._changed.set()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        number = 0
        while self._is_mute:
            if not await reader.read(64 * 1024):
                return
        while line := await reader.readline():
            number += 1
            method, path, _ = line.decode().split(" ", 2)
            request = Received(method, path, await _headers(reader), connection, number)
            self.requests.append(request)
            self._changed.set()
            script = self._scripts.get(path.partition("?")[0]) or self._scripts["*"]
            if not await script(Conversation(self, request, reader, writer)):
                return


async def _headers(reader: asyncio.StreamReader) -> Headers:
    headers: list[tuple[str, str]] = []
    while (line := (await reader.readline()).decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return tuple(headers)


def answer(body: bytes = b"", *, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Script:
    """A whole answer with its length."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        await talk.head(status, [*headers, ("Content-Length", str(len(body)))])
        if talk.request.method != "HEAD":
            await talk.write(body)
        return True

    return script


def stream(
    pieces: Iterable[bytes], *, gap_s: float = 0.0, gate: asyncio.Event | None = None, headers: Headers = ()
) -> Script:
    """A chunked answer, piece by piece: with a pause after each (a slow drip), or the rest only when the gate opens."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        await talk.head(200, [*headers, ("Transfer-Encoding", "chunked")])
        for piece in pieces:
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await asyncio.sleep(gap_s)
            if gate is not None:
                await gate.wait()
        await talk.write(b"0\r\n\r\n")
        return True

    return script


def gzipped(pieces: Sequence[bytes], *, gate: asyncio.Event | None = None, keep_bytes: int | None = None) -> Script:
    """A chunked answer in gzip, each piece a member of its own; `keep_bytes` ends the compressed data early."""
    packed = [gzip.compress(piece) for piece in pieces]
    if keep_bytes is not None:
        packed = [b"".join(packed)[:keep_bytes]]
    return stream(packed, gate=gate, headers=(("Content-Encoding", "gzip"),))


def cut(pieces: Sequence[bytes], *, is_chunked: bool = True, reset_at: asyncio.Event | None = None) -> Script:
    """An answer that promises more than comes: the connection ends after the pieces, or breaks at the event."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        size = sum(map(len, pieces))
        await talk.head(200, [("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(size + 100))])
        for piece in pieces:
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
        if reset_at is not None:
            await reset_at.wait()
            talk.reset()
        return False

    return script


def close_in_head() -> Script:
    """Half a head, and the end."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        await talk.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
        return False

    return script


def drip_head(*, gap_s: float) -> Script:
    """A head that never gets done: a header now and then."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        await talk.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            await talk.write(b"X-Drip: 1\r\n")
            await asyncio.sleep(gap_s)

    return script


def silent(head_first: bool = False, piece: bytes = b"") -> Script:
    """No answer at all; or a head and a piece, and then nothing more. The connection stays open."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        if head_first:
            await talk.head(200, [("Transfer-Encoding", "chunked")])
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b"")
        await talk.until_closed()
        return False

    return script


def deaf(gate: asyncio.Event, *, is_reset: bool = False) -> Script:
    """Takes none of the request's body; when the gate opens, breaks the connection or reads what still comes."""

    async def script(talk: Conversation) -> bool:
        await gate.wait()
        if is_reset:
            talk.reset()
            return False
        while piece := await talk.reader.read(64 * 1024):
            talk.request.body += piece
        return False

    return script


def drop_when_reused() -> Script:
    """Answers the first request of each connection, and closes at the second: what idle connections do in real life."""

    async def script(talk: Conversation) -> bool:
        if talk.request.number > 1:
            return False
        return await answer(b"first")(talk)

    return script


def informational(body: bytes) -> Script:
    """Two heads of the 1xx kind before the answer."""

    async def script(talk: Conversation) -> bool:
        await talk.head(103, [("Link", "</style.css>")])
        await talk.head(102)
        return await answer(body)(talk)

    return script


def endless(piece: bytes) -> Script:
    """Sends for as long as somebody takes it."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        await talk.head(200, [("Transfer-Encoding", "chunked")])
        while True:
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    return script


def tunnel(to_port: int) -> Script:
    """A proxy's CONNECT: whatever host is asked for, the bytes go to a port of this machine."""

    async def script(talk: Conversation) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", to_port)
        await talk.head(200)
        await asyncio.gather(_copy(talk.reader, writer), _copy(reader, talk.writer))
        return False

    return script


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(64 * 1024):
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
