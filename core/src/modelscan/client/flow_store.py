"""Where flows are kept between their steps: in memory, or in a folder that outlives the process."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

_KEY: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")


class MemoryFlowStore:
    """Keeps flows as long as the process lives."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def put(self, key: str, value: bytes) -> None:
        """Store a value."""
        self._values[key] = value

    async def get(self, key: str) -> bytes | None:
        """The stored value; None where there is none."""
        return self._values.get(key)

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self._values.pop(key, None)


class FolderFlowStore:
    """Keeps flows in a folder, each value a file that only its owner can read.

    A file is replaced as a whole and is on the disk when `put` returns: a crash leaves the old value or the new one.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder).expanduser()

    async def put(self, key: str, value: bytes) -> None:
        """Store a value. Raises `ValueError` for a key that is no plain name, `OSError` where it can't be written."""
        await _in_thread(_write, self._folder, self._path(key), value)

    async def get(self, key: str) -> bytes | None:
        """The stored value; None where there is none."""
        try:
            return await _in_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            return None

    async def delete(self, key: str) -> None:
        """Forget a value."""
        await _in_thread(partial(self._path(key).unlink, missing_ok=True))

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} can't be the name of a job: it takes letters, digits, dots, - and _")
        return self._folder / key


async def _in_thread(function: Callable[..., T], *arguments: object) -> T:
    """The function's result. Who is cancelled waits until it is done: what he does next must not be overtaken."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _write(folder: Path, path: Path, value: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".")  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk too; where folders can't be opened (Windows) the system sees to it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
