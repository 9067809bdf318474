"""Several processes use one catalog, and one is killed while it writes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

import catalog_process
from modelscan.catalog import Catalog
from modelscan.catalog.format import Model, Plan

READERS = 8


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that writes until the block ends."""
    command = [sys.executable, catalog_process.__file__, "write", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_eight_readers_beside_a_writer_see_no_error_and_no_torn_answer(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with writer(path) as writing:
        assert writing.stdout is not None
        assert writing.stdout.readline() == "1\n"
        command = [sys.executable, catalog_process.__file__, "read", str(path), "2"]
        readers = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(READERS)
        ]
        outputs = [process.communicate(timeout=120) for process in readers]
        assert writing.poll() is None
    assert [error for _, error in outputs if "Error" in error] == []
    assert [process.returncode for process in readers] == [0] * READERS
    assert all(int(asked) > 10 for asked, _ in outputs)
    assert numbers(path) > READERS


def test_a_writer_that_is_killed_leaves_a_whole_file(tmp_path: Path) -> None:
    kill_at_random(tmp_path / "catalog.db", times=3)


@pytest.mark.long
def test_a_writer_that_is_killed_fifty_times_leaves_a_whole_file(tmp_path: Path) -> None:
    kill_at_random(tmp_path / "catalog.db", times=50)


def kill_at_random(path: Path, times: int) -> None:
    """Kill a writer at moments from its start on, with what it does before it has written anything."""
    seed = random.randrange(10**9)
    draw = random.Random(seed)
    for turn in range(times):
        with writer(path) as process:
            time.sleep(draw.uniform(0.0, 1.5))  # no clock of ours: the other process's is the real one
            process.kill()
            told = process.communicate()[0].splitlines()
        written = [int(line) for line in told if line]
        assert numbers(path) >= max(written, default=0), f"seed {seed}, turn {turn}: what was written is gone"


def numbers(path: Path) -> int:
    """The number that was written last, after a look at whether the file is whole and the history without a gap."""
    catalog = Catalog(path)
    catalog.counts()  # where a file was killed at its birth, it is born now
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    last = catalog_process.number_in(catalog)
    current = connection.execute("SELECT other_units, count(*) FROM provider_pricing GROUP BY 1").fetchall()
    assert current == ([(f'{{"requests":"{last}"}}', catalog_process.ROWS)] if last else [])
    query = """
        SELECT json_extract(other_units, '$.requests') + 0 AS number, count(*), count(DISTINCT key)
        FROM pricing_history GROUP BY 1 ORDER BY 1
    """
    rows = [(number, catalog_process.ROWS, catalog_process.ROWS) for number in range(1, last)]
    assert connection.execute(query).fetchall() == rows
    limits = connection.execute("SELECT value, count(*) FROM rate_limits GROUP BY 1").fetchall()
    assert limits in ([], [(last, catalog_process.ROWS)], [(last - 1, catalog_process.ROWS)])
    connection.close()
    catalog.close()
    return last


def test_a_writer_goes_on_where_the_killed_one_was(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    for _ in range(2):
        with writer(path) as process:
            assert process.stdout is not None
            first = int(process.stdout.readline())
            process.stdout.readline()
            process.kill()
    assert first > 2
    catalog = Catalog(path)
    catalog.upsert_model("acme", Model(id="other"))
    catalog.upsert_plan("acme", Plan(id="other"))
    assert catalog.model("acme/other").model.id == "other"
