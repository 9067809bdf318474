"""The file of every older version becomes the newest; one of a later version is refused."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from modelscan.catalog import Catalog
from modelscan.catalog.connection import opened
from modelscan.catalog.migrations import MIGRATIONS, migrate
from modelscan.catalog.tables import TABLES
from modelscan.errors import CatalogError


def schema(connection: apsw.Connection) -> list[object]:
    return list(
        connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
    )


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_a_file_of_any_version_becomes_the_newest(version: int, path: Path) -> None:
    path.parent.mkdir()
    old = apsw.Connection(str(path))
    migrate(old, MIGRATIONS[:version])
    assert old.pragma("user_version") == version
    old.close()
    new = opened(path)
    assert new.pragma("user_version") == len(MIGRATIONS)
    assert schema(new) == schema(opened(path.with_name("fresh.db")))


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_what_an_older_file_holds_is_kept(version: int, path: Path) -> None:
    path.parent.mkdir()
    old = apsw.Connection(str(path))
    migrate(old, MIGRATIONS[:version])
    old.execute(
        "INSERT INTO provider_pricing (provider, model, key, kind, input_tokens, last_updated) "
        "VALUES ('acme', 'm', 'k', 'price', '3', '2026-01-01')"
    )
    old.close()
    new = opened(path)
    new.execute("UPDATE provider_pricing SET input_tokens = '4'")
    assert new.execute("SELECT input_tokens FROM pricing_history").fetchall() == [("3",)]


def test_the_file_holds_the_tables_and_their_version() -> None:
    connection = apsw.Connection(":memory:")
    migrate(connection)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert names == set(TABLES)
    assert connection.pragma("user_version") == 2


def test_a_step_that_fails_leaves_the_version_before_it() -> None:
    connection = apsw.Connection(":memory:")
    with pytest.raises(apsw.SQLError):
        migrate(connection, (*MIGRATIONS, "CREATE TABLE more (a); CREATE TABLE models (a)"))
    assert connection.pragma("user_version") == len(MIGRATIONS)
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").get == 0


def test_a_file_of_a_later_version_is_refused(path: Path) -> None:
    connection = opened(path)
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(CatalogError, match=r"is of version 99, and this ModelScan knows 2 at most\nUpgrade"):
        Catalog(path).counts()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("something else altogether " * 100, encoding="utf-8")
    with pytest.raises(CatalogError, match=r"catalog\.db can't be used"):
        Catalog(path).counts()


def test_a_folder_that_cant_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CatalogError, match="folder .* can't be made"):
        Catalog(tmp_path / "file" / "catalog.db").counts()


def test_many_may_open_a_new_file_at_once(path: Path) -> None:
    found: list[object] = []

    def open_it() -> None:
        try:
            connection = opened(path)
            found.append(connection.pragma("user_version"))
            connection.close()
        except CatalogError as error:  # pragma: no cover - told by the assertion below
            found.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [len(MIGRATIONS)] * 8


def test_the_file_is_in_the_home_that_is_given_or_in_the_users_data_folder(tmp_path: Path) -> None:
    from platformdirs import user_data_path

    from modelscan.catalog import catalog_file

    assert catalog_file({"MODELSCAN_HOME": str(tmp_path)}) == tmp_path / "catalog.db"
    assert catalog_file({}) == user_data_path("modelscan") / "catalog.db"
