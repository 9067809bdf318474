"""Framings read any bytes, in whatever pieces, without another error than ours and without growing past them."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from framings import CUTS, assert_splits_change_nothing, frames_of, split
from fuzz_seeds import Seed
from fuzz_targets import FRAMINGS, framing_seeds
from modelscan.contracts.http import Framing
from mutations import EDITS, Edit, mutated, random_edits

SPLIT_FREE = [name for name in FRAMINGS if name != "raw"]
SEEDS = framing_seeds()
LONG_CASES = 20_000
LARGE_BYTES = 100_000
MOST_BYTES_A_BYTE = 25
each = pytest.mark.parametrize("make", FRAMINGS.values(), ids=FRAMINGS.keys())


@each
@given(seed=st.sampled_from(SEEDS), donor=st.sampled_from(SEEDS), edits=EDITS, cuts=CUTS)
@settings(max_examples=40, deadline=None)
def test_broken_streams_give_frames_or_errors_of_ours(
    make: Callable[[], Framing], seed: Seed, donor: Seed, edits: list[Edit], cuts: list[int]
) -> None:
    frames_of(make(), split(mutated(seed, edits, donor), cuts))


@pytest.mark.parametrize("name", SPLIT_FREE)
@given(seed=st.sampled_from(SEEDS), donor=st.sampled_from(SEEDS), edits=EDITS, cuts=CUTS)
@settings(max_examples=25, deadline=None)
def test_broken_streams_give_the_same_however_they_are_split(
    name: str, seed: Seed, donor: Seed, edits: list[Edit], cuts: list[int]
) -> None:
    assert_splits_change_nothing(FRAMINGS[name], mutated(seed, edits, donor), cuts)


@each
@given(noise=st.binary(max_size=400), cuts=CUTS)
@example(noise=b"", cuts=[])
@settings(max_examples=40, deadline=None)
def test_any_bytes_give_frames_or_errors_of_ours(make: Callable[[], Framing], noise: bytes, cuts: list[int]) -> None:
    frames_of(make(), split(noise, cuts))


@pytest.mark.long
@each
def test_many_broken_streams_give_frames_or_errors_of_ours(
    make: Callable[[], Framing], request: pytest.FixtureRequest
) -> None:
    for number in range(LONG_CASES):
        source = random.Random(f"{request.node.name}/{number}")
        body = mutated(source.choice(SEEDS), random_edits(source), source.choice(SEEDS))
        cuts = [source.randrange(len(body) + 1) for _ in range(source.randrange(6))]
        frames_of(make(), split(body, cuts))


@each
def test_a_framing_holds_no_more_than_so_many_bytes_for_each_it_read(make: Callable[[], Framing]) -> None:
    for seed in SEEDS:
        body = (b"".join(seed) * (LARGE_BYTES // 50))[:LARGE_BYTES]
        pieces = [body[at : at + 1000] for at in range(0, LARGE_BYTES, 1000)]
        assert peak_bytes(make, pieces) < MOST_BYTES_A_BYTE * LARGE_BYTES


def peak_bytes(make: Callable[[], Framing], pieces: Sequence[bytes]) -> int:
    """The most memory that reading took, frames included."""
    framing = make()
    tracemalloc.start()
    try:
        frames_of(framing, pieces)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
