"""The memory of limits: what is new, what replaces what, what fades, and what outlives the program."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from modelscan.limits.learning import Learned, LearnedLimit, LimitReport
from modelscan.limits.learning.learned import FADES_S
from modelscan.types.limits import Limit

NOW_S = 1_785_693_600.0
HOUR_S = 3600.0
MINUTE = LimitReport(unit="requests", window_s=60.0, limit=500, remaining=7, name="x-ratelimit-requests")
DAY = LimitReport(unit="requests", window_s=86400.0, limit=500, name="x-ratelimit-requests")
MONTH = LimitReport(unit="tokens", kind="calendar", period="month", limit=10_000, scope=("account",), name="month")
CALLS = LimitReport(unit="concurrent", kind="gauge", limit=4, scope=("account",), name="calls")


def amounts(learned: Learned, model: str = "m", now_s: float = NOW_S) -> dict[str, int]:
    return {limit.unit: limit.amount for limit in learned.limits("a", model, now_s)}


def test_a_limit_is_learned_once() -> None:
    learned = Learned()
    change = learned.note("a", "m", MINUTE, NOW_S)
    assert change is not None
    assert change.before is None
    assert change.limit.as_limit() == Limit("requests", 500, window_s=60.0, scope=("model",))
    assert (change.limit.account, change.limit.model, change.limit.learned_s) == ("a", "m", NOW_S)
    assert learned.note("a", "m", MINUTE, NOW_S + 1) is None
    assert learned.limits("a", "m", NOW_S) == (change.limit,)


def test_another_amount_replaces_the_one_before() -> None:
    learned = Learned()
    learned.note("a", "m", MINUTE, NOW_S)
    change = learned.note("a", "m", LimitReport(unit="requests", window_s=60.0, limit=50), NOW_S + 5)
    assert change is not None
    assert (change.before, change.limit.amount, change.limit.learned_s) == (500, 50, NOW_S + 5)
    assert amounts(learned) == {"requests": 50}


def test_another_window_of_the_same_counter_replaces_the_one_before() -> None:
    learned = Learned()
    learned.note("a", "m", DAY, NOW_S)
    assert learned.note("a", "m", MINUTE, NOW_S) is not None
    assert [limit.window_s for limit in learned.limits("a", "m", NOW_S)] == [60.0]


def test_what_is_no_models_holds_for_all_of_the_account() -> None:
    learned = Learned()
    learned.note("a", "m", MONTH, NOW_S)
    learned.note("a", "m", CALLS, NOW_S)
    learned.note("a", "m", MINUTE, NOW_S)
    learned.note("b", "m", MINUTE, NOW_S)
    assert amounts(learned, "other") == {"tokens": 10_000, "concurrent": 4}
    assert amounts(learned, "") == {"tokens": 10_000, "concurrent": 4}
    assert amounts(learned) == {"requests": 500, "tokens": 10_000, "concurrent": 4}
    assert learned.limits("c", "m", NOW_S) == ()
    assert len(learned.everything(NOW_S)) == 4
    (month, gauge) = learned.limits("a", "other", NOW_S)
    assert month.as_limit() == Limit("tokens", 10_000, per="month", scope=("account",))
    assert gauge.as_limit().kind == "gauge"


@pytest.mark.parametrize(
    "report",
    [
        LimitReport(unit="requests", remaining=0, reset_s=7),
        LimitReport(unit="requests", limit=50),
        LimitReport(unit="requests", limit=50, window_s=60.0, tier="priority"),
    ],
)
def test_what_cannot_be_counted_by_is_not_learned(report: LimitReport) -> None:
    learned = Learned()
    assert learned.note("a", "m", report, NOW_S) is None
    assert learned.everything(NOW_S) == ()


def test_a_limit_that_nobody_tells_of_any_more_fades_and_may_be_learned_again() -> None:
    learned = Learned()
    learned.note("a", "m", MINUTE, NOW_S)
    learned.note("a", "m", MINUTE, NOW_S + 2 * HOUR_S)
    assert amounts(learned, now_s=NOW_S + FADES_S + HOUR_S) == {"requests": 500}
    late = NOW_S + FADES_S + 3 * HOUR_S
    assert amounts(learned, now_s=late) == {}
    assert learned.everything(late) == ()
    assert learned.note("a", "m", MINUTE, late) is not None
    assert amounts(learned, now_s=late) == {"requests": 500}


def test_a_server_that_invents_limits_takes_no_memory() -> None:
    learned = Learned()
    for second in range(1, 100):
        learned.note("a", "m", LimitReport(unit="requests", window_s=second, limit=1, name=str(second)), NOW_S + second)
    kept = [limit.window_s for limit in learned.limits("a", "m", NOW_S)]
    assert kept == list(range(84, 100))


async def test_what_was_learned_outlives_the_program(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "limits.sqlite"
    first = Learned(path)
    for report in (DAY, MINUTE, MONTH, CALLS):
        first.note("a", "m", report, NOW_S)
    await first.close()
    second = Learned(path)
    assert set(second.everything(NOW_S)) == set(first.everything(NOW_S))
    assert second.note("a", "m", MINUTE, NOW_S) is None
    assert second.problem == ""


async def test_what_was_learned_wrongly_is_struck_out_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path)
    learned.note("a", "m", DAY, NOW_S)
    await learned.close()
    again = Learned(path)
    again.note("a", "m", MINUTE, NOW_S)
    await again.close()
    assert [limit.window_s for limit in Learned(path).everything(NOW_S)] == [60.0]


async def test_what_another_program_saw_later_stays(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    early, late = Learned(path), Learned(path)
    early.note("a", "m", LimitReport(unit="requests", window_s=60.0, limit=1), NOW_S)
    late.note("a", "m", LimitReport(unit="requests", window_s=60.0, limit=2), NOW_S + 5)
    await late.close()
    await early.close()
    assert amounts(Learned(path)) == {"requests": 2}


async def test_the_file_forgets_what_has_faded(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path)
    learned.note("a", "old", MINUTE, NOW_S)
    await learned.close()
    learned.note("a", "new", MINUTE, NOW_S + FADES_S + 1)
    await learned.close()
    rows = apsw.Connection(str(path)).execute("SELECT model FROM learned_limits").fetchall()
    assert rows == [("new",)]


async def test_it_is_written_while_calls_go_on(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path, save_every_s=0)
    learned.note("a", "m", MINUTE, NOW_S)
    learned.note("a", "m", MONTH, NOW_S)
    for _ in range(3):  # the timer is due at once, and begins to write
        await asyncio.sleep(0)
    assert learned._saving is not None
    await learned._saving
    assert len(Learned(path).everything(NOW_S)) == 2
    await learned.close()


async def test_a_close_before_the_time_to_write_writes(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path, save_every_s=3600)
    learned.note("a", "m", MINUTE, NOW_S)
    assert not path.exists()
    await learned.close()
    assert amounts(Learned(path)) == {"requests": 500}


def test_without_a_loop_the_close_writes(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path)
    learned.note("a", "m", MINUTE, NOW_S)
    asyncio.run(learned.close())
    assert amounts(Learned(path)) == {"requests": 500}


async def test_a_file_that_is_no_database_costs_the_memory_alone(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    path.write_text("not a database, and long enough that SQLite looks at it " * 20)
    learned = Learned(path)
    assert learned.limits("a", "m", NOW_S) == ()
    assert "limits.sqlite can't be used" in learned.problem
    learned.note("a", "m", MINUTE, NOW_S)
    await learned.close()
    assert amounts(learned) == {"requests": 500}


async def test_a_folder_that_cannot_be_made_costs_the_memory_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    learned = Learned(tmp_path / "file" / "limits.sqlite")
    learned.note("a", "m", MINUTE, NOW_S)
    await learned.close()
    assert "can't be used" in learned.problem
    assert amounts(learned) == {"requests": 500}


async def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    apsw.Connection(str(path)).pragma("user_version", 9)
    learned = Learned(path)
    assert learned.everything(NOW_S) == ()
    assert "a later ModelScan made" in learned.problem


async def test_a_file_that_another_program_has_only_begun_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    path.touch()
    learned = Learned(path)
    assert (learned.everything(NOW_S), learned.problem) == ((), "")


async def test_a_row_in_words_that_nobody_knows_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite"
    learned = Learned(path)
    learned.note("a", "m", MINUTE, NOW_S)
    learned.note("a", "m", MONTH, NOW_S)
    await learned.close()
    apsw.Connection(str(path)).execute("UPDATE learned_limits SET kind = 'wave' WHERE unit = 'requests'")
    assert [limit.unit for limit in Learned(path).everything(NOW_S)] == ["tokens"]


def test_reading_what_is_not_there_imports_no_database() -> None:
    code = (
        "import sys; from pathlib import Path; from modelscan.limits.learning import Learned;"
        "Learned(Path('/nowhere/limits.sqlite')).limits('a', 'm', 0.0); print('apsw' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_a_learned_limit_knows_what_tells_it_apart() -> None:
    learned = Learned()
    change = learned.note("a", "m", MINUTE, NOW_S)
    assert change is not None
    assert isinstance(change.limit, LearnedLimit)
    assert change.limit.key == ("requests", "rate", 60.0, None, ("model",))
