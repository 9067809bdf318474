"""Answers that aren't as documented: fields that are null, absent or new, and events that nobody knows yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import attrs
import msgspec
import pytest

from modelscan.contracts.http import Frame, HttpResponse
from modelscan.errors import ModelScanError
from modelscan.testing.conformance.decoding import chunks_of_frames, differences, folded, frames_of
from modelscan.testing.conformance.examples import Example
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.suite import counts_for

Json = Any  # any decoded JSON
_NEW: Final = {"x_new_field": {"deep": [1, None, "x"]}}
_UNKNOWN: Final = b'{"type":"x_new_event","x_new_field":{"deep":[1,null]}}'
_GARBAGE: Final = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b"{",
    b"<html>Bad gateway</html>",
    b"\xff\xfe",
    b"[null]",
    b"7",
)


class RobustnessTests(Fixtures):
    """What vendors do without asking."""

    @counts_for("silver")
    def test_new_fields_change_nothing(self, subject: Subject) -> None:
        """A field that came yesterday must not break the program of last year."""
        for example in subject.wholes():
            expected = subject.decode(example)
            for path, changed in _with_new_fields(_body(example), type(self).opaque):
                try:
                    found = subject.decode(_answered(example, changed))
                except ModelScanError as error:
                    pytest.fail(f"{example.name} can't be read with a new field in {path}: {error}")
                wrong = differences(expected, found)
                assert not wrong, f"{example.name} is read otherwise with a new field in {path}: {'; '.join(wrong)}"

    @counts_for("silver")
    def test_a_null_or_absent_field_is_read_or_refused(self, subject: Subject) -> None:
        """Refused means a `DecodeError` or the vendor's error: no program expects a KeyError."""
        for example in subject.wholes():
            for path, changed in _with_holes(_body(example), type(self).opaque):
                _read(partial(subject.decode, _answered(example, changed)), f"{example.name} with {path}")

    @counts_for("silver")
    def test_nonsense_is_refused(self, subject: Subject) -> None:
        """A proxy's page, half a body, another shape: each a `ModelScanError`, and no reply."""
        for example in subject.wholes():
            assert example.whole is not None
            for body in (*_GARBAGE, example.whole.body[: len(example.whole.body) // 2]):
                _read(partial(subject.decode, _answered(example, body)), f"the body {body[:30]!r}")

    @counts_for("silver")
    def test_unknown_events_change_nothing(self, subject: Subject) -> None:
        """A new kind of event may come at any place of a stream."""
        for example in subject.streams():
            assert example.stream is not None
            frames = frames_of(subject.decoder(example), example.stream)
            expected = folded(chunks_of_frames(subject.decoder(example), frames))
            for at in range(len(frames)):
                new = Frame(_UNKNOWN, event="x_new_event" if frames[0].event else "")
                try:
                    chunks = chunks_of_frames(subject.decoder(example), [*frames[:at], new, *frames[at:]])
                except ModelScanError as error:
                    pytest.fail(f"{example.name} can't be read with an unknown event before event {at}: {error}")
                wrong = differences(expected, folded(chunks))
                assert not wrong, f"{example.name} is read otherwise with an unknown event: {'; '.join(wrong)}"

    @counts_for("silver")
    def test_a_null_or_absent_field_of_an_event_is_read_or_refused(self, subject: Subject) -> None:
        """The same for streams."""
        for example in subject.streams():
            assert example.stream is not None
            frames = frames_of(subject.decoder(example), example.stream)
            for at, frame in enumerate(frames):
                for path, changed in _with_holes(_value(frame.data), type(self).opaque):
                    other = msgspec.structs.replace(frame, data=msgspec.json.encode(changed))
                    stream = [*frames[:at], other, *frames[at + 1 :]]
                    _read(
                        partial(chunks_of_frames, subject.decoder(example), stream),
                        f"{example.name}, event {at} with {path}",
                    )


def _read(work: Callable[[], object], what: str) -> None:
    try:
        work()
    except ModelScanError:
        return
    except Exception as error:  # noqa: BLE001 - whatever else it raises is the fault that is looked for
        pytest.fail(f"{what} raises {type(error).__name__} ({error}): read it, or raise DecodeError")


def _body(example: Example) -> Json:
    assert example.whole is not None
    return _value(example.whole.body)


def _value(data: bytes) -> Json:
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None


def _answered(example: Example, body: Json) -> Example:
    assert example.whole is not None
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return attrs.evolve(example, whole=HttpResponse(example.whole.head, data))


def _with_new_fields(value: Json, opaque: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """The value once for each object in it, with a new field there."""
    for path in _objects(value, opaque):
        yield "/".join(map(str, path)) or "the body", _edited(value, path, lambda found: {**found, **_NEW})


def _with_holes(value: Json, opaque: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """The value once for each field in it that is null, and once for each that is absent."""
    for path in _objects(value, opaque):
        for key in _at(value, path):
            name = "/".join(map(str, (*path, key)))
            yield f"{name} null", _edited(value, path, lambda found, key=key: {**found, key: None})  # type: ignore[misc]
            yield (
                f"{name} absent",
                _edited(value, path, lambda found, key=key: {k: v for k, v in found.items() if k != key}),  # type: ignore[misc]
            )


def _objects(value: Json, opaque: frozenset[str], path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all objects but those that are a user's own data."""
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            if key not in opaque:
                yield from _objects(inner, opaque, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _objects(inner, opaque, (*path, index))


def _at(value: Json, path: tuple[Any, ...]) -> Json:
    for step in path:
        value = value[step]
    return value


def _edited(value: Json, path: tuple[Any, ...], edit: Callable[[Json], Json]) -> Json:
    if not path:
        return edit(value)
    first, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_edited(inner, rest, edit) if index == first else inner for index, inner in enumerate(value)]
    return {key: _edited(inner, rest, edit) if key == first else inner for key, inner in value.items()}
