"""How a suite may be used: nothing is overridden, and what is known to fail says why."""

from __future__ import annotations

from typing import ClassVar

import pytest

from modelscan.testing.conformance import ProviderSuite
from modelscan.testing.conformance.samples import CHAT_FIELDS
from modelscan.testing.scripted import plain_provider
from modelscan.types.chat import ChatRequest


def test_a_test_of_the_suite_can_t_be_overridden() -> None:
    with pytest.raises(TypeError, match="overrides a test of the suite"):

        class TestMine(ProviderSuite):
            provider = plain_provider()

            def test_it_can_do_something(self) -> None:  # type: ignore[override]
                """Nothing at all."""


def test_what_is_known_to_fail_needs_a_reason() -> None:
    with pytest.raises(TypeError, match="gives no reason"):

        class TestMine(ProviderSuite):
            provider = plain_provider()
            xfail: ClassVar = {"test_it_can_do_something": " "}


def test_what_is_known_to_fail_is_a_test() -> None:
    with pytest.raises(TypeError, match="has no such test"):

        class TestMine(ProviderSuite):
            provider = plain_provider()
            xfail: ClassVar = {"test_no_such": "because"}


def test_one_plugin_s_xfail_is_nobody_else_s() -> None:
    class TestMine(ProviderSuite):
        provider = plain_provider()
        xfail: ClassVar = {"test_it_can_do_something": "it is new"}

    def marks(suite: type) -> list[str]:
        return [mark.name for mark in getattr(vars_of(suite), "pytestmark", ())]

    def vars_of(suite: type) -> object:
        return getattr(suite, "test_it_can_do_something")  # noqa: B009 - mypy needn't know its type

    assert marks(TestMine) == ["xfail"]
    assert marks(ProviderSuite) == []


def test_every_field_of_a_chat_request_is_tried() -> None:
    assert CHAT_FIELDS.keys() == set(ChatRequest.__struct_fields__) - {"messages"}


def test_no_part_of_the_suite_hides_a_test_of_another() -> None:
    names = [name for part in ProviderSuite.__bases__ for name in vars(part) if name.startswith("test_")]
    assert len(names) == len(set(names))


def test_every_test_counts_for_a_level() -> None:
    tests = [test for part in ProviderSuite.__bases__ for name, test in vars(part).items() if name.startswith("test_")]
    assert all(getattr(test, "conformance_level", "") in ("bronze", "silver", "gold") for test in tests)
