"""What one call costs with nothing but aiohttp and msgspec: the yardstick that makes two machines comparable."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import aiohttp
import msgspec

_SERVER = """
import asyncio, sys
media_type, gap_s = sys.argv[1], float(sys.argv[2])
body = sys.stdin.buffer.read()
head = f"HTTP/1.1 200 OK\\r\\ncontent-type: {media_type}\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n".encode()
pieces = body.splitlines(keepends=True) if gap_s else []
async def serve(reader, writer):
    try:
        while True:
            asked = await reader.readuntil(b"\\r\\n\\r\\n")
            length = int(asked.lower().partition(b"content-length:")[2].split(b"\\r\\n")[0])
            await reader.readexactly(length)
            if not pieces:
                writer.write(head + body)
                continue
            writer.write(head)
            for piece in pieces:
                writer.write(piece)
                if piece == b"\\n":
                    await asyncio.sleep(gap_s)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class AnsweringServer:
    """A server in a process of its own that always answers with one body; `url` is where.

    With a `gap_s` the body's events come that far apart.
    """

    def __init__(self, body: bytes, *, media_type: str = "application/json", gap_s: float = 0.0) -> None:
        command = [sys.executable, "-c", _SERVER, media_type, str(gap_s)]
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
