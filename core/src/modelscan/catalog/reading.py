"""Reading `catalog.yaml` and what is built on its format; errors say the line and the column."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import msgspec

from modelscan.catalog.consistency import Path, inconsistencies
from modelscan.catalog.format import FORMAT, Catalog
from modelscan.catalog.marked import Marked, MarkedYamlError, Position, load
from modelscan.errors import ConfigurationError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

C = TypeVar("C", bound=Catalog)

_CONVERTING: Final = threading.Lock()
"""Two threads that have msgspec 0.22 read a type for the first time at the same moment crash the interpreter."""

_AT: Final = re.compile(r"^(?P<message>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]|(\[\.\.\.\])")
# A Decimal's: a number in YAML, text in JSON. Only what a limit counts may be negative: cached tokens are taken off.
_EXACT: Final = {"type": ["string", "number"], "minimum": 0, "pattern": r"^\d+(\.\d+)?$"}
_SIGNED: Final = {"type": ["string", "number"], "pattern": r"^-?\d+(\.\d+)?$"}


@attrs.frozen
class Problem:
    """One fault of a file, at a line and a column."""

    position: Position
    message: str

    def __str__(self) -> str:
        return f"{self.position.line}:{self.position.column}: {self.message}"


def read(text: str, kind: type[C], *, name: str) -> C:
    """The file's content. Raises `ConfigurationError` that names the file, the line and the column."""
    result, found = _decode(text, kind)
    if found or result is None:
        raise ConfigurationError(
            f"{name}:{found[0]}", advice=f"See the description of the format, version {FORMAT}, in the documentation."
        )
    return result


def problems(text: str, kind: type[Catalog]) -> list[Problem]:
    """Every fault of a file, in its order; wants the package `jsonschema`."""
    from jsonschema import Draft202012Validator

    try:
        document = load(text)
    except MarkedYamlError as error:
        return [Problem(error.position, error.message)]
    errors = Draft202012Validator(schema(kind)).iter_errors(document.value)
    found = [problem for error in errors for problem in _of_schema(error, document)] or _decode(text, kind)[1]
    return sorted(found, key=lambda problem: (problem.position.line, problem.position.column))


def schema(kind: type[Catalog]) -> dict[str, Any]:
    """The format as a JSON Schema (draft 2020-12), for editors and other programs."""
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(kind)}
    exact: dict[str, Any] = _with_numbers(made)
    return exact


def _decode(text: str, kind: type[C]) -> tuple[C | None, list[Problem]]:
    try:
        document = load(text)
        with _CONVERTING:
            result = msgspec.convert(document.value, kind)
    except MarkedYamlError as error:
        return None, [Problem(error.position, error.message)]
    except msgspec.ValidationError as error:
        return None, [_told(str(error), document)]
    found = [Problem(document.position(path), message) for path, message in inconsistencies(result)]
    return result, found


def _of_schema(error: ValidationError, document: Marked) -> Iterator[Problem]:
    while error.context:  # of alternatives, the one that came nearest
        error = max(error.context, key=lambda inner: (len(inner.absolute_path), inner.validator != "type"))
    path = list(error.absolute_path)
    if error.validator != "additionalProperties":
        yield Problem(document.position(path), error.message)
        return
    rules: Any = error.schema  # the keyword stands in a mapping's schema, so this is one
    mapping: Any = error.instance
    known = list(rules["properties"])
    for key in mapping:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f": did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            yield Problem(document.position([*path, key]), f"{key!r} isn't known here{hint}")


def _told(text: str, document: Marked) -> Problem:
    match = _AT.match(text)
    assert match is not None  # noqa: S101 - everything in it is optional
    path: list[str | int] = []
    for word, number, _ in _STEP.findall(match["path"] or ""):
        if not word and not number:  # some value of a mapping: msgspec doesn't say which
            break
        path.append(word or int(number))
    where: Path = tuple(path)
    return Problem(document.position(where), match["message"])


def _with_numbers(part: Any, numbers: Mapping[str, Any] = _EXACT) -> Any:
    if isinstance(part, list):
        return [_with_numbers(item, numbers) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("format") == "decimal":
        return {**part, **numbers}
    return {key: _with_numbers(value, _SIGNED if key == "counts" else numbers) for key, value in part.items()}
