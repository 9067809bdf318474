"""Recording: a transport that sends for real and keeps what came, without what is secret."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Final

from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.contracts.transport import Exchange, Socket, Timeouts, Transport
from modelscan.errors import ModelScanError, TransportError, UnsupportedError
from modelscan.testing.cassettes.scrubbing import Scrubber, leaks
from modelscan.testing.cassettes.tape import Origin, Piece, Tape, Taped

_MOST_REQUESTS: Final = 20
# The transport has decoded the body already: a header that says otherwise would be untrue of what is kept.
_UNTRUE: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class RecordingTransport:
    """Sends over `inner`; `close` writes the cassette.

    `secrets` are values that must not be in it (the keys that are in use): should one be left after scrubbing, nothing
    is written. `most_requests` is how many may be sent, so that a program that runs wild costs little.
    """

    def __init__(
        self,
        inner: Transport,
        path: Path,
        origin: Origin,
        *,
        secrets: Iterable[str] = (),
        most_requests: int = _MOST_REQUESTS,
    ) -> None:
        self._inner = inner
        self._path = path
        self._origin = origin
        self._secrets = tuple(secrets)
        self._scrubber = Scrubber(self._secrets)
        self._most_requests = most_requests
        self._sent = 0
        self._taped: list[Taped] = []

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        """The answer, which is kept as it is read. Raises `ModelScanError` beyond the most requests."""
        if self._sent >= self._most_requests:
            raise ModelScanError(
                f"the cassette {self._path.name} has recorded {self._sent} requests, the most that it may",
                advice="Give it a higher most_requests, if the program is right to send so many.",
            )
        self._sent += 1
        exchange = await self._inner.send(request, timeouts=timeouts)
        return _Recorded(exchange, lambda pieces, is_cut: self._keep(request, exchange.head, pieces, is_cut=is_cut))

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        """Raises `UnsupportedError`: websockets aren't recorded."""
        raise UnsupportedError("a cassette holds no websockets")

    async def close(self) -> None:
        """Write the cassette. Raises `ModelScanError`, and writes nothing, where a secret is left in it."""
        await self._inner.close()
        if not self._taped:
            return
        tape = Tape(origin=self._origin, exchanges=tuple(self._taped))
        draft = self._path.with_suffix(".draft")
        tape.write(draft)
        found = leaks(draft.read_bytes(), self._secrets)
        if found:
            draft.unlink()
            raise ModelScanError(f"the cassette {self._path.name} isn't written: a secret is left in it ({found[0]})")
        draft.replace(self._path)

    def _keep(self, request: HttpRequest, head: ResponseHead, pieces: list[Piece], *, is_cut: bool) -> None:
        scrub = self._scrubber
        headers = tuple((name, value) for name, value in head.headers if name.lower() not in _UNTRUE)
        body = b"".join(piece.data for piece in pieces)
        if scrub.body(body) != scrub.piece(body):  # a field of a JSON body is secret: its pieces are no more
            kept = [Piece(scrub.body(body))]
        else:
            kept = [Piece(scrub.piece(piece.data), piece.delay_s) for piece in pieces]
        self._taped.append(
            Taped(
                request=scrubbed(request, scrub),
                head=ResponseHead(head.status, scrub.headers(headers)),
                pieces=tuple(kept),
                is_cut=is_cut,
            )
        )


class _Recorded:
    """An exchange whose pieces are kept as they go by; what was never read isn't on the tape."""

    def __init__(self, inner: Exchange, keep: Callable[[list[Piece], bool], None]) -> None:
        self.head = inner.head
        self._inner = inner
        self._keep = keep
        self._pieces: list[Piece] = []
        self._is_kept = False

    async def chunks(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        before = loop.time()
        try:
            async for data in self._inner.chunks():
                now = loop.time()
                self._pieces.append(Piece(data, now - before))
                before = now
                yield data
        except TransportError:
            self._done(is_cut=True)
            raise
        self._done(is_cut=False)

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self.chunks()])

    async def close(self) -> None:
        self._done(is_cut=False)
        await self._inner.close()

    def _done(self, *, is_cut: bool) -> None:
        if not self._is_kept:
            self._is_kept = True
            self._keep(self._pieces, is_cut)


def scrubbed(request: HttpRequest, scrub: Scrubber) -> HttpRequest:
    """A request as it is kept. Raises `UnsupportedError` for a body of files, which a cassette doesn't hold."""
    if request.body is not None and not isinstance(request.body, bytes):
        raise UnsupportedError("a cassette holds no bodies of files and forms")
    return HttpRequest(
        method=request.method,
        url=scrub.url(request.url),
        headers=scrub.headers(request.headers),
        body=None if request.body is None else scrub.body(request.body),
    )
