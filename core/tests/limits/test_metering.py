"""What counts towards a limit, before a call and after it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from modelscan.contracts.limiter import Quota
from modelscan.limits.metering import Metered, weights_of
from modelscan.types.usage import REFUSED, Usage

ESTIMATED = {"requests": 1, "input_tokens": 100, "output_tokens": 50, "tokens": 150}
BOUNDS = {"requests": 1, "input_tokens": 300, "output_tokens": 200}


def metered(unit: str, amount: int = 1_000, *, counts: dict[str, Any] | None = None, **more: Any) -> Metered:
    quota = Quota(key=unit, kind="rate", unit=unit, amount=amount, window_s=60.0)
    return Metered(quota=quota, weights=weights_of(unit, counts or {}), **more)


def test_tokens_are_those_that_were_read_and_those_that_were_written() -> None:
    assert weights_of("tokens", {}) == (("input_tokens", 1), ("output_tokens", 1))
    assert weights_of("images", {}) == (("images", 1),)


def test_a_limit_that_says_what_counts_is_taken_at_its_word() -> None:
    assert weights_of("tokens", {"input_tokens": 1, "cached_tokens": Decimal("-0.9")}) == (
        ("input_tokens", 1),
        ("cached_tokens", Fraction(-9, 10)),
    )


@pytest.mark.parametrize("unit", ["requests", "concurrent", "sessions"])
def test_a_call_is_one_request_before_and_after(unit: str) -> None:
    limit = metered(unit, is_strict=True)
    assert limit.reservation({}, {}) == 1
    assert limit.worth(Usage(input_tokens=5), 1) == 1
    assert not limit.needs_bounds


def test_a_rate_reserves_what_is_expected_and_is_worth_what_was_used() -> None:
    limit = metered("tokens")
    assert limit.reservation(ESTIMATED, BOUNDS) == 150
    assert limit.worth(Usage(input_tokens=90, output_tokens=400), 150) == 490
    assert not limit.needs_bounds


def test_a_strict_rate_reserves_the_most_that_a_call_can_use() -> None:
    limit = metered("tokens", is_strict=True)
    assert limit.needs_bounds
    assert limit.reservation(ESTIMATED, BOUNDS) == 500


def test_a_strict_rate_says_that_nobody_knows_the_most() -> None:
    assert metered("tokens", is_strict=True).reservation(ESTIMATED, {**BOUNDS, "output_tokens": None}) is None


def test_what_may_lower_a_count_does_not_lower_the_most() -> None:
    limit = metered("input_tokens", counts={"input_tokens": 1, "cached_tokens": -1}, is_strict=True)
    assert limit.reservation(ESTIMATED, BOUNDS) == 300
    assert limit.worth(Usage(input_tokens=100, cached_tokens=80), 300) == 20


def test_a_fraction_counts_as_the_next_whole() -> None:
    limit = metered("tokens", counts={"input_tokens": Decimal("0.1")})
    assert limit.reservation({"input_tokens": 101}, {}) == 11
    assert limit.worth(Usage(input_tokens=19), 11) == 2


def test_a_vendor_that_counts_what_was_asked_for_counts_the_longest_answer() -> None:
    limit = metered("tokens", counts_asked=True)
    assert limit.needs_bounds
    assert limit.reservation(ESTIMATED, BOUNDS) == 300
    assert limit.worth(Usage(input_tokens=10, output_tokens=10), 300) == 300
    assert limit.worth(Usage(input_tokens=200, output_tokens=200), 300) == 400


def test_a_vendor_that_counts_what_was_asked_for_counts_the_expected_where_nothing_was() -> None:
    assert metered("tokens", counts_asked=True).reservation(ESTIMATED, {"output_tokens": None}) == 150


def test_a_refused_call_is_a_request_and_no_tokens_whatever_it_asked_for() -> None:
    assert metered("requests").worth(REFUSED, 1) == 1
    assert metered("tokens").worth(REFUSED, 150) == 0
    assert metered("tokens", counts_asked=True).worth(REFUSED, 300) == 0


def test_an_answer_that_is_expected_to_be_longer_than_the_limit_takes_all_of_it() -> None:
    assert metered("tokens", 120).reservation(ESTIMATED, {}) == 120


def test_a_prompt_that_is_longer_than_the_limit_asks_for_more_than_there_is() -> None:
    assert metered("tokens", 99).reservation(ESTIMATED, {}) == 150


def test_what_asks_for_more_than_a_limit_that_counts_the_asked_is_not_made_smaller() -> None:
    assert metered("tokens", 250, counts_asked=True).reservation(ESTIMATED, BOUNDS) == 300


def test_what_a_provider_does_not_report_is_worth_what_was_reserved() -> None:
    credits_ = metered("vendor_units")
    assert credits_.worth(Usage(input_tokens=3), 7) == 7
    assert credits_.worth(Usage(other={"vendor_units": 4}), 7) == 4
    assert credits_.worth(REFUSED, 7) == 0


def test_seconds_count_exactly_and_round_up() -> None:
    assert metered("seconds").worth(Usage(seconds=Decimal("1.01")), 5) == 2


def test_a_count_below_zero_is_none() -> None:
    limit = metered("input_tokens", counts={"input_tokens": 1, "cached_tokens": -2})
    assert limit.worth(Usage(input_tokens=10, cached_tokens=9), 10) == 0
    assert limit.reservation({"input_tokens": 10, "cached_tokens": 9}, {}) == 0
