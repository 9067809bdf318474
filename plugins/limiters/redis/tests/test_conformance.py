"""The limiter does what every limiter must, at a real server."""

from __future__ import annotations

import pytest

from modelscan.testing.conformance import LimiterSuite


@pytest.fixture(autouse=True)
def _at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCAN_REDIS_URL", url)


class TestRedisLimiter(LimiterSuite):
    limiter = "redis"
    counts = True
