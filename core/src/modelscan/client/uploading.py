"""Uploads: media that a request can't hold go ahead of it, once, and are named in it.

An upload goes through the rooms that a call goes through, but takes no limits: those are for the call itself. What
comes of it is remembered for as long as the client lives, so that a conversation's next turn doesn't send it again.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar
from weakref import WeakValueDictionary

import msgspec

from modelscan.client.attempts import AttemptError
from modelscan.contracts.policies import Call
from modelscan.contracts.provider import MediaRules
from modelscan.errors import DecodeError, ModelScanError
from modelscan.types.content import Media

if TYPE_CHECKING:
    from modelscan.client.endpoints import Endpoint
    from modelscan.client.flows import FlowRunner
    from modelscan.client.sending import Sender

M = TypeVar("M", bound=Media)

_Key = tuple[str, bytes, str]

_MOST_REMEMBERED: Final = 256
_USED_OF_LIFETIME: Final = 0.9
"""A file that is named in a request must still be there when the vendor comes to read it."""


class _Uploaded(msgspec.Struct, frozen=True):
    file_id: str
    media_type: str | None
    until: float | None


class Uploads:
    """Uploads media, and remembers the files by account and content.

    `now` gives seconds that go on while the machine sleeps, since the vendor's do too.
    """

    def __init__(
        self, sender: Sender, flows: Callable[[], FlowRunner], *, now: Callable[[], float] = time.time
    ) -> None:
        self._sender = sender
        self._flows = flows
        self._now = now
        self._held: OrderedDict[_Key, _Uploaded] = OrderedDict()
        self._locks: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    async def uploaded(self, endpoint: Endpoint, call: Call, part: M, rules: MediaRules) -> M:
        """The part with its file's id in place of its bytes. Raises `AttemptError`."""
        digest = await asyncio.to_thread(_digest, part.data or b"")
        key = (endpoint.account_key, digest, part.media_type or "")
        lock = self._locks.setdefault(key, asyncio.Lock())  # the same bytes at the same time are one upload
        async with lock:
            found = self._remembered(key)
            if found is None:
                file_id, media_type = await self._send(endpoint, call, part)
                lifetime_s = rules.file_lifetime_s
                until = None if lifetime_s is None else self._now() + lifetime_s * _USED_OF_LIFETIME
                found = _Uploaded(file_id, media_type, until)
                self._remember(key, found)
        return msgspec.structs.replace(part, data=None, file_id=found.file_id, media_type=found.media_type)

    def doubt(self, endpoint: Endpoint, error: ModelScanError) -> None:
        """Forget the files that an error names: they are gone at the vendor's, and the next call uploads them anew."""
        said = error.message
        for key, found in list(self._held.items()):
            if key[0] == endpoint.account_key and found.file_id.rpartition("/")[2] in said:
                del self._held[key]

    def _remembered(self, key: _Key) -> _Uploaded | None:
        found = self._held.get(key)
        if found is None:
            return None
        if found.until is not None and self._now() >= found.until:
            del self._held[key]
            return None
        self._held.move_to_end(key)
        return found

    def _remember(self, key: _Key, found: _Uploaded) -> None:
        self._held[key] = found
        if len(self._held) > _MOST_REMEMBERED:
            self._held.popitem(last=False)

    async def _send(self, endpoint: Endpoint, call: Call, part: Media) -> tuple[str, str | None]:
        """The file's id and its media type."""
        context = msgspec.structs.replace(call.context, idempotency_key=None)  # the call's key names the call
        ahead = msgspec.structs.replace(call, request=part, capability="upload", context=context, is_stream=False)
        try:
            if endpoint.is_flow("upload"):
                sent: Media = await self._flows().run(endpoint, ahead)
            else:
                sent = await self._sender.whole(endpoint, ahead)
            if not sent.file_id:
                raise DecodeError("the answer to the upload names no file")
        except ModelScanError as error:  # of a later step too, which has been tried again as often as it may be
            raise AttemptError(endpoint.concerns(error), again=False) from error
        return sent.file_id, sent.media_type or part.media_type


def _digest(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(data).digest()
