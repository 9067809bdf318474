"""Broken bodies and streams, made of whole ones by a list of edits: each is small, and together they shrink well."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hypothesis import strategies as st

JsonPath = tuple[str | int, ...]

_RAW: Final = {
    "@huge": "1e999",
    "@digits": "9" * 400,
    "@deep": "[" * 5000 + "]" * 5000,
    "@deepish": '{"a":' * 400 + "1" + "}" * 400,
    "@nan": "NaN",
    "@surrogate": '"\\ud83d"',
}
"""Values that Python wouldn't write, by the strings that stand for them until the text is written."""

ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**63, 2**64 - 1, 1.5, -0.0, 1e300, "", "x", "0", "null", "\0", "ä\U0001f600"),
    *("9" * 50, "data:image/png;base64,####", "AAA", "$.a[9999]", "1e400", "-1", "²", "nan"),
    *([], {}, [None], [[]], {"": None}, ["x", 1, None, {}], {"type": None}, {"type": "text", "text": 5}),
    *({"index": 2**40}, {"a": {"b": [1, {"c": None}]}}, *_RAW),
)
"""What stands in a field that should hold something else."""

ODD_BYTES: Final = (
    *(b"\n", b"\n\n", b"\r", b"\r\n\r\n", b"\0", b"\xff", b"\xef\xbb\xbf", b'"', b"\\", b"{", b"}", b"[", b"]", b","),
    *(b"data:", b"data: ", b"event: error\n", b"id: 1\n", b"retry: 9\n", b": hi\n\n", b"data: [DONE]\n\n", b"[DONE]"),
    *(b"<html>", b"\\ud83d", b"1e999", b"--b\r\n", b"\r\n--b--", b"\x00\x00\x00\x10", b"null", b"x" * 1000),
)


@dataclass(frozen=True)
class Edit:
    """One change: `kind` names it, `at` says where, `value` with what (both are taken modulo what there is)."""

    kind: str
    at: int
    value: int


def mutated(pieces: Sequence[bytes], edits: Sequence[Edit], donor: Sequence[bytes]) -> bytes:
    """A body or stream after these edits. `pieces` are its frames as they were framed, `donor` those of another."""
    frames = list(pieces)
    for edit in edits:
        if edit.kind in _ON_FRAMES and frames:
            _ON_FRAMES[edit.kind](frames, edit, donor)
        elif edit.kind in _ON_JSON and frames:
            place = edit.at % len(frames)
            frames[place] = _edited_payload(frames[place], edit, donor)
    body = b"".join(frames)
    for edit in edits:
        if edit.kind in _ON_BYTES:
            body = _ON_BYTES[edit.kind](body, edit)
    return body


def random_edits(source: random.Random) -> list[Edit]:
    """One to six edits, mostly of JSON."""
    kinds = source.choices(KINDS, weights=_WEIGHTS, k=source.choice((1, 1, 2, 2, 3, 4, 6)))
    return [Edit(kind, source.getrandbits(16), source.getrandbits(16)) for kind in kinds]


# --- Frames ----------------------------------------------------------------------------------------------------------


def _drop_frame(frames: list[bytes], edit: Edit, donor: Sequence[bytes]) -> None:
    del frames[edit.at % len(frames)]


def _repeat_frame(frames: list[bytes], edit: Edit, donor: Sequence[bytes]) -> None:
    place = edit.at % len(frames)
    frames[place:place] = [frames[place]] * (1 + edit.value % 20)


def _move_frame(frames: list[bytes], edit: Edit, donor: Sequence[bytes]) -> None:
    frame = frames.pop(edit.at % len(frames))
    frames.insert(edit.value % (len(frames) + 1), frame)


def _shuffle(frames: list[bytes], edit: Edit, donor: Sequence[bytes]) -> None:
    random.Random(edit.value).shuffle(frames)


def _splice(frames: list[bytes], edit: Edit, donor: Sequence[bytes]) -> None:
    if donor:
        frames.insert(edit.at % (len(frames) + 1), donor[edit.value % len(donor)])


# --- JSON ------------------------------------------------------------------------------------------------------------


def _edited_payload(frame: bytes, edit: Edit, donor: Sequence[bytes]) -> bytes:
    """The frame with one node of its JSON changed; as it is where it holds none."""
    start, end = frame.find(b"{"), frame.rfind(b"}") + 1
    try:
        value = json.loads(frame[start:end])
        nodes = _nodes(value)
        path = nodes[(edit.at // 7 + edit.value) % len(nodes)]
        changed = _ON_JSON[edit.kind](value, path, edit, donor)
        text = json.dumps(changed, ensure_ascii=bool(edit.value % 2), separators=(",", ":") if edit.at % 2 else None)
    except (ValueError, RecursionError):
        return frame
    for name, raw in _RAW.items():
        text = text.replace(f'"{name}"', raw)
    return frame[:start] + text.encode("utf-8", "replace") + frame[end:]


def _nodes(value: Any, path: JsonPath = ()) -> list[JsonPath]:
    found = [path]
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        found += _nodes(child, (*path, key))
    return found


def _put(value: Any, path: JsonPath, change: Callable[[Any, Any], None]) -> Any:
    """The value after `change(container, key)` at a path; the root itself stands in a list of one."""
    holder = [value]
    container: Any = holder
    key: Any = 0
    for step in path:
        container, key = container[key], step
    change(container, key)
    return holder[0] if holder else None


def _retype(value: Any, path: JsonPath, edit: Edit, donor: Sequence[bytes]) -> Any:
    def change(container: Any, key: Any) -> None:
        container[key] = ODD[edit.value % len(ODD)]

    return _put(value, path, change)


def _drop(value: Any, path: JsonPath, edit: Edit, donor: Sequence[bytes]) -> Any:
    def change(container: Any, key: Any) -> None:
        del container[key]

    return _put(value, path, change)


def _null(value: Any, path: JsonPath, edit: Edit, donor: Sequence[bytes]) -> Any:
    def change(container: Any, key: Any) -> None:
        container[key] = None

    return _put(value, path, change)


def _wrap(value: Any, path: JsonPath, edit: Edit, donor: Sequence[bytes]) -> Any:
    def change(container: Any, key: Any) -> None:
        container[key] = [container[key]] * (1 + edit.value % 3) if edit.value % 2 else {"type": container[key]}

    return _put(value, path, change)


def _add(value: Any, path: JsonPath, edit: Edit, donor: Sequence[bytes]) -> Any:
    """A value of another place of this body, or of the donor, in place of this one or beside it."""
    others = _parsed(donor[edit.at % len(donor)]) if donor and edit.at % 3 == 0 else value
    other = others
    for step in (nodes := _nodes(others))[edit.value % len(nodes)]:
        other = other[step]
    copy = json.loads(json.dumps(other))

    def change(container: Any, key: Any) -> None:
        if isinstance(container[key], list):
            container[key].append(copy)
        else:
            container[key] = copy

    return _put(value, path, change)


def _parsed(frame: bytes) -> Any:
    try:
        return json.loads(frame[frame.find(b"{") : frame.rfind(b"}") + 1])
    except (ValueError, RecursionError):
        return None


# --- Bytes -----------------------------------------------------------------------------------------------------------


def _truncate(body: bytes, edit: Edit) -> bytes:
    return body[: edit.at % (len(body) + 1)]


def _cut_out(body: bytes, edit: Edit) -> bytes:
    start = edit.at % (len(body) + 1)
    return body[:start] + body[start + 1 + edit.value % 50 :]


def _insert(body: bytes, edit: Edit) -> bytes:
    start = edit.at % (len(body) + 1)
    return body[:start] + ODD_BYTES[edit.value % len(ODD_BYTES)] + body[start:]


def _flip(body: bytes, edit: Edit) -> bytes:
    if not body:
        return body
    place = edit.at % len(body)
    return body[:place] + bytes([edit.value % 256]) + body[place + 1 :]


def _noise(body: bytes, edit: Edit) -> bytes:
    start = edit.at % (len(body) + 1)
    return body[:start] + random.Random(edit.value).randbytes(1 + edit.value % 40) + body[start:]


_ON_FRAMES: Final = {
    "drop frame": _drop_frame,
    "repeat frame": _repeat_frame,
    "move frame": _move_frame,
    "shuffle": _shuffle,
    "splice": _splice,
}
_ON_JSON: Final = {"retype": _retype, "drop": _drop, "null": _null, "wrap": _wrap, "add": _add}
_ON_BYTES: Final = {"truncate": _truncate, "cut out": _cut_out, "insert": _insert, "flip": _flip, "noise": _noise}
KINDS: Final = (*_ON_JSON, *_ON_FRAMES, *_ON_BYTES)
_WEIGHTS: Final = (20, 8, 6, 8, 10, *(2 for _ in _ON_FRAMES), *(1 for _ in _ON_BYTES))
EDITS: Final = st.lists(
    st.builds(Edit, st.sampled_from(KINDS), st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1)),
    min_size=1,
    max_size=6,
)
"""Edits for a property test: the fewest and smallest that break something are what it reports."""
