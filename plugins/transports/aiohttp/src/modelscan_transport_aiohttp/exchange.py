"""An answer under way."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncGenerator
from typing import cast

import aiohttp

from modelscan.contracts.http import ResponseHead
from modelscan.transport.decoding import decoder_for
from modelscan.transport.exchange import StreamedExchange
from modelscan.transport.failures import broken, timed_out


class AiohttpExchange(StreamedExchange):
    """An answer that aiohttp reads. It's decoded here: aiohttp's own decoder takes half of a gzip for the whole."""

    __slots__ = ("_connection", "_host", "_read_s", "_response")

    def __init__(
        self,
        head: ResponseHead,
        response: aiohttp.ClientResponse,
        connection: asyncio.Transport | None,
        host: str,
        read_s: float | None,
    ) -> None:
        super().__init__(head)
        self._response = response
        self._connection = connection
        self._host = host
        self._read_s = read_s

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            decoder = decoder_for(self.head.header("content-encoding"))
            async for data in self._raw(self._response.content):
                piece = data if decoder is None else decoder.feed(data)
                if piece:
                    yield piece
            if decoder is not None:
                decoder.finish()
        finally:
            await self._end()

    async def _raw(self, content: aiohttp.StreamReader) -> AsyncGenerator[bytes, None]:
        try:
            while not content.at_eof():
                data = content.read_nowait()
                if not data:
                    async with asyncio.timeout(self._read_s):
                        data = await content.readany()
                yield data
        except builtins.TimeoutError as error:
            raise timed_out("read", self._host, self._read_s) from error
        except (aiohttp.ClientError, OSError) as error:
            if rest := _rest(content):
                yield rest
            raise broken("read", self._host, error) from error

    async def _end(self) -> None:
        is_under_way = self._response.connection is not None
        self._response.close()
        if is_under_way and self._connection is not None:
            self._connection.abort()  # closing TLS politely would wait for the other side


def _rest(content: aiohttp.StreamReader) -> bytes:
    """What had arrived before the connection broke: aiohttp raises first, though the bytes are there."""
    content.set_exception(cast(BaseException, None))
    return content.read_nowait()
