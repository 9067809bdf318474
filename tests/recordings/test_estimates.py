"""Estimates beside what recorded calls took: the rates that are reserved by them are rarely exceeded."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest

from modelscan.accounting.estimates import Estimator
from recorded_calls import calls
from recordings import needs_recordings

pytestmark = needs_recordings

LEARNED_AFTER = 5


def test_of_a_model_that_answered_five_times_95_in_100_calls_take_no_more_than_estimated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    estimator, seen = Estimator(), Counter[str]()
    first: list[float] = []
    read: list[float] = []
    written: list[bool] = []
    for called in calls():
        estimate = estimator.estimate(called.request, called.model)
        seen[called.model] += 1
        if called.usage.input_tokens:
            of = read if seen[called.model] > LEARNED_AFTER else first
            of.append(called.usage.input_tokens / max(estimate["input_tokens"], 1))
        if estimate.asked.answers and seen[called.model] > LEARNED_AFTER:
            written.append(called.usage.output_tokens <= estimate["output_tokens"])
        estimator.learn(estimate, called.usage)
    covered = sum(ratio <= 1 for ratio in read) / len(read)
    told = (
        f"{covered:.1%} of {len(read)} prompts and {statistics.mean(written):.1%} of {len(written)} answers took no "
        f"more than estimated (of the {len(first)} first ones {sum(ratio <= 1 for ratio in first) / len(first):.1%}); "
        f"the median prompt took {statistics.median(read):.2f} of its estimate"
    )
    with capsys.disabled():
        print(f"\n{told}")  # noqa: T201 - figures for the log
    assert len(read) >= 250
    assert covered >= 0.95
    assert statistics.mean(written) >= 0.95
    assert statistics.median(read) > 0.5
