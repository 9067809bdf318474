"""A transport without a network: it answers from what was recorded, or always the same for a benchmark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import msgspec

from modelscan.contracts.http import Body, HttpRequest, ResponseHead
from modelscan.contracts.transport import Exchange, Socket, Timeouts, TransportOptions
from modelscan.errors import InvalidRequestError, TransportError, UnsupportedError
from modelscan.hookspecs import hookimpl

Interaction = tuple[HttpRequest, ResponseHead, Sequence[bytes | TransportError]]
"""A request and the answer to it. An error among the chunks is raised where it stands: so a cut is replayed."""

_SHOWN_DIFFERENCES = 5
_SHOWN_CHARACTERS = 120


class ReplayTransport:
    """Answers each request with the first recorded interaction that matches and hasn't been used.

    A request matches by method, URL and body (JSON by value, whatever its spacing or order of keys; headers don't
    count). One that matches nothing is refused with an `InvalidRequestError` that shows what differs.

    >>> import asyncio
    >>> recorded = (HttpRequest(url="https://a.test/x", body=b'{"n": 1}'), ResponseHead(200), [b"yes"])
    >>> transport = ReplayTransport([recorded])
    >>> exchange = asyncio.run(transport.send(HttpRequest(url="https://a.test/x", body=b'{"n":1}')))
    >>> asyncio.run(exchange.read())
    b'yes'
    """

    name = "replay"

    def __init__(self, interactions: Iterable[Interaction] = ()) -> None:
        self._waiting = list(interactions)

    @classmethod
    def always(cls, head: ResponseHead, chunks: Sequence[bytes | TransportError]) -> AlwaysTransport:
        """A transport that answers every request alike and looks at none: the cost of a call without its network."""
        return AlwaysTransport(head, chunks)

    @property
    def remaining(self) -> int:
        """How many interactions haven't been used."""
        return len(self._waiting)

    async def send(self, request: HttpRequest, *, timeouts: Timeouts | None = None) -> Exchange:
        """The recorded answer."""
        for index, (recorded, head, chunks) in enumerate(self._waiting):
            if _matches(recorded, request):
                del self._waiting[index]
                return _ReplayExchange(head, chunks)
        raise _unmatched(request, [interaction[0] for interaction in self._waiting])

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts | None = None) -> Socket:
        """Raises `UnsupportedError`: websockets aren't recorded."""
        raise UnsupportedError("a replay holds no websockets")

    async def close(self) -> None:
        """Nothing is open."""


class OfflineTransport(ReplayTransport):
    """A replay of nothing: what a client gets that names `replay`. Every request is refused, so none leaves."""

    def __init__(self, options: TransportOptions | None = None) -> None:
        super().__init__()


class AlwaysTransport:
    """Answers every request alike."""

    name = "always"

    def __init__(self, head: ResponseHead, chunks: Sequence[bytes | TransportError]) -> None:
        self._head = head
        self._answer = chunks

    async def send(self, request: HttpRequest, *, timeouts: Timeouts | None = None) -> Exchange:
        """The answer."""
        return _ReplayExchange(self._head, self._answer)

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts | None = None) -> Socket:
        """Raises `UnsupportedError`: there is no answer for a websocket."""
        raise UnsupportedError("a transport that always answers alike holds no websockets")

    async def close(self) -> None:
        """Nothing is open."""


class _ReplayExchange:
    __slots__ = ("_rest", "head")

    def __init__(self, head: ResponseHead, chunks: Sequence[bytes | TransportError]) -> None:
        self.head = head
        self._rest = iter(chunks)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The recorded chunks."""
        for chunk in self._rest:
            if isinstance(chunk, TransportError):
                raise chunk
            yield chunk

    async def read(self) -> bytes:
        """The recorded chunks, joined."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def close(self) -> None:
        """Nothing is open; what hasn't been read won't be."""
        self._rest = iter(())


def _matches(recorded: HttpRequest, sent: HttpRequest) -> bool:
    if recorded.method != sent.method or recorded.url != sent.url:
        return False
    return _value(recorded.body) == _value(sent.body)


def _value(body: Body) -> object:
    """The body as it is compared: JSON by its value, everything else as it is."""
    if not isinstance(body, bytes):
        return body or b""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body


def _unmatched(sent: HttpRequest, waiting: list[HttpRequest]) -> InvalidRequestError:
    sent_as = f"{sent.method} {sent.url.partition('?')[0]}"
    if not waiting:
        return InvalidRequestError(f"no recorded answer is left for {sent_as}")
    found = min((list(_differences(recorded, sent)) for recorded in waiting), key=_distance)
    shown = "\n".join(f"  {line}" for line in found[:_SHOWN_DIFFERENCES])
    more = len(found) - _SHOWN_DIFFERENCES
    return InvalidRequestError(
        f"no recorded answer fits {sent_as}; the nearest recorded request differs in\n{shown}"
        + (f"\n  and {more} more" if more > 0 else ""),
        advice="Record it anew, or mend the request.",
    )


def _distance(lines: list[str]) -> tuple[bool, int]:
    """How far a request is: one whose whole body is another is farther than any that differs in parts."""
    return any(line.startswith("body:") for line in lines), len(lines)


def _differences(recorded: HttpRequest, sent: HttpRequest) -> Iterator[str]:
    for name in ("method", "url"):
        if getattr(recorded, name) != getattr(sent, name):
            yield _line(name, getattr(recorded, name), getattr(sent, name))
    yield from _unlike("body", _value(recorded.body), _value(sent.body))


def _unlike(path: str, recorded: object, sent: object) -> Iterator[str]:
    if recorded == sent:
        return
    if isinstance(recorded, dict) and isinstance(sent, dict):
        for key in recorded | sent:
            yield from _unlike(f"{path}.{key}", recorded.get(key, _NOTHING), sent.get(key, _NOTHING))
    elif isinstance(recorded, list) and isinstance(sent, list) and len(recorded) == len(sent):
        for index, (left, right) in enumerate(zip(recorded, sent, strict=True)):
            yield from _unlike(f"{path}[{index}]", left, right)
    else:
        yield _line(path, recorded, sent)


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


def _line(name: str, recorded: object, sent: object) -> str:
    return f"{name}: recorded {_short(recorded)}, sent {_short(sent)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


@hookimpl
def modelscan_transport() -> type[OfflineTransport]:
    """The transport named `replay`."""
    return OfflineTransport
