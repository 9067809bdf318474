"""How many small wrong changes to the formats, the loading of plugins and the providers do our tests notice?

`python tests/mutation/sample.py --count 200 --seed 0 --least 80` takes that many of all changes (changes.py), makes
each alone in a temporary copy of the packages, runs the tests that should notice, and prints what none noticed.

Not changed, since no test should hold them to the letter: docstrings, types, decorators, what `repr` and `str` show,
messages (texts of three words or more, and the text of an error that has nothing else), and how a class is laid out in
memory. Some changes make no difference to anybody, so 100 per cent can't be reached.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import takewhile
from pathlib import Path
from queue import SimpleQueue

import attrs
from changes import changes

ROOT = Path(__file__).parents[2]
PROVIDERS = {"openai_compatible": "openai", "anthropic": "anthropic", "gemini": "gemini"}
PROCESSES = 2
LONGEST_S = 300  # a run that a change keeps from ending; the slowest whole run takes a fifth of it
LARGEST_BYTES = 8 << 30


@attrs.frozen
class Mutant:
    """A module of ours, changed in one place. `number` is the change's, among all of its module's."""

    path: Path  # from the root
    number: int

    def made(self) -> tuple[int, str, str]:
        """The line that is changed, and the module's text before and after, both without its format and comments."""
        tree = ast.parse((ROOT / self.path).read_text(encoding="utf-8"))
        before = ast.unparse(tree)
        change = list(changes(tree))[self.number]
        change.make()
        return change.line, before, ast.unparse(ast.fix_missing_locations(tree))

    def __str__(self) -> str:
        line, before, after = self.made()
        lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[3:]
        same = sum(
            1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(lines[0][1:], lines[-1][1:], strict=False))
        )
        told = [f"    {text[0]} {text[1 + max(0, same - 60) :].strip()[:160]}" for text in lines]
        return "\n".join([f"{self.path.as_posix()}:{line} (change {self.number})", *told])


def mutants() -> list[Mutant]:
    """All that there are."""
    core = ROOT / "core" / "src" / "modelscan"
    folders = [core / "wire", core / "plugins", *sorted(ROOT.glob("plugins/providers/*/src"))]
    return [
        Mutant(path.relative_to(ROOT), number)
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        for number, _ in enumerate(changes(ast.parse(path.read_text(encoding="utf-8"))))
    ]


def stages(path: Path) -> list[list[str]]:
    """The tests that should notice a change to this module: first those beside it, then those that use it."""
    if path.parts[0] == "plugins":
        return [[f"{'/'.join(path.parts[:3])}/tests"], ["tests/conformance"]]
    if path.parts[3] == "plugins":
        wider = ["core/tests/client", "core/tests/cli", "core/tests/test_hookspecs.py", "tests/integration"]
        return [["core/tests/plugins"], wider]
    near, wider = ["core/tests/wire"], ["core/tests/auth", "tests/conformance", "tests/contract"]
    if provider := PROVIDERS.get(path.parts[4]):
        near = [f"core/tests/wire/{path.parts[4]}", f"plugins/providers/{provider}/tests"]
        wider += [f"tests/recordings/test_{provider}_recordings.py", "core/tests/wire/test_odd_values.py"]
    return [near, wider]


class Copy:
    """The packages in a folder of their own, which a run imports in place of the installed ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources = [path.relative_to(ROOT) for path in [ROOT / "core" / "src", *ROOT.glob("plugins/*/*/src")]]
        for source in self._sources:
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        self._runs = 0

    def notices(self, mutant: Mutant) -> bool:
        """Whether a test fails with this change, or never ends."""
        path = self._folder / mutant.path
        path.write_text(mutant.made()[2], encoding="utf-8")
        self._runs += 1
        os.utime(path, (self._runs, self._runs))  # compiled files are told apart by this time, in whole seconds
        try:
            return any(self.fails(tests) for tests in stages(mutant.path))
        finally:
            shutil.copy2(ROOT / mutant.path, path)

    def fails(self, tests: list[str]) -> bool:
        """Whether pytest doesn't end with success, in the time and the memory that it is given."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(self._folder / source) for source in self._sources),
            "PYTHONPYCACHEPREFIX": str(self._folder / "compiled"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self._folder / "hypothesis"),
        }
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        nowhere = subprocess.DEVNULL
        run = subprocess.Popen(
            command, cwd=ROOT, env=environment, start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
        if hasattr(resource, "prlimit"):
            resource.prlimit(run.pid, resource.RLIMIT_AS, (LARGEST_BYTES, LARGEST_BYTES))
        try:
            return run.wait(LONGEST_S) != 0
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            return True


def tried(sample: list[Mutant], folder: Path) -> Iterator[tuple[Mutant, bool]]:
    """Each with whether a test notices it; refuses to begin where a test fails with no change at all."""
    copies: SimpleQueue[Copy] = SimpleQueue()
    for number in range(PROCESSES):
        copies.put(Copy(folder / str(number)))

    def failing(tests: tuple[str, ...]) -> bool:
        held = copies.get()
        try:
            return held.fails(list(tests))
        finally:
            copies.put(held)

    def noticed(mutant: Mutant) -> bool:
        held = copies.get()
        try:
            return held.notices(mutant)
        finally:
            copies.put(held)

    with ThreadPoolExecutor(PROCESSES) as pool:
        wanted = sorted({tuple(tests) for mutant in sample for tests in stages(mutant.path)})
        if broken := [tests for tests, fails in zip(wanted, pool.map(failing, wanted), strict=True) if fails]:
            raise SystemExit(f"these tests fail with no change made, so they can notice none: {broken}")
        yield from zip(sample, pool.map(noticed, sample), strict=True)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=200, help="how many changes are tried")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--least", type=float, default=0, help="the per cent noticed below which the run fails")
    asked = parser.parse_args()
    every = mutants()
    sample = random.Random(asked.seed).sample(every, min(asked.count, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        left = 0
        for count, (mutant, is_noticed) in enumerate(tried(sample, Path(folder)), 1):
            if not is_noticed:
                left += 1
                say(f"{mutant}\n    not noticed: {left} of {count} so far")
    share = 100 * (1 - left / len(sample))
    say(f"{len(sample) - left} of {len(sample)} changes noticed: {share:.1f} % (of {len(every)}, seed {asked.seed})")
    sys.exit(int(share < asked.least))


if __name__ == "__main__":
    main()
