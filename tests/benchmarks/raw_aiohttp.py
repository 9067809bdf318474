"""What one call costs with nothing but aiohttp and msgspec: the yardstick that makes figures of two machines comparable."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import aiohttp
import msgspec

_SERVER = """
import asyncio, sys
body = sys.stdin.buffer.read()
head = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(body)
async def serve(reader, writer):
    try:
        while True:
            asked = await reader.readuntil(b"\\r\\n\\r\\n")
            length = int(asked.lower().partition(b"content-length:")[2].split(b"\\r\\n")[0])
            await reader.readexactly(length)
            writer.write(head + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class AnsweringServer:
    """A server in a process of its own that always answers with one JSON body; `url` is where."""

    def __init__(self, body: bytes) -> None:
        command = [sys.executable, "-c", _SERVER]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(body)
        self._process.stdin.close()
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"

    def close(self) -> None:
        """End the server's process."""
        self._process.kill()
        self._process.wait()


async def call_cpu_s(session: aiohttp.ClientSession, url: str, request: dict[str, Any], times: int) -> float:
    """Seconds of this process's CPU for one call: encode, send, receive, decode."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    started = time.process_time()
    for _ in range(times):
        async with session.post(url, data=msgspec.json.encode(request)) as response:
            decode(await response.read())
    return (time.process_time() - started) / times
