"""No price is lost, whoever writes and with which statement: these write with plain SQL."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import apsw
import pytest

from modelscan.catalog.connection import opened

TODAY = dt.datetime.now(dt.UTC).date().isoformat()
NEW = (
    "INTO provider_pricing (provider, model, key, kind, input_tokens, valid_from, last_updated) "
    "VALUES ('acme', 'm', 'k', 'price', ?, ?, '2026-01-01')"
)


@pytest.fixture
def plain(path: Path) -> apsw.Connection:
    """Somebody else's connection, with no setting of ours."""
    opened(path).close()
    connection = apsw.Connection(str(path))
    connection.execute(f"INSERT {NEW}", ("3", None))
    return connection


def history(connection: apsw.Connection) -> list[tuple[object, ...]]:
    rows = connection.execute("SELECT reason, input_tokens, held_until FROM pricing_history ORDER BY id")
    return [tuple(row) for row in rows]


def test_a_new_price_has_no_history(plain: apsw.Connection) -> None:
    assert history(plain) == []


def test_a_plain_update_keeps_what_was_there(plain: apsw.Connection) -> None:
    plain.execute("UPDATE provider_pricing SET input_tokens = '4' WHERE input_tokens = '3'")
    plain.execute("UPDATE provider_pricing SET input_tokens = NULL, other_units = '{}'")
    assert history(plain) == [("updated", "3", TODAY), ("updated", "4", TODAY)]


def test_a_price_that_begins_later_ends_the_one_before_it(plain: apsw.Connection) -> None:
    plain.execute("UPDATE provider_pricing SET input_tokens = '4', valid_from = '2026-03-01'")
    plain.execute("UPDATE provider_pricing SET input_tokens = '5', valid_until = '2026-06-01'")
    plain.execute("UPDATE provider_pricing SET input_tokens = '6', valid_from = '2026-05-01', valid_until = NULL")
    plain.execute("UPDATE provider_pricing SET valid_until = '2026-07-01'")
    assert history(plain) == [
        ("updated", "3", "2026-03-01"),
        ("updated", "4", "2026-06-01"),
        ("updated", "5", "2026-05-01"),
        ("updated", "6", "2026-07-01"),
    ]


def test_a_deleted_price_is_kept(plain: apsw.Connection) -> None:
    plain.execute("UPDATE provider_pricing SET valid_until = '2026-02-01'")
    plain.execute("DELETE FROM provider_pricing")
    assert history(plain) == [("updated", "3", "2026-02-01"), ("deleted", "3", "2026-02-01")]


def test_a_replaced_price_is_kept(plain: apsw.Connection) -> None:
    plain.execute(f"INSERT OR REPLACE {NEW}", ("4", "2026-03-01"))
    plain.execute(f"REPLACE {NEW}", ("5", None))
    assert history(plain) == [("replaced", "3", "2026-03-01"), ("replaced", "4", TODAY)]
    assert plain.execute("SELECT input_tokens FROM provider_pricing").fetchall() == [("5",)]


def test_a_price_whose_number_is_taken_is_kept(plain: apsw.Connection) -> None:
    columns = "id, provider, model, key, kind, last_updated"
    plain.execute(f"REPLACE INTO provider_pricing ({columns}) VALUES (1, 'b', 'b', 'b', 'free', '')")
    assert history(plain) == [("replaced", "3", TODAY)]


def test_a_price_that_an_update_pushes_aside_is_kept(plain: apsw.Connection) -> None:
    plain.execute(f"INSERT {NEW.replace(chr(39) + 'k' + chr(39), chr(39) + 'other' + chr(39))}", ("7", None))
    plain.execute("UPDATE OR REPLACE provider_pricing SET key = 'k' WHERE key = 'other'")
    assert sorted(history(plain)) == [("replaced", "3", TODAY), ("updated", "7", TODAY)]


def test_an_insert_that_is_refused_changes_nothing(plain: apsw.Connection) -> None:
    with pytest.raises(apsw.ConstraintError):
        plain.execute(f"INSERT {NEW}", ("4", None))
    assert history(plain) == []


def test_where_a_price_comes_from_is_no_change_of_it(plain: apsw.Connection) -> None:
    plain.execute("UPDATE provider_pricing SET last_verified = '2026-11-24', source_url = 'x', note = 'seen again'")
    assert history(plain) == []


@pytest.mark.parametrize("statement", ["DELETE FROM pricing_history", "UPDATE pricing_history SET input_tokens = '0'"])
def test_the_history_itself_cant_be_changed(statement: str, plain: apsw.Connection) -> None:
    plain.execute("DELETE FROM provider_pricing")
    with pytest.raises(apsw.ConstraintError, match="the history of prices is never changed"):
        plain.execute(statement)
    assert len(history(plain)) == 1


def test_the_history_says_since_when_the_catalog_had_a_price(plain: apsw.Connection) -> None:
    plain.execute("UPDATE provider_pricing SET recorded_at = '2026-01-01T00:00:00.000Z'")
    plain.execute("UPDATE provider_pricing SET input_tokens = '4'")
    plain.execute("UPDATE provider_pricing SET input_tokens = '5'")
    first, second = plain.execute("SELECT first_recorded, ended_at FROM pricing_history ORDER BY id").fetchall()
    assert first[0] == "2026-01-01T00:00:00.000Z"
    assert second[0] == first[1]
