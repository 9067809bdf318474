"""A cassette in memory, and its file: YAML as vcrpy writes it, with a key of our own beside."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from modelscan.contracts.http import Headers, HttpRequest, ResponseHead
from modelscan.errors import TransportError
from modelscan.transport.replay import Interaction

SIDE_KEY: Final = "modelscan"
"""Plain vcrpy passes over it: what stands there is what its format has no words for."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a cassette's answers come from: `recorded` against what and when, or `written` from which document."""

    how: Literal["recorded", "written"]
    source: str
    date: str


class Piece(msgspec.Struct, frozen=True):
    """A piece of a body as it arrived, and how long after the one before (the first: after the head)."""

    data: bytes
    delay_s: float = 0.0


class Taped(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. `is_cut` says that the connection broke after the last piece."""

    request: HttpRequest
    head: ResponseHead
    pieces: tuple[Piece, ...]
    is_cut: bool = False

    def interaction(self) -> Interaction:
        """What a replay answers with."""
        cut = [TransportError("the recorded connection broke here", phase="read")] if self.is_cut else []
        return self.request, self.head, [*(piece.data for piece in self.pieces), *cut]


class Tape(msgspec.Struct, frozen=True, kw_only=True):
    """A cassette."""

    origin: Origin
    exchanges: tuple[Taped, ...]

    @classmethod
    def read(cls, path: Path) -> Tape:
        """The cassette of a file, also of one that plain vcrpy recorded. Raises `ValueError` for another file."""
        import yaml

        with path.open("rb") as file:
            content = yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if not isinstance(content, dict) or "interactions" not in content:
            raise ValueError(f"{path} is no cassette")
        given = content.get(SIDE_KEY, {}).get("origin")
        origin = msgspec.convert(given, Origin) if given else Origin(how="recorded", source="unknown", date="")
        return cls(origin=origin, exchanges=tuple(_taped(one) for one in content["interactions"]))

    def write(self, path: Path) -> None:
        """Write the file, and its folder where there is none."""
        import yaml

        content = {
            "version": 1,
            SIDE_KEY: {"origin": msgspec.to_builtins(self.origin)},
            "interactions": [_written(one) for one in self.exchanges],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(
                content, file, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True, sort_keys=False
            )


def _written(one: Taped) -> dict[str, Any]:
    body = one.request.body
    return {
        "request": {
            "method": one.request.method,
            "uri": one.request.url,
            "headers": _listed(one.request.headers),
            "body": _text(body) if isinstance(body, bytes) else None,
        },
        "response": {
            "status": {"code": one.head.status, "message": _phrase(one.head.status)},
            "headers": _listed(one.head.headers),
            "body": {"string": _text(b"".join(piece.data for piece in one.pieces))},
        },
        SIDE_KEY: {
            "pieces": [len(piece.data) for piece in one.pieces],
            "delays_s": [round(piece.delay_s, 4) for piece in one.pieces],
            "is_cut": one.is_cut,
        },
    }


def _taped(one: dict[str, Any]) -> Taped:
    request, response, beside = one["request"], one["response"], one.get(SIDE_KEY, {})
    body = _bytes(response["body"].get("string", ""))
    sizes = beside.get("pieces", [len(body)])
    delays = beside.get("delays_s", [0.0] * len(sizes))
    pieces, at = [], 0
    for size, delay_s in zip(sizes, delays, strict=True):
        pieces.append(Piece(body[at : at + size], delay_s))
        at += size
    sent = request.get("body")
    return Taped(
        request=HttpRequest(
            method=request["method"],
            url=request["uri"],
            headers=_pairs(request["headers"]),
            body=None if sent is None else _bytes(sent),
        ),
        head=ResponseHead(response["status"]["code"], _pairs(response["headers"])),
        pieces=tuple(pieces),
        is_cut=beside.get("is_cut", False),
    )


def _listed(headers: Headers) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = {}
    for name, value in headers:
        listed.setdefault(name, []).append(value)
    return listed


def _pairs(headers: dict[str, Any]) -> Headers:
    def values(value: Any) -> Iterable[Any]:
        return value if isinstance(value, list) else [value]

    return tuple((name.lower(), str(one)) for name, value in headers.items() for one in values(value))


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
