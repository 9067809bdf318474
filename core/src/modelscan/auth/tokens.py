"""Tokens: fetched once however many calls ask, and fetched anew before they expire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from modelscan.contracts.auth import Token

_MARGIN: Final = timedelta(seconds=120)
_MARGIN_SHARE: Final = 5
"""Fetched anew two minutes before its end, or when a fifth of its life is left: clocks differ, calls take time."""


class TokenCell:
    """The token of one account under one scheme, kept in memory only."""

    def __init__(self, exchange: Callable[[], Awaitable[Token]], now: Callable[[], datetime]) -> None:
        self._exchange = exchange
        self._now = now
        self._token: Token | None = None
        self._fresh_until: datetime | None = None
        self._running: asyncio.Task[Token] | None = None
        self._waiting = 0

    async def get(self) -> Token:
        """A token that is fresh.

        All who ask while one is being fetched wait for that one; where fetching fails they all fail, and the next call
        tries again. A caller who is cancelled leaves the others' exchange running; the last to leave ends it.
        """
        token = self._token
        if token is not None and (self._fresh_until is None or self._now() < self._fresh_until):
            return token
        if self._running is None:
            self._running = asyncio.get_running_loop().create_task(self._fetch())
        return await self._wait(self._running)

    def drop(self) -> None:
        """Forget the token: the provider doesn't take it any more."""
        self._token = None

    async def _wait(self, running: asyncio.Task[Token]) -> Token:
        self._waiting += 1
        try:
            await asyncio.wait([running])
        finally:
            self._waiting -= 1
            if self._waiting == 0 and not running.done():
                running.cancel()
                self._running = None
        error = running.exception()
        if error is not None:
            raise _own(error) from error
        return running.result()

    async def _fetch(self) -> Token:
        try:
            token = self._token = await self._exchange()
            self._fresh_until = self._until(token)
            return token
        finally:
            if self._running is asyncio.current_task():  # else all have left it, and another may be running
                self._running = None

    def _until(self, token: Token) -> datetime | None:
        if token.expires_at is None:
            return None
        return token.expires_at - min(_MARGIN, max(token.expires_at - self._now(), timedelta()) / _MARGIN_SHARE)


def _own(error: BaseException) -> BaseException:
    """A copy for each of those who wait, since everybody adds to an error what concerns his own call."""
    twin = type(error).__new__(type(error), *error.args)
    twin.__dict__.update(error.__dict__)
    return twin
