"""What replies teach: a model's own ratios, how much they vary, and how long its answers are."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.accounting.estimates import FIRST_OUTPUT_TOKENS, Estimator
from modelscan.accounting.estimates.features import IMAGES, LETTERS, MESSAGES
from modelscan.accounting.estimates.learned import Learned
from modelscan.accounting.estimates.percentile import Percentile
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.types.usage import UNREPORTED, Usage

MODEL = "provider/model"
EDGES = tuple(range(1_000))


def chat(words: int, **fields: Any) -> ChatRequest:
    return ChatRequest(messages=(user("word " * words),), **fields)


# --- The percentile ---------------------------------------------------------------------------------------------------


def test_it_starts_where_it_is_told() -> None:
    assert Percentile(EDGES, 300).value == 300


def test_one_above_the_start_is_believed_and_twenty_below_give_it_up() -> None:
    high, low = Percentile(EDGES, 300), Percentile(EDGES, 300)
    high.add(700)
    assert high.value == 700
    for _ in range(37):
        low.add(20)
    assert low.value == 300
    low.add(20)
    assert low.value == 20


def test_a_value_between_edges_is_rounded_up_and_one_past_the_last_is_the_last() -> None:
    coarse = Percentile((10, 20, 30), 10)
    coarse.add(11)
    assert coarse.value == 20
    coarse.add(1_000)
    assert coarse.value == 30


@given(st.lists(st.integers(0, 999), min_size=60, max_size=150))
def test_no_more_than_one_in_twenty_is_above_it(values: list[int]) -> None:
    percentile = Percentile(EDGES, 0)
    for value in values:
        percentile.add(value)
    most = 0.05 * (len(values) + 2)
    above = sum(value > percentile.value for value in values)
    assert above <= most
    assert percentile.value == 0 or above + values.count(int(percentile.value)) > most


def test_it_follows_a_change_and_forgets_what_was() -> None:
    percentile = Percentile(EDGES, 0)
    for _ in range(2_000):
        percentile.add(800)
    for _ in range(1_500):
        percentile.add(100)
    assert percentile.value == 100
    for _ in range(30):
        percentile.add(900)
    assert percentile.value == 900


@pytest.mark.parametrize("seed", range(3))
def test_ninety_five_of_a_hundred_are_covered(seed: int) -> None:
    rng = random.Random(seed)
    percentile = Percentile(EDGES, 0)
    covered = 0
    for number in range(3_000):
        value = rng.lognormvariate(4, 0.7)
        covered += number >= 1_000 and value <= percentile.value
        percentile.add(value)
    assert 0.935 <= covered / 2_000 <= 0.98


# --- The ratios -------------------------------------------------------------------------------------------------------


def test_a_model_whose_tokens_are_twice_as_many_is_estimated_right_soon() -> None:
    learned = Learned(1_024)
    for _ in range(20):
        learned.learn([(LETTERS, 100.0), (MESSAGES, 7.0)], 214)
    assert learned.tokens([(LETTERS, 100.0), (MESSAGES, 7.0)]) == pytest.approx(214, rel=0.02)


def test_a_hidden_prompt_is_told_from_a_ratio() -> None:
    learned = Learned(1_024)
    rng = random.Random(0)
    for _ in range(400):
        letters = rng.choice((5.0, 50.0, 500.0, 2_000.0))
        learned.learn([(LETTERS, letters), (MESSAGES, 7.0)], round(letters * 1.2 + 400))
    for letters in (5.0, 500.0, 2_000.0):
        assert learned.tokens([(LETTERS, letters), (MESSAGES, 7.0)]) == pytest.approx(letters * 1.2 + 400, rel=0.2)


def test_one_feature_s_error_leaves_the_others_as_they_were() -> None:
    learned = Learned(1_024)
    for _ in range(20):
        learned.learn([(IMAGES, 1_000.0), (MESSAGES, 7.0)], 25_000)
    assert learned.factors[IMAGES] == pytest.approx(25, rel=0.05)
    assert learned.factors[LETTERS] == 1.0


def test_an_outlier_moves_a_well_known_ratio_little() -> None:
    learned = Learned(1_024)
    for _ in range(200):
        learned.learn([(LETTERS, 100.0)], 100)
    learned.learn([(LETTERS, 100.0)], 1_000_000)
    assert learned.factors[LETTERS] < 1.5
    learned.learn([(LETTERS, 100.0)], 1)
    assert learned.factors[LETTERS] > 0.9


def test_a_ratio_stays_within_reason_and_nothing_is_learned_of_nothing() -> None:
    learned = Learned(1_024)
    learned.learn([], 100)
    learned.learn([(LETTERS, 0.0)], 100)
    assert learned.factors[LETTERS] == 1.0
    for _ in range(100):
        learned.learn([(LETTERS, 1.0)], 10_000_000)
    assert learned.factors[LETTERS] == 500
    for _ in range(500):
        learned.learn([(LETTERS, 1e6)], 1)
    assert learned.factors[LETTERS] == 1 / 50


@given(st.lists(st.tuples(st.floats(0.1, 1e5), st.floats(0.1, 1e5), st.integers(1, 10**7)), max_size=60))
def test_whatever_is_learned_estimates_stay_positive(seen: list[tuple[float, float, int]]) -> None:
    learned = Learned(1_024)
    for letters, images, found in seen:
        learned.learn([(LETTERS, letters), (IMAGES, images), (MESSAGES, 7.0)], found)
    assert all(1 / 50 <= factor <= 500 for factor in learned.factors)
    assert learned.margins.value > 0


# --- The estimator ----------------------------------------------------------------------------------------------------


def test_reservations_cover_ninety_five_of_a_hundred_calls_and_are_not_much_above_them() -> None:
    estimator, rng = Estimator(), random.Random(7)
    covered = total = reserved = 0
    for number in range(1_500):
        estimate = estimator.estimate(chat(rng.randint(10, 400)), MODEL)
        tokens = round(estimate.asked.text.count(" ") * rng.gauss(1.7, 0.1) + 20)
        if number >= 300:
            covered += estimate["input_tokens"] >= tokens
            reserved += estimate["input_tokens"]
            total += tokens
        estimator.learn(estimate, Usage(input_tokens=tokens, output_tokens=1))
    assert 0.93 <= covered / 1_200 <= 0.99
    assert reserved / total < 1.25


def test_an_answer_is_estimated_by_the_longest_of_those_before() -> None:
    estimator = Estimator()
    for length in [50] * 90 + [400] * 2:
        estimator.learn(estimator.estimate(chat(5), MODEL), Usage(input_tokens=12, output_tokens=length))
    assert 50 <= estimator.estimate(chat(5), MODEL)["output_tokens"] <= 56
    for _ in range(5):
        estimator.learn(estimator.estimate(chat(5), MODEL), Usage(input_tokens=12, output_tokens=400))
    found = estimator.estimate(chat(5), MODEL)["output_tokens"]
    assert 400 <= found <= 450
    assert estimator.estimate(chat(5, max_output_tokens=64), MODEL)["output_tokens"] == 64
    assert estimator.estimate(chat(5, choices=2), MODEL)["output_tokens"] == 2 * found


def test_several_answers_are_learned_as_one_each() -> None:
    estimator = Estimator()
    estimator.learn(estimator.estimate(chat(5, choices=4), MODEL), Usage(input_tokens=12, output_tokens=4 * 5_000))
    assert 5_000 <= estimator.estimate(chat(5), MODEL)["output_tokens"] <= 5_500


def test_models_learn_apart() -> None:
    estimator = Estimator()
    estimator.learn(estimator.estimate(chat(5), MODEL), Usage(input_tokens=900, output_tokens=5_000))
    assert estimator.estimate(chat(5), "provider/other") == Estimator().estimate(chat(5), MODEL)


def test_what_wasn_t_reported_teaches_nothing() -> None:
    estimator = Estimator()
    before = estimator.estimate(chat(5), MODEL)
    estimator.learn(before, UNREPORTED)
    estimator.learn(estimator.estimate(EmbedRequest(inputs=("a",)), MODEL), Usage())
    assert estimator.estimate(chat(5), MODEL) == before
    assert not before.learned.has_reasoned


def test_reasoning_is_remembered() -> None:
    estimator = Estimator()
    estimate = estimator.estimate(chat(5), MODEL)
    estimator.learn(estimate, Usage(input_tokens=12, output_tokens=90, reasoning_tokens=80))
    assert estimate.learned.has_reasoned


def test_no_more_models_are_remembered_than_it_may() -> None:
    estimator = Estimator(models=2)
    for model in ("a", "b"):
        estimator.learn(estimator.estimate(chat(5), model), Usage(input_tokens=12, output_tokens=5_000))
    estimator.estimate(chat(5), "a")
    estimator.estimate(chat(5), "c")
    assert estimator.estimate(chat(5), "a")["output_tokens"] >= 5_000
    assert estimator.estimate(chat(5), "b")["output_tokens"] == FIRST_OUTPUT_TOKENS


@pytest.mark.bench
def test_a_short_chat_is_estimated_and_learned_from_in_a_few_microseconds() -> None:
    import timeit

    import msgspec

    estimator, request, usage = Estimator(), chat(12), Usage(input_tokens=25, output_tokens=30)

    def once() -> None:
        estimator.learn(estimator.estimate(request, MODEL), usage)

    took = min(timeit.repeat(once, number=5_000, repeat=9)) / 5_000
    floor = (
        min(timeit.repeat(lambda: msgspec.json.decode(msgspec.json.encode(request)), number=5_000, repeat=9)) / 5_000
    )
    print(f"estimate and learn: {took * 1e6:.2f} us; the request to JSON and back: {floor * 1e6:.2f} us")  # noqa: T201
    assert took < 14 * floor
