"""Drift: what two cassettes' answers are made of, compared by shape and never by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from modelscan.testing.cassettes.tape import Tape, Taped
from modelscan.wire.sse import ServerSentEvents

Shape = Mapping[str, frozenset[str]]
"""For each path in an answer's values (`choices[].delta.content`), the kinds of value that stood there."""

_KINDS: Final = {
    type(None): "null",
    bool: "bool",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}


def shape_of(one: Taped) -> Shape:
    """The shape of an answer; a stream's is that of all its events. Empty for what is no JSON."""
    found: dict[str, set[str]] = {}
    for value in _values(one):
        _walk(value, "", found)
    return {path: frozenset(kinds) for path, kinds in found.items()}


def drift(old: Tape, new: Tape) -> list[str]:
    """What differs, in words: exchanges, statuses, fields that came or went, and values of another kind."""
    lines = []
    if len(old.exchanges) != len(new.exchanges):
        lines.append(f"{len(new.exchanges)} exchanges instead of {len(old.exchanges)}")
    for number, (left, right) in enumerate(zip(old.exchanges, new.exchanges, strict=False), 1):
        place = f"{number}. {left.request.method} {left.request.url.partition('?')[0]}"
        if left.head.status != right.head.status:
            lines.append(f"{place}: status {right.head.status} instead of {left.head.status}")
        lines += [f"{place}: {line}" for line in differing(shape_of(left), shape_of(right))]
    return lines


def differing(old: Shape, new: Shape) -> Iterator[str]:
    """The lines of two shapes that differ. A value that is null in one and another kind in the other doesn't count."""
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            yield f"{path} is gone"
        elif path not in old:
            yield f"{path} is new ({' or '.join(sorted(new[path]))})"
        else:
            before, now = old[path] - {"null"}, new[path] - {"null"}
            if before and now and not before & now:
                yield f"{path} is {' or '.join(sorted(now))} instead of {' or '.join(sorted(before))}"


def _values(one: Taped) -> Iterator[Any]:
    body = b"".join(piece.data for piece in one.pieces)
    kind = one.head.media_type
    if kind == "text/event-stream":
        framing = ServerSentEvents()
        parts = [frame.data for frame in (*framing.feed(body), *framing.finish())]
    else:
        parts = body.splitlines() if "ndjson" in kind else [body]
    for part in parts:
        try:
            yield msgspec.json.decode(part)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


def _walk(value: Any, path: str, found: dict[str, set[str]]) -> None:
    found.setdefault(path or ".", set()).add(_KINDS[type(value)])
    if isinstance(value, dict):
        for key, inner in value.items():
            _walk(inner, f"{path}.{key}" if path else key, found)
    elif isinstance(value, list):
        for inner in value:
            _walk(inner, f"{path}[]", found)
