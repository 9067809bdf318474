"""A thousand streams at once through one client, one in ten cut at random: nothing hangs, nothing leaks."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator

import pytest

from modelscan import AsyncClient
from modelscan.errors import ModelScanError, StreamCutError

STREAMS = 1000
EVENTS = 8
ROUNDS = 5


def event(text: str, finish: str = "null") -> bytes:
    data = f'{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}},"finish_reason":{finish}}}]}}'
    return f"data: {data}\n\n".encode()


def chunked(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class Server:
    """Streams eight events to everyone, and cuts one connection in ten after a random one of them."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        self.cuts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                if not await self._answer(writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> bool:
        cut = self.random.randrange(EVENTS) if self.random.random() < 0.1 else None
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for number in range(EVENTS):
            if number == cut:
                self.cuts += 1
                writer.transport.abort()
                return False
            writer.write(chunked(event(f" t{number}")))
            await asyncio.sleep(self.random.random() / 50)
        writer.write(chunked(event("", '"stop"')) + chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        await writer.drain()
        return True


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    behaviour = Server()
    running = await asyncio.start_server(behaviour.serve, "127.0.0.1", 0, backlog=STREAMS)
    port = running.sockets[0].getsockname()[1]
    yield behaviour, f"http://127.0.0.1:{port}/v1"
    running.close()
    await running.wait_closed()


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


each_transport = pytest.mark.parametrize("transport", ["httpx", "aiohttp"])


@each_transport
async def test_a_thousand_streams_end_and_leave_nothing_behind(server: tuple[Server, str], transport: str) -> None:
    await run_a_thousand(server, transport)


@pytest.mark.long
@each_transport
async def test_thousands_after_thousands_leave_nothing_behind(server: tuple[Server, str], transport: str) -> None:
    for _ in range(ROUNDS):
        server[0].cuts = 0
        await run_a_thousand(server, transport)


async def run_a_thousand(server: tuple[Server, str], transport: str) -> None:
    behaviour, url = server
    files, tasks = open_files(), len(asyncio.all_tasks())
    text = "".join(f" t{number}" for number in range(EVENTS))
    whole, cut = 0, 0

    async def one(client: AsyncClient) -> None:
        nonlocal whole, cut
        try:
            async with client.stream("hi", model="openai/m") as stream:
                assert (await stream.reply()).text == text
            whole += 1
        except (StreamCutError, ModelScanError):
            cut += 1

    # A thousand connections at once take httpx's pool half a minute where coverage is measured.
    settings = {"retries.max_attempts": 1, "timeouts.connect_s": 100.0, "timeouts.send_s": 100.0}
    async with AsyncClient(
        base_urls={"openai": url}, api_keys={"openai": "k"}, transport=transport, settings=settings, config=False
    ) as client:
        async with asyncio.timeout(120):
            await asyncio.gather(*(one(client) for _ in range(STREAMS)))
    assert whole + cut == STREAMS
    assert cut == behaviour.cuts > 50
    for _ in range(100):  # the server's side of a closed connection ends a moment later
        if open_files() <= files and len(asyncio.all_tasks()) <= tasks:
            break
        await asyncio.sleep(0.02)
    assert open_files() <= files
    assert len(asyncio.all_tasks()) <= tasks
