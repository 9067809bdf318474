"""Entries as rows of the ledger's tables, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from modelscan.accounting.entry import Entry
from modelscan.accounting.exact import in_nano
from modelscan.accounting.ledger_file import opened_to_write
from modelscan.types.money import Cost, Money
from modelscan.types.usage import Usage

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_MICROSECOND: Final = timedelta(microseconds=1)
_MOST_NANO: Final = 2**63 - 1
_MOST_SETS: Final = 10_000
_COLUMNS: Final = (
    "at_us, call_id, provider, account, model, capability, usage, amount, currency, nano, certainty, note, outcome, "
    "principal, request_id"
)
_INSERT: Final = f"INSERT INTO attempts ({_COLUMNS}, tags, budgets) VALUES ({', '.join('?' * 17)})"  # noqa: S608 - ours
SELECT: Final = (  # all names are ours
    f"SELECT attempts.id, {_COLUMNS}, tags.labels, budgets.labels FROM attempts "  # noqa: S608 - ours
    "JOIN label_sets AS tags ON tags.id = attempts.tags JOIN label_sets AS budgets ON budgets.id = attempts.budgets"
)

Row = tuple[Any, ...]  # each column has a type of its own
Labels = Sequence[tuple[str, str]]


class RowWriter:
    """The one connection that writes. After an error it is of no more use: what it remembers may have been undone."""

    def __init__(self, path: Path) -> None:
        self._connection = opened_to_write(path)
        self._sets: dict[str, int] = {}

    def write(self, entries: Iterable[Entry]) -> int:
        """Write entries in one transaction, all or none; how many were left out, since no row can hold them."""
        rows: list[Row] = []
        left_out = 0
        for entry in entries:
            try:
                rows.append(_row(entry))
            except (TypeError, ValueError, ArithmeticError):
                left_out += 1
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            numbered = [(*row, self._set_of(*tags), self._set_of(*budgets)) for *row, tags, budgets in rows]
            self._connection.executemany(_INSERT, numbered)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return left_out

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _set_of(self, text: str, labels: Labels) -> int:
        """The number of a set of labels, which is written where it is new."""
        number = self._sets.get(text)
        if number is None:
            if len(self._sets) >= _MOST_SETS:
                self._sets.clear()
            number = self._sets[text] = self._stored_set(text, labels)
        return number

    def _stored_set(self, text: str, labels: Labels) -> int:
        execute = self._connection.execute
        for (number,) in execute("SELECT id FROM label_sets WHERE labels = ?", (text,)):
            return int(number)
        execute("INSERT INTO label_sets (labels) VALUES (?)", (text,))
        number = self._connection.last_insert_rowid()
        for name, value in labels:
            execute("INSERT OR IGNORE INTO labels (label_set, name, value) VALUES (?, ?, ?)", (number, name, value))
        return number


def microseconds(moment: datetime) -> int:
    """A moment as the tables count it. Raises `TypeError` where it names no time zone."""
    return (moment - EPOCH) // _MICROSECOND


def entries_of(rows: Iterable[Row]) -> Iterator[Entry]:
    """The entries in rows that `SELECT` found."""
    for number, at_us, call_id, provider, account, model, capability, usage, amount, currency, *rest in rows:
        _, certainty, note, outcome, principal, request_id, tags, budgets = rest
        total = None if amount is None else Money(Decimal(amount), currency)
        yield Entry(
            id=number,
            call_id=call_id,
            at=EPOCH + at_us * _MICROSECOND,
            provider=provider,
            account=account,
            model=model,
            capability=capability,
            usage=msgspec.json.decode(usage, type=Usage),
            cost=Cost(total, certainty=certainty, note=note),
            outcome=outcome,
            principal=principal,
            request_id=request_id,
            tags=msgspec.json.decode(tags, type=dict[str, str]),
            budgets=msgspec.json.decode(budgets, type=tuple[str, ...]),
        )


def _row(entry: Entry) -> Row:
    """The columns of an entry; in place of its tags and budgets, each of the two sets as JSON and as labels."""
    total = entry.cost.total
    tags = sorted(entry.tags.items())
    texts = (
        entry.call_id,
        entry.provider,
        entry.account,
        entry.model,
        entry.capability,
        entry.cost.note,
        entry.outcome,
        entry.principal,
        entry.request_id,
    )
    "".join(texts).encode()  # half a character can't be stored, and would hold up all entries beside it
    call_id, provider, account, model, capability, note, outcome, principal, request_id = texts
    return (
        microseconds(entry.at),
        call_id,
        provider,
        account,
        model,
        capability,
        msgspec.json.encode(entry.usage).decode(),
        None if total is None else format(total.amount, "f"),
        "" if total is None else total.currency,
        None if total is None else min(in_nano(total.amount), _MOST_NANO),
        entry.cost.certainty,
        note,
        outcome,
        principal,
        request_id,
        (msgspec.json.encode(dict(tags)).decode(), tags),
        (msgspec.json.encode(entry.budgets).decode(), [(key, "") for key in entry.budgets]),
    )
