"""Who hears that a limit is nearly used up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from modelscan import hookimpl
from modelscan.contracts.limiter import Quota
from modelscan.limits.watching import Nearly
from modelscan.plugins import Plugins

RATE = Quota(key="r", kind="rate", unit="requests", amount=10, window_s=60.0)
TEAM = Quota(key="budget|team|day|feature=faq", kind="calendar", unit="USD", amount=5_000_000_000, account="budgets")


@pytest.fixture
def told() -> list[tuple[Quota, int]]:
    return []


@pytest.fixture
def nearly(told: list[tuple[Quota, int]]) -> Nearly:
    @hookimpl
    def modelscan_limit_nearly_used(quota: Quota, used: int) -> None:
        told.append((quota, used))

    observer = SimpleNamespace(modelscan_limit_nearly_used=modelscan_limit_nearly_used)
    return Nearly(Plugins(extra=(observer,)).hooks())


def test_the_observers_hear_of_a_rate_and_the_log_does_not(
    nearly: Nearly, told: list[tuple[Quota, int]], caplog: pytest.LogCaptureFixture
) -> None:
    nearly(RATE, 8)
    assert told == [(RATE, 8)]
    assert not caplog.records


def test_the_log_tells_of_a_budget_in_its_currency(nearly: Nearly, caplog: pytest.LogCaptureFixture) -> None:
    nearly(TEAM, 4_100_000_000)
    assert caplog.messages == ["budget team (feature=faq): 4.1 USD of 5 USD are spent"]
