"""How old what the catalog knows may be."""

from __future__ import annotations

import datetime as dt

import pytest

from modelscan.catalog.columns import freshness_of

TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("url", "trust", "verified", "is_stale"),
    [
        ("https://example.org", "official", "2026-11-17", False),
        ("https://example.org", "official", "2026-11-16", True),
        ("https://example.org", "official", "", True),
        ("", "secondary", "2026-01-01", True),
        ("", "official", "2026-01-01", False),  # what a package says of itself
    ],
)
def test_a_fact_is_stale_a_week_after_somebody_read_it(url: str, trust: str, verified: str, is_stale: bool) -> None:
    assert freshness_of(url, trust, verified, TODAY).is_stale is is_stale
