"""Validation runs: who looked at which rows, when, and what came of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from modelscan.catalog.answers import Validation
from modelscan.catalog.columns import Columns, anything_of, json_of, moment_of, texts_of
from modelscan.catalog.database import Row
from modelscan.catalog.writing_rows import insert

if TYPE_CHECKING:
    import apsw

RUNS: Final = """
SELECT provider, kind, outcome, source, at, checked, changed, problems, metadata FROM validation_runs
WHERE :provider IN ('', provider) ORDER BY id
"""


def now() -> dt.datetime:
    """This moment, to the millisecond, in UTC."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def text_of_moment(moment: dt.datetime) -> str:
    """A moment as the tables hold it: in UTC, so that text sorts as time does."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def put_run(connection: apsw.Connection, run: Validation) -> None:
    """Record a run."""
    row: Columns = {
        "provider": run.provider,
        "kind": run.kind,
        "outcome": run.outcome,
        "source": run.source,
        "at": text_of_moment(run.at),
        "checked": run.checked,
        "changed": run.changed,
        "problems": json_of(run.problems),
        "metadata": json_of(run.more),
    }
    insert(connection, "validation_runs", row)


def run_of(row: Row) -> Validation:
    """The run of a row of `RUNS`."""
    provider, kind, outcome, source, at, checked, changed, problems, more = row
    return Validation(
        provider=provider,
        kind=kind,
        outcome=outcome,
        source=source,
        at=moment_of(at),
        checked=checked,
        changed=changed,
        problems=texts_of(problems),
        more=anything_of(more),
    )
