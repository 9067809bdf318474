"""The connection: batches go out, answers come in; the script is loaded where the server lacks it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from redis.asyncio import Connection, Redis

EXACT_BELOW: Final = 2**53


class ServerLostError(Exception):
    """The server can't be reached, or can't do its work; the message is fit for a person."""


class Server:
    """One connection to a server, for one user at a time.

    The URL may hold a password: it is never shown. `time_s` is the server's clock as far as is known.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._client: Redis | None = None
        self._connection: Connection | None = None
        self._digest = b""
        self._ahead_s = 0.0

    def __repr__(self) -> str:
        return f"Server({self.address})"

    @property
    def address(self) -> str:
        """Where it is, without the password."""
        from urllib.parse import urlsplit

        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    @property
    def time_s(self) -> float:
        """Seconds since 1970 by the server's clock."""
        return time.monotonic() + self._ahead_s

    def tell_time(self, now_us: int) -> None:
        """The server has just said what time it is."""
        self._ahead_s = now_us / 1e6 - time.monotonic()

    def client(self) -> Redis:
        """The client that connections come from. Raises `ServerLostError` for a URL that is none."""
        if self._client is None:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff

            try:
                self._client = Redis.from_url(
                    self._url,
                    retry=Retry(NoBackoff(), 0),
                    socket_timeout=None,
                    socket_connect_timeout=self._timeout_s,
                    decode_responses=False,
                )
            except ValueError as error:
                raise ServerLostError(f"the URL of the server is none: {error}") from None
        return self._client

    async def connect(self, bases: Sequence[bytes]) -> list[str]:
        """Connect and load the script; what the state under these names is called (empty: there is none)."""
        await self.disconnect()
        connection = cast("Connection", self.client().connection_pool.make_connection())  # type: ignore[no-untyped-call]  # the redis client's
        try:
            async with asyncio.timeout(self._timeout_s):
                await connection.connect()  # type: ignore[no-untyped-call]  # the same
                self._connection = connection
                commands: list[tuple[Any, ...]] = [("SCRIPT", "LOAD", script()), ("TIME",)]
                commands += [("GET", base + b"m") for base in bases]
                self._digest, clock, *names = await self._ask(commands)
        except Exception as error:
            self._connection = connection
            await self.disconnect()
            raise self._lost(error) from error
        self.tell_time(int(clock[0]) * 1_000_000 + int(clock[1]))
        return [(name or b"").decode() for name in names]

    async def run(self, steps: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """The script's answers: for the keys under each name, with each argument."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answers = await self._ask([("EVALSHA", self._digest, 1, base, given) for base, given in steps])
                for number, answer in enumerate(answers):
                    if isinstance(answer, Exception):
                        answers[number] = await self._again(answer, *steps[number])
                return answers
        except asyncio.CancelledError:
            await self.disconnect()  # its answer would be taken for the next one's
            raise
        except Exception as error:
            await self.disconnect()
            raise self._lost(error) from error

    async def disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Disconnect, and let go of the client as well."""
        await self.disconnect()
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _again(self, error: Exception, base: bytes, given: bytes) -> bytes:
        """A server that was restarted, or told to forget its scripts, is sent it once more."""
        from redis.exceptions import NoScriptError

        if not isinstance(error, NoScriptError):
            raise error
        (answer,) = await self._ask([("EVAL", script(), 1, base, given)])
        if isinstance(answer, Exception):
            raise answer
        return cast(bytes, answer)

    async def _ask(self, commands: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Each command's answer; an error of the server's stands in its place."""
        from redis.exceptions import ResponseError

        connection = self._connection
        if connection is None:
            raise ServerLostError("it isn't connected")
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        answers: list[Any] = []
        for _ in commands:
            try:
                answers.append(await connection.read_response(disable_decoding=True))
            except ResponseError as error:
                answers.append(error)
        return answers

    def _lost(self, error: Exception) -> ServerLostError:
        reason = " ".join(str(error).split()) or type(error).__name__
        return ServerLostError(f"{self.address}: {reason}")


def script() -> bytes:
    """The script that makes one step."""
    found = find_spec(__package__ or __name__)
    assert found is not None and found.origin is not None  # noqa: S101, PT018 - this package
    return Path(found.origin).with_name("step.lua").read_bytes()
