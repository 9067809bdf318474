"""The ledger in real processes: killed at any moment, ended without a word, forked, several at once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import apsw
import pytest

from modelscan.accounting.ledger import Ledger
from modelscan.accounting.ledger_writer import GATHER_S

WITHIN_S = 10 * GATHER_S
"""How old an entry may be that a kill takes away, on a machine that has other things to do as well. What the ledger
promises is `GATHER_S` and the time of one write."""

APPENDING = """
import os, sys, time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from modelscan.accounting.entry import Entry
from modelscan.accounting.ledger import Ledger
from modelscan.types.money import Cost, Money

ledger = Ledger(Path(sys.argv[1]))

def append(number, **labels):
    at = datetime.now(UTC)
    ledger.append(Entry(call_id=f"call-{number}", at=at, provider="acme", account="acme/default", model="big-1",
                        capability="chat", cost=Cost(Money(Decimal("0.1"))), **labels))
"""
UNTIL_KILLED = (
    APPENDING
    + """
number = 0
while True:
    append(number, tags={"request": str(number)}, budgets=("day",))
    os.write(1, f"{number} {time.monotonic()}\\n".encode())
    number += 1
    time.sleep(0.001)
"""
)
A_HUNDRED = APPENDING + "for number in range(100): append(number, tags={'n': str(number % 5)})\n"
FORKED = (
    APPENDING
    + """
append(1)
if os.fork() == 0:
    append(2)
    ledger.close()
    os._exit(0)
append(3)
os.wait()
"""
)


def run(script: str, path: Path) -> None:
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, timeout=60)


def calls(path: Path) -> list[str]:
    return sorted(each.call_id for each in Ledger(path).entries())


def killed_after(seconds: float, path: Path) -> tuple[list[tuple[int, float]], float]:
    """What a process said that it had appended, each with its moment, until it was killed, and when that was."""
    with subprocess.Popen([sys.executable, "-c", UNTIL_KILLED, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(seconds)
        killed = time.monotonic()
        child.kill()
        lines = [first, *child.stdout.read().splitlines(keepends=True)]
    said = [line.split() for line in lines if line.endswith(b"\n")]
    return [(int(number), float(moment)) for number, moment in said], killed


def is_sound(path: Path) -> bool:
    connection = apsw.Connection(str(path))
    try:
        return bool(connection.pragma("integrity_check") == "ok")
    finally:
        connection.close()


@pytest.mark.parametrize("times", [3, pytest.param(50, marks=pytest.mark.long)], ids=["few", "many"])
def test_a_kill_at_any_moment_takes_away_the_last_moments_entries_alone(tmp_path: Path, times: int) -> None:
    path = tmp_path / "ledger.sqlite3"
    dice = random.Random(times)
    kept_before = 0
    for _ in range(times):
        said, killed = killed_after(dice.uniform(0.2, 0.8), path)
        assert is_sound(path)
        kept = [int(each.call_id.removeprefix("call-")) for each in Ledger(path).entries()][kept_before:]
        assert kept == list(range(len(kept)))  # none is missing in between, and none is there twice
        old = [number for number, moment in said if moment < killed - WITHIN_S]
        assert len(kept) >= len(old)
        kept_before += len(kept)
    assert Ledger(path).spent_nano(None, {"budget": "day"}) == kept_before * 10**8


def test_a_process_that_ends_without_closing_its_ledger_has_written_all(tmp_path: Path) -> None:
    run(A_HUNDRED, tmp_path / "ledger.sqlite3")
    assert len(calls(tmp_path / "ledger.sqlite3")) == 100


def test_processes_that_write_one_ledger_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    children = [
        subprocess.Popen([sys.executable, "-c", A_HUNDRED, str(path)], stderr=subprocess.PIPE) for _ in range(4)
    ]
    said = [child.communicate(timeout=60)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0, 0]
    assert said == [b"", b"", b"", b""]
    assert len(calls(path)) == 400
    assert {each.group: each.attempts for each in Ledger(path).spent(by=("tag:n",))} == {
        (str(number),): 80 for number in range(5)
    }


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks on this system")
def test_a_forked_child_writes_its_own_entries_and_leaves_its_parents_to_it(tmp_path: Path) -> None:
    run(FORKED, tmp_path / "ledger.sqlite3")
    assert calls(tmp_path / "ledger.sqlite3") == ["call-1", "call-2", "call-3"]
