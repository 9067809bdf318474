"""The ledger: what is appended is in the file, whatever the disk does meanwhile, and no call hears of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest

from modelscan.accounting.entry import Entry, ledger_file
from modelscan.accounting.ledger import Ledger
from modelscan.accounting.ledger_rows import RowWriter
from modelscan.accounting.ledger_writer import LedgerWriter, leave_all_to_the_parent
from modelscan.errors import ConfigurationError
from modelscan.types.money import Cost, Money
from modelscan.types.usage import Usage

AT = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


def entry(number: int = 1, **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "call_id": f"call-{number}",
        "at": AT + timedelta(seconds=number),
        "provider": "acme",
        "account": "acme/default",
        "model": "big-1",
        "capability": "chat",
        "usage": Usage(input_tokens=10, seconds=Decimal("1.25"), other={"sparks": 2}),
        "cost": Cost(Money(Decimal("0.000000015"))),
    }
    return Entry(**(values | changes))


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def ledger(tmp_path: Path, told: list[str]) -> Iterator[Ledger]:
    kept = Ledger(tmp_path / "folder" / "ledger.sqlite3", report=told.append)
    yield kept
    kept.close()


def test_an_entry_comes_back_as_it_was_appended(ledger: Ledger) -> None:
    whole = entry(
        cost=Cost(Money(Decimal("0.1000000000000000000001"), "CNY"), certainty="bound", note="cut"),
        outcome="StreamCutError",
        principal="ann",
        tags={"feature": "faq", "b": ""},
        budgets=("team|month", "day"),
        request_id="req-1",
    )
    ledger.append(whole)
    ledger.append(entry(2, cost=Cost(note="no price")))
    first, second = ledger.entries()
    assert (first, first.id) == (
        Entry(**{**{name: getattr(whole, name) for name in whole.__struct_fields__}, "id": 1}),
        1,
    )
    assert (second.cost, second.tags, second.budgets) == (Cost(note="no price"), {}, ())


def test_a_ledger_that_nothing_was_ever_appended_to_makes_no_file(ledger: Ledger) -> None:
    assert list(ledger.entries()) == []
    assert ledger.spent() == ()
    assert ledger.spent_nano(None, {}) == 0
    assert ledger.flush()
    assert not ledger.path.parent.exists()


def test_a_file_whose_tables_are_still_to_be_made_holds_nothing_yet(ledger: Ledger) -> None:
    ledger.path.parent.mkdir()
    apsw.Connection(str(ledger.path)).close()
    ledger.path.touch()
    assert ledger.spent() == ()
    ledger.append(entry())
    assert len(list(ledger.entries())) == 1


def test_the_folder_is_its_owners_alone(ledger: Ledger) -> None:
    ledger.append(entry())
    ledger.flush()
    assert ledger.path.parent.stat().st_mode & 0o077 == 0


def test_entries_are_written_without_anybody_waiting_for_them(ledger: Ledger) -> None:
    ledger.append(entry())
    for _ in range(500):
        if stored(ledger.path) == 1:
            return
        threading.Event().wait(0.02)  # the writer's thread goes by the machine's own clock
    pytest.fail("not written within 10 s")


def stored(path: Path) -> int:
    """How many entries are in the file, as another program sees it."""
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    except apsw.CantOpenError:
        return 0
    try:
        found = connection.execute("SELECT count(*) FROM attempts").get
    except (apsw.SQLError, apsw.BusyError):  # it is just being made
        return 0
    finally:
        connection.close()
    return int(found)


def test_a_closed_ledger_opens_again_for_a_later_entry(ledger: Ledger) -> None:
    ledger.append(entry(1))
    ledger.close()
    assert not list(ledger.path.parent.glob("*-wal"))
    ledger.append(entry(2))
    ledger.close()
    ledger.close()
    assert [each.call_id for each in ledger.entries()] == ["call-1", "call-2"]


def test_many_entries_are_written_in_order_also_from_several_threads(ledger: Ledger) -> None:
    def append(first: int) -> None:
        for each in range(400):
            ledger.append(entry(first + each))

    threads = [threading.Thread(target=append, args=(first,)) for first in (0, 1000, 2000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.call_id for each in ledger.entries()] == [
        f"call-{first + each}" for first in (0, 1000, 2000) for each in range(400)
    ]


def test_two_ledgers_write_one_file(ledger: Ledger, told: list[str]) -> None:
    other = Ledger(ledger.path, report=told.append)
    for number in range(20):
        (ledger, other)[number % 2].append(entry(number, tags={"n": str(number % 3)}))
    other.close()
    assert len(list(ledger.entries())) == 20
    assert told == []


def test_a_disk_that_fails_is_told_once_and_the_entries_wait_for_it(tmp_path: Path, told: list[str]) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the folder's place")
    ledger = Ledger(blocked / "ledger.sqlite3", report=told.append)
    ledger.append(entry(1))
    assert not ledger.flush(0.2)
    ledger.append(entry(2))
    assert not ledger.flush(0.2)
    assert not ledger.flush(0.2)
    assert len(told) == 1
    assert "can't be written" in told[0]
    blocked.unlink()
    assert ledger.flush(10)
    ledger.close()
    assert [each.call_id for each in ledger.entries()] == ["call-1", "call-2"]
    assert len(told) == 1


def test_a_transaction_that_fails_is_undone_and_tried_again_whole(ledger: Ledger, told: list[str]) -> None:
    ledger.append(entry(1))
    ledger.flush()
    connection = apsw.Connection(str(ledger.path))
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    ledger.append(entry(2, tags={"new": "set"}))
    assert not ledger.flush(0.2)
    assert told == []
    assert not ledger.flush(0.2)
    assert told == [f"the ledger {ledger.path} can't be written, and is tried again: disk full"]
    assert connection.execute("SELECT count(*) FROM labels").get == 0
    connection.execute("DROP TRIGGER full")
    connection.close()
    assert ledger.flush(10)
    assert [each.tags for each in ledger.entries()] == [{}, {"new": "set"}]


def test_memory_is_bounded_while_the_disk_takes_nothing_and_what_was_lost_is_told(
    tmp_path: Path, told: list[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the folder's place")
    writer = LedgerWriter(blocked / "ledger.sqlite3", told.append, most_waiting=50)
    for number in range(1000):
        writer.append(entry(number))
    assert writer.lost > 0
    blocked.unlink()
    assert writer.flush(10)
    writer.close()
    kept = len(list(Ledger(writer.path).entries()))
    assert told[-1] == f"{1000 - kept} entries are missing in the ledger {writer.path}: it could not hold them"


def test_closing_gives_up_on_a_disk_that_takes_nothing_and_says_how_much_was_lost(
    tmp_path: Path, told: list[str]
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the folder's place")
    ledger = Ledger(blocked / "ledger.sqlite3", report=told.append)
    ledger.append(entry())
    ledger.close(0.2)
    assert told[-1] == f"1 entries were not written in time to the ledger {ledger.path}"
    blocked.unlink()
    assert ledger.flush(10)
    ledger.close()


def test_an_entry_that_no_row_can_hold_is_left_out_and_told(ledger: Ledger, told: list[str]) -> None:
    ledger.append(entry(1, principal="\ud800"))
    ledger.append(entry(2, at=datetime(2026, 11, 24)))  # noqa: DTZ001 - the mistake that is told
    ledger.append(entry(3, tags={"a": "\ud800"}))
    ledger.append(entry(4, cost=Cost(Money(Decimal(10**12)))))
    ledger.flush()
    assert [each.call_id for each in ledger.entries()] == ["call-4"]
    assert ledger.spent_nano(None, {}) == 2**63 - 1
    assert told == [f"3 entries are missing in the ledger {ledger.path}: it could not hold them"]


def test_a_report_that_fails_does_not_end_the_writing(tmp_path: Path) -> None:
    def refuse(text: str) -> None:
        raise RuntimeError(text)

    ledger = Ledger(tmp_path / "ledger.sqlite3", report=refuse)
    ledger.append(entry(1, principal="\ud800"))
    ledger.flush()
    ledger.append(entry(2))
    ledger.close()
    assert len(list(ledger.entries())) == 1


def test_trouble_is_logged_where_nobody_else_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite3")
    with caplog.at_level(logging.WARNING, "modelscan"):
        ledger.append(entry(1, principal="\ud800"))
        ledger.close()
    assert "1 entries are missing" in caplog.text


def test_a_later_versions_ledger_is_neither_read_nor_written(ledger: Ledger, told: list[str]) -> None:
    ledger.append(entry())
    ledger.close()
    connection = apsw.Connection(str(ledger.path))
    connection.pragma("user_version", 99)
    with pytest.raises(ConfigurationError, match="version 99"):
        ledger.spent()
    ledger.append(entry(2))
    assert not ledger.flush(0.2)
    assert not ledger.flush(0.2)
    assert "version 99" in told[0]
    connection.pragma("user_version", 1)
    connection.close()
    assert ledger.flush(10)


def test_a_file_that_is_no_ledger_is_an_error_for_who_reads(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3").write_text("a" * 5000)
    with pytest.raises(ConfigurationError, match="can't be read"):
        Ledger(tmp_path / "ledger.sqlite3").spent()


def test_a_file_that_is_broken_inside_is_an_error_for_who_reads(ledger: Ledger) -> None:
    ledger.append(entry())
    ledger.close()
    whole = ledger.path.read_bytes()
    ledger.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(ConfigurationError, match="can't be read"):
        ledger.spent()


def test_sets_of_labels_are_forgotten_before_they_fill_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelscan.accounting.ledger_rows._MOST_SETS", 2)
    rows = RowWriter(tmp_path / "ledger.sqlite3")
    assert rows.write(entry(number, tags={"request": str(number % 7)}) for number in range(20)) == 0
    rows.close()
    spent = Ledger(tmp_path / "ledger.sqlite3").spent(by=("tag:request",))
    assert [each.attempts for each in spent] == [3, 3, 3, 3, 3, 3, 2]


def test_a_forked_child_begins_with_an_empty_queue_and_a_thread_of_its_own(tmp_path: Path, told: list[str]) -> None:
    writer = LedgerWriter(tmp_path / "ledger.sqlite3", told.append, most_waiting=0)
    writer.append(entry())
    leave_all_to_the_parent()
    assert writer.flush(0)
    assert not writer.path.exists()


def test_the_file_is_in_the_home_that_is_given_or_the_users_data_folder(tmp_path: Path) -> None:
    assert ledger_file({"MODELSCAN_HOME": str(tmp_path)}) == tmp_path / "ledger.sqlite3"
    assert ledger_file({}).name == "ledger.sqlite3"
