"""What every exchange over a socket does alike: one body, read once, and an end that may come at any time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from types import AsyncGeneratorType
from typing import cast

from modelscan.contracts.http import ResponseHead


class StreamedExchange(ABC):
    """An answer under way. A transport says how pieces come (`_pieces`) and how the connection ends (`_end`)."""

    __slots__ = ("__weakref__", "_chunks", "head")

    def __init__(self, head: ResponseHead) -> None:
        self.head = head
        self._chunks: AsyncGeneratorType[bytes, None] | None = None

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, content-decoded. There is one body: asking again goes on where it stopped."""
        if self._chunks is None:
            self._chunks = cast("AsyncGeneratorType[bytes, None]", self._pieces())
        return self._chunks

    async def read(self) -> bytes:
        """The whole body, or what is left of it."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def close(self) -> None:
        """End it; a body not read to its end closes the connection."""
        await self._end()
        if self._chunks is not None and not self._chunks.ag_running:
            await self._chunks.aclose()

    @abstractmethod
    def _pieces(self) -> AsyncGenerator[bytes, None]:
        """The body's pieces; raises a `TransportError` of phase `read`. Calls `_end` when it is through."""

    @abstractmethod
    async def _end(self) -> None:
        """Give the connection back, or close it where the body isn't read; any number of times."""
