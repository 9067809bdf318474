"""Fuzzes one target with Atheris, which looks for inputs that reach new code of the wire formats.

    python tests/fuzz/coverage_guided.py "stream: anthropic" -runs=20000

What stands behind the target's name is libFuzzer's. It ends with a status other than 0, and prints the input, at the
first one that raises an error which isn't ModelScan's or that takes more seconds or memory than it may.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # installed where it is used alone: nox -s long

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

with atheris.instrument_imports(include=["modelscan.wire"], enable_loader_override=False):
    from framings import split
    from fuzz_seeds import Seed
    from fuzz_targets import TARGETS, FuzzTarget, survives
from mutations import KINDS, Edit, mutated

MOST_EDITS = 8
LIMITS = ("-rss_limit_mb=1500", "-timeout=20", "-max_len=4096", "-print_final_stats=1")


def body_of(data: atheris.FuzzedDataProvider, seeds: list[Seed]) -> bytes:
    """Raw bytes, or a seed after as many edits as the fuzzer's bytes describe."""
    if data.ConsumeIntInRange(0, 7) == 0:
        return bytes(data.ConsumeBytes(data.remaining_bytes()))
    seed, donor = (seeds[data.ConsumeIntInRange(0, len(seeds) - 1)] for _ in range(2))
    edits: list[Edit] = []
    while data.remaining_bytes() and len(edits) < MOST_EDITS:
        kind = KINDS[data.ConsumeIntInRange(0, len(KINDS) - 1)]
        edits.append(Edit(kind, data.ConsumeIntInRange(0, 2**16 - 1), data.ConsumeIntInRange(0, 2**16 - 1)))
    return mutated(seed, edits, donor)


def fuzz(target: FuzzTarget, arguments: list[str]) -> None:
    """Runs until the arguments say that it is enough. Doesn't return."""
    seeds = list(target.make_seeds())

    def one_input(raw: bytes) -> None:
        data = atheris.FuzzedDataProvider(raw)
        cuts = [data.ConsumeIntInRange(0, 300) for _ in range(data.ConsumeIntInRange(0, 3))]
        survives(target, split(body_of(data, seeds), cuts))

    atheris.Setup([sys.argv[0], *LIMITS, *arguments], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    fuzz(TARGETS[sys.argv[1]], sys.argv[2:])
