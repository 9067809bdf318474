"""Whatever a server answers, a codec gives a sound reply or an error of ours: broken bodies, streams and requests.

Sound is what can be stored and read again: no value of another type than its field declares.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framings import CUTS, split
from fuzz_seeds import Seed, recorded
from fuzz_targets import OPERATIONS, TARGETS, FuzzTarget, survives
from mutations import EDITS, Edit, mutated, random_edits
from recordings import needs_recordings

LONG_CASES = 20_000
LARGE_BYTES = 100_000
HUGE_BYTES = 1_000_000
MOST_BYTES_A_BYTE = 20
LONGEST_S = 20.0
each = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())


@cache
def seeds_of(name: str) -> Sequence[Seed]:
    return TARGETS[name].make_seeds()


@each
def test_whole_seeds_are_read(target: FuzzTarget) -> None:
    assert sum(survives(target, [b"".join(seed)]) for seed in seeds_of(target.name))


@each
@given(data=st.data(), edits=EDITS, cuts=CUTS)
@settings(max_examples=40, deadline=None)
def test_broken_bodies_give_a_sound_reply_or_an_error_of_ours(
    target: FuzzTarget, data: st.DataObject, edits: list[Edit], cuts: list[int]
) -> None:
    seed, donor = (data.draw(st.sampled_from(seeds_of(target.name))) for _ in range(2))
    survives(target, split(mutated(seed, edits, donor), cuts))


@each
@given(noise=st.binary(max_size=200))
@settings(max_examples=15, deadline=None)
def test_noise_gives_an_error_of_ours(target: FuzzTarget, noise: bytes) -> None:
    survives(target, [noise])


@pytest.mark.long
@each
def test_many_broken_bodies_give_a_sound_reply_or_an_error_of_ours(target: FuzzTarget) -> None:
    seeds = seeds_of(target.name)
    for number in range(LONG_CASES):
        source = random.Random(f"{target.name}/{number}")
        body = mutated(source.choice(seeds), random_edits(source), source.choice(seeds))
        survives(target, split(body, [source.randrange(len(body) + 1) for _ in range(source.randrange(4))]))


@each
def test_a_reader_holds_no_more_than_so_many_bytes_for_each_it_read(target: FuzzTarget) -> None:
    for seed in largest(target):
        pieces = pieces_of(seed, LARGE_BYTES)
        peak = peak_bytes(lambda pieces=pieces: survives(target, pieces))  # type: ignore[misc]
        assert peak < MOST_BYTES_A_BYTE * sum(map(len, pieces))


@pytest.mark.long
@each
def test_a_megabyte_is_read_within_seconds(target: FuzzTarget) -> None:
    for seed in largest(target):
        begin = time.process_time()
        survives(target, pieces_of(seed, HUGE_BYTES))
        assert time.process_time() - begin < LONGEST_S


@needs_recordings
@pytest.mark.parametrize("name", OPERATIONS)
def test_recorded_bodies_are_among_the_seeds(name: str) -> None:
    _, providers, mark = OPERATIONS[name]
    assert recorded(providers, stream=True, mark=mark)
    assert recorded(providers, stream=False, mark=mark)


def largest(target: FuzzTarget) -> Sequence[Seed]:
    """The seeds with the most bytes, and those with the most frames."""
    seeds = seeds_of(target.name)
    return [max(seeds, key=lambda seed: sum(map(len, seed))), max(seeds, key=len)]


def pieces_of(seed: Seed, size: int) -> list[bytes]:
    """A stream as large as that, made of the seed's frames: its first, its middle again and again, its end."""
    first, middle, last = seed[:1], seed[1:-1] or seed, seed[-1:]
    times = size // max(1, sum(map(len, middle)))
    return [*first, *(middle * times), *last]


def peak_bytes(run: Callable[[], object]) -> int:
    """The most memory that reading took."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
