"""The suite itself."""

from __future__ import annotations

from modelscan.testing.transport_suite import TransportSuite


def test_no_part_of_the_suite_hides_a_test_of_another() -> None:
    names = [name for part in TransportSuite.__bases__ for name in vars(part) if name.startswith("test_")]
    assert len(names) == len(set(names))
