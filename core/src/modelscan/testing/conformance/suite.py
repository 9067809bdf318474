"""What all suites share: tests that can't be overridden, only expected to fail for a reason; and a level for each."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal, TypeVar

import pytest

Level = Literal["bronze", "silver", "gold"]
LEVELS: Final[tuple[Level, ...]] = ("bronze", "silver", "gold")
NOT_DECLARED: Final = "not declared: "
"""How the reason of a skip begins that takes nothing from a plugin's level."""

F = TypeVar("F", bound=Callable[..., Any])


def counts_for(level: Level, *, is_evidence: bool = False) -> Callable[[F], F]:
    """A test that must pass for this level and those above. Without one that is evidence nothing is above bronze."""

    def mark(test: F) -> F:
        test.conformance_level = level  # type: ignore[attr-defined]  # functions take any attribute
        test.is_evidence = is_evidence  # type: ignore[attr-defined]  # the same
        return test

    return mark


def not_declared(what: str) -> None:
    """End a test of something that the plugin doesn't say it has."""
    pytest.skip(NOT_DECLARED + what)


class Suite:
    """A suite. `xfail` names tests that are known to fail, each with its reason; nothing else overrides a test."""

    kind: ClassVar[str]
    xfail: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **more: Any) -> None:  # what object takes
        super().__init_subclass__(**more)
        suite = _tests_of(cls.__mro__[1:])
        if cls.__module__.startswith(__package__ or "?"):
            return
        for name in sorted(suite.keys() & vars(cls).keys()):
            raise TypeError(
                f"{cls.__name__}.{name} overrides a test of the suite; "
                f'a test that is known to fail is named with its reason: xfail = {{"{name}": "..."}}'
            )
        for name, reason in vars(cls).get("xfail", {}).items():
            if name not in suite:
                raise TypeError(f"{cls.__name__}.xfail names {name}, and the suite has no such test")
            if not reason.strip():
                raise TypeError(f"{cls.__name__}.xfail gives no reason for {name}")
            setattr(cls, name, pytest.mark.xfail(reason=reason, strict=True)(_copy(suite[name])))


def _tests_of(classes: tuple[type, ...]) -> dict[str, Callable[..., Any]]:
    return {
        name: test
        for class_ in reversed(classes)
        for name, test in vars(class_).items()
        if name.startswith("test_") and class_.__module__.startswith(__package__ or "?")
    }


def _copy(test: Any) -> Callable[..., Any]:  # a function; its copy is marked, for the test itself is every plugin's
    copy = types.FunctionType(test.__code__, test.__globals__, test.__name__, test.__defaults__, test.__closure__)
    copy.__kwdefaults__ = test.__kwdefaults__
    copy.__dict__.update(test.__dict__)
    copy.__annotations__ = test.__annotations__
    copy.__doc__, copy.__qualname__, copy.__module__ = test.__doc__, test.__qualname__, test.__module__
    copy.pytestmark = list(getattr(test, "pytestmark", ()))  # type: ignore[attr-defined]  # functions take any
    return copy
