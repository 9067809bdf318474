"""The ledger's entries for other programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from modelscan.accounting.entry import Entry

COLUMNS: Final = (
    "id",
    "at",
    "call_id",
    "provider",
    "account",
    "model",
    "capability",
    "outcome",
    "amount",
    "currency",
    "certainty",
    "note",
    "principal",
    "tags",
    "budgets",
    "usage",
    "request_id",
)


def as_json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """One JSON object a line, with each of `COLUMNS`. Amounts are text: a JSON number might be read as a float."""
    for entry in entries:
        yield msgspec.json.encode(_cells(entry)).decode()


def as_csv(entries: Iterable[Entry]) -> Iterator[str]:
    """A line of headers and one for each entry, without line ends. Tags, budgets and usage are JSON in their cells."""
    yield _line(COLUMNS)
    for entry in entries:
        cells = _cells(entry)
        nested = {name: msgspec.json.encode(cells[name]).decode() for name in ("tags", "budgets", "usage")}
        yield _line([{**cells, **nested}[name] for name in COLUMNS])


def _cells(entry: Entry) -> dict[str, Any]:  # each column has a type of its own
    total = entry.cost.total
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "call_id": entry.call_id,
        "provider": entry.provider,
        "account": entry.account,
        "model": entry.model,
        "capability": entry.capability,
        "outcome": entry.outcome,
        "amount": None if total is None else format(total.amount, "f"),
        "currency": None if total is None else total.currency,
        "certainty": entry.cost.certainty,
        "note": entry.cost.note,
        "principal": entry.principal,
        "tags": entry.tags,
        "budgets": entry.budgets,
        "usage": entry.usage,
        "request_id": entry.request_id,
    }


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()
