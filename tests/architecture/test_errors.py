"""The tree of errors is drawn where it is defined, and the drawing is right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modelscan import errors


def test_the_drawn_tree_of_errors_is_the_real_one() -> None:
    drawn = [
        (len(line) - len(line.lstrip(" │├└─")), match[0])
        for line in (errors.__doc__ or "").splitlines()
        if (match := re.search(r"\b[A-Z]\w+Error\b", line))
    ]
    assert drawn == list(real(errors.ModelScanError, drawn[0][0]))


def real(error: type[errors.ModelScanError], depth: int) -> Iterator[tuple[int, str]]:
    """The error and those below it, in the order of the module, each with its indentation."""
    yield depth, error.__name__
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from real(child, depth + 4)
