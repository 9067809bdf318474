"""Replies that go to files: chosen by the core, since a codec sees none."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import shutil
import tempfile
from typing import Final

from modelscan.contracts.http import FileRef, ResponseHead
from modelscan.contracts.transport import Exchange

_PIECE_BYTES: Final = 1024 * 1024


class Sink:
    """A folder for the files of one call, made with the first one; only its owner can read it."""

    def __init__(self) -> None:
        self._folder = ""
        self._count = 0

    async def write(self, exchange: Exchange) -> FileRef:
        """The body as a file. Raises `TransportError` where it breaks off."""
        path = self._path(exchange.head)
        size = 0
        held = bytearray()
        with open(path, "wb") as file:  # noqa: ASYNC230 - a new file opens at once; its bytes are written in a thread
            async for piece in exchange.chunks():
                held += piece
                size += len(piece)
                if len(held) >= _PIECE_BYTES:
                    await asyncio.to_thread(file.write, bytes(held))
                    held.clear()
            await asyncio.to_thread(file.write, bytes(held))
        return FileRef(path, exchange.head.media_type or "application/octet-stream", size)

    def drop(self) -> None:
        """Delete the files: nobody was given them."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, head: ResponseHead) -> str:
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="modelscan-")
        self._count += 1
        suffix = mimetypes.guess_extension(head.media_type) or ""
        return os.path.join(self._folder, f"{self._count}{suffix}")
