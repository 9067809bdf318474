"""Whatever is done with prices, in whatever order: each that ever held is there, now or in the history."""

from __future__ import annotations

from decimal import Decimal

import apsw
from hypothesis import given, settings
from hypothesis import strategies as st

from modelscan.catalog.format import Catalog as File
from modelscan.catalog.format import Model, Prices
from modelscan.catalog.migrations import migrate
from modelscan.catalog.updating import update_provider

KEYS = st.sampled_from("abc")
AMOUNTS = st.sampled_from("123")
STATEMENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("insert", "replace", "ignore", "update", "delete")), KEYS, AMOUNTS),
        st.tuples(st.just("rename"), KEYS, KEYS),
    ),
    max_size=20,
)
COLUMNS = "provider, model, key, kind, input_tokens, last_updated"
INTO = f"INTO provider_pricing ({COLUMNS}) VALUES ('p', 'm', ?, 'price', ?, '')"
SQL = {
    "insert": f"INSERT {INTO}",
    "replace": f"REPLACE {INTO}",
    "ignore": f"INSERT OR IGNORE {INTO}",
    "update": "UPDATE provider_pricing SET input_tokens = ?2 WHERE key = ?1",
    "delete": "DELETE FROM provider_pricing WHERE key = ?1 AND ?2",
    "rename": "UPDATE OR REPLACE provider_pricing SET key = ?2 WHERE key = ?1",
}


def empty() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    migrate(connection)
    return connection


def held(connection: apsw.Connection, table: str = "provider_pricing") -> set[tuple[object, ...]]:
    return {tuple(row) for row in connection.execute(f"SELECT key, tier, input_tokens FROM {table}")}


@given(STATEMENTS)
@settings(max_examples=150, deadline=None)
def test_no_plain_statement_loses_a_price(statements: list[tuple[str, str, str]]) -> None:
    connection, ever = empty(), set[tuple[object, ...]]()
    for name, key, other in statements:
        try:
            connection.execute(SQL[name], (key, other))
        except apsw.ConstraintError:  # a plain INSERT of a price that is there
            assert name == "insert"
        ever |= held(connection)
        assert ever == held(connection) | held(connection, "pricing_history")


FILES = st.lists(st.dictionaries(st.sampled_from(("standard", "batch", "flex")), AMOUNTS), max_size=6)


@given(FILES)
@settings(max_examples=60, deadline=None)
def test_no_import_loses_a_price_and_each_change_is_told_once(files: list[dict[str, str]]) -> None:
    connection, ended = empty(), 0
    before: dict[str, str] = {}
    for file in files:
        rows = tuple(Prices(units={"input_tokens": Decimal(amount)}, tier=tier) for tier, amount in file.items())
        model = Model(id="m", prices=rows)
        update_provider(connection, File(format=1, provider="p", models=(model,)), "2026-01-01T00:00:00Z")
        ended += sum(file.get(tier) != amount for tier, amount in before.items())
        before = file
        current = {(tier, amount) for _, tier, amount in held(connection)}
        assert current == set(file.items())
        assert connection.execute("SELECT count(*) FROM pricing_history").get == ended
