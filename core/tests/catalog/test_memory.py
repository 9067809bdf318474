"""Answers come from memory, and other processes' changes are noticed within a second."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import apsw
import pytest

from catalog_packages import Packages
from modelscan.catalog import Catalog, memory
from modelscan.catalog.format import Prices, PublishedLimit
from modelscan.errors import CatalogError, UnknownNameError


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(catalog: Catalog) -> Clock:
    made = Clock()
    catalog._memory.clock = made
    catalog.prepare("acme")
    catalog._memory.look()
    return made


@pytest.fixture
def elsewhere(path: Path, clock: Clock) -> Callable[[str], object]:
    """Another process's connection."""
    return apsw.Connection(str(path)).execute


def test_an_answer_is_the_same_object_until_the_file_changes(catalog: Catalog, clock: Clock) -> None:
    first = catalog.limits("acme"), catalog.price("acme/big-1"), catalog.model("acme/big-1")
    clock.now += 3600
    again = catalog.limits("acme"), catalog.price("acme/big-1"), catalog.model("acme/big-1")
    assert all(one is other for one, other in zip(first, again, strict=True))


def test_another_process_is_noticed_after_a_second_and_no_sooner(
    catalog: Catalog, clock: Clock, elsewhere: Callable[[str], object]
) -> None:
    assert catalog.limits("acme")[0].limit.amount == 30
    assert catalog.price("acme/big-2").prices[0].units == {"requests": 1}
    assert catalog.model("acme/tiny").model.name == ""
    elsewhere("UPDATE rate_limits SET value = 31 WHERE value = 30")
    elsewhere("""UPDATE provider_pricing SET other_units = '{"requests":"2"}' WHERE model = 'big-2-20260101'""")
    elsewhere("UPDATE models SET title = 'Tiny' WHERE model = 'tiny'")
    clock.now += 0.99
    assert catalog.limits("acme")[0].limit.amount == 30
    assert catalog.model("acme/tiny").model.name == ""
    clock.now += 0.02
    assert catalog.model("acme/tiny").model.name == "Tiny"
    assert catalog.limits("acme")[0].limit.amount == 31
    assert catalog.price("acme/big-2").prices[0].units == {"requests": 2}


@pytest.mark.parametrize("ask", ["limits", "price", "model"])
def test_each_question_looks_whether_the_file_has_changed(
    ask: str, catalog: Catalog, clock: Clock, elsewhere: Callable[[str], object]
) -> None:
    asked = getattr(catalog, ask), ("acme" if ask == "limits" else "acme/big-1")
    first = asked[0](asked[1])
    elsewhere("UPDATE models SET title = 'x'")
    clock.now += 1.5
    assert asked[0](asked[1]) is not first


def test_ones_own_change_is_noticed_at_once(catalog: Catalog, clock: Clock) -> None:
    assert catalog.limits("acme")[0].limit.amount == 30
    limit = PublishedLimit(kind="gauge", unit="concurrent", amount=Decimal(1))
    catalog.upsert_limit("acme", "free", limit)
    assert catalog.limits("acme")[-1].limit == limit


def test_what_is_unknown_is_remembered_and_found_once_it_is_there(
    catalog: Catalog, clock: Clock, elsewhere: Callable[[str], object]
) -> None:
    with pytest.raises(UnknownNameError) as first:
        catalog.model("acme/new")
    with pytest.raises(UnknownNameError) as second:
        catalog.model("acme/new")
    assert str(first.value) == str(second.value)
    assert first.value is not second.value
    assert second.value.__traceback__ is not first.value.__traceback__
    elsewhere("INSERT INTO models (provider, model, last_updated) VALUES ('acme', 'new', '')")
    clock.now += 1.5
    assert catalog.model("acme/new").model.id == "new"


def test_a_new_day_makes_answers_older(packages: Packages, path: Path) -> None:
    days = [dt.date(2026, 11, 27)]
    catalog = Catalog(path, today=lambda: days[-1])
    clock = catalog._memory.clock = Clock()
    assert catalog.limits("acme")[0].freshness.is_stale is False
    days.append(dt.date(2026, 11, 28))
    clock.now += 1.5
    assert catalog.limits("acme")[0].freshness.is_stale is True


def test_a_look_waits_for_nobody_who_reads(catalog: Catalog, clock: Clock) -> None:
    found = catalog.limits("acme")
    clock.now += 1.5
    asked: list[object] = []
    with catalog._database.reading:
        thread = threading.Thread(target=lambda: asked.append(catalog.limits("acme")))
        thread.start()
        thread.join(timeout=10)
    assert asked == [found]


def test_memory_is_bounded(catalog: Catalog, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST", 3)
    for number in range(10):
        catalog.limits("acme", model=f"m-{number}")
    assert len(catalog._memory.limits) <= 3


def test_threads_may_ask_and_write_at_once(catalog: Catalog) -> None:
    failures: list[BaseException] = []

    def ask(number: int) -> None:
        try:
            for turn in range(30):
                catalog._memory.forget()
                assert catalog.price("acme/big-1").prices
                assert catalog.limits("acme", model=f"m-{number}-{turn}")
                if turn % 10 == 0:
                    catalog.upsert_price(f"acme/mine-{number}", Prices(units={"requests": Decimal(turn)}))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test tells of it
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [catalog.price(f"acme/mine-{number}").prices[0].units["requests"] for number in range(6)] == [20] * 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system doesn't fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_opens_the_file_anew(catalog: Catalog) -> None:
    catalog.limits("acme")
    catalog.upsert_provider("acme", title="Before")
    parents = catalog._database._reader
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        status = 1
        try:
            catalog._memory.forget()
            asked = catalog.limits("acme")[0].limit.amount == 30
            catalog.upsert_provider("acme", title="From the child")
            status = 0 if asked and catalog._database._reader is not parents else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert catalog._database._reader is parents
    query = "SELECT title FROM providers WHERE provider = 'acme'"
    assert catalog._database.read(lambda connection: connection.execute(query).get) == "From the child"


def test_a_closed_catalog_opens_again(catalog: Catalog) -> None:
    catalog.prepare("acme")
    catalog.close()
    catalog.close()
    assert catalog.counts()["models"] == 4


def test_a_failed_change_leaves_nothing_behind(catalog: Catalog) -> None:
    catalog.prepare("acme")

    def change(connection: apsw.Connection) -> None:
        connection.execute("UPDATE models SET title = 'half'")
        raise ValueError("the other half")

    with pytest.raises(ValueError, match="the other half"):
        catalog._database.write(change)
    assert catalog.model("acme/tiny").model.name == ""


def test_a_file_that_stays_busy_is_told_of(catalog: Catalog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.prepare("acme")
    monkeypatch.setattr("modelscan.catalog.connection.PATIENCE_S", 0.0)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    writer = catalog._database._writer
    assert writer is not None
    writer.set_busy_timeout(1)
    with pytest.raises(CatalogError, match=r"was busy for 0 s\nAnother program holds it"):
        catalog.upsert_provider("acme", title="x")


def test_a_file_that_is_busy_for_a_moment_is_waited_for(catalog: Catalog, path: Path) -> None:
    catalog.prepare("acme")
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")
    writer = catalog._database._writer
    assert writer is not None
    tries: list[int] = []

    def done_with_it(count: int) -> bool:
        """SQLite gives up on this writer, and so does the other one on what it holds."""
        tries.append(count)
        if other.in_transaction:
            other.execute("ROLLBACK")
        return False

    writer.set_busy_handler(done_with_it)
    catalog.upsert_provider("acme", title="x")
    assert tries == [0]
