"""`modelscan cost`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import click

from modelscan.cli.output import print_json, print_table

if TYPE_CHECKING:
    from modelscan.accounting.ledger import Ledger
    from modelscan.accounting.spending import Spent

_SUMS: Final = ("cost", "currency", "estimated", "bound", "attempts", "unpriced")


_MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.command(
    epilog="\n".join(
        [
            *("\b", "Examples:", "  modelscan cost --since 2026-11-01"),
            *("  modelscan cost --by day --by tag:feature --csv", "  modelscan cost --attempts --json"),
        ]
    )
)
@click.option(
    "--by",
    multiple=True,
    help="model (the default), provider, account, capability, principal, day, certainty, outcome, currency or "
    "tag:NAME; may be repeated.",
)
@click.option("--since", type=_MOMENT, metavar="DATE", help="Only what was sent since this day or moment (UTC).")
@click.option("--until", type=_MOMENT, metavar="DATE", help="Only what was sent before this day or moment (UTC).")
@click.option("--attempts", is_flag=True, help="List each attempt instead of sums; as JSON, one object a line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def cost(
    by: tuple[str, ...], since: datetime | None, until: datetime | None, attempts: bool, as_json: bool, as_csv: bool
) -> None:
    """Show what was spent, as the ledger has it: exact sums. How much of them was not measured is on standard error."""
    import os

    from modelscan.accounting.entry import ledger_file
    from modelscan.accounting.ledger import Ledger

    if as_json and as_csv:
        raise click.UsageError("--json or --csv, not both.")
    since, until = _in_utc(since), _in_utc(until)
    ledger = Ledger(ledger_file(os.environ))
    if attempts:
        _print_attempts(ledger, since, until, as_json=as_json)
        return
    dimensions = by or ("model",)
    try:
        sums = ledger.spent(since, until, dimensions)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--by") from None
    _print_sums(dimensions, sums, as_json=as_json, as_csv=as_csv)
    _tell_what_is_sure(sums, ledger)


def _in_utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _print_attempts(ledger: Ledger, since: datetime | None, until: datetime | None, *, as_json: bool) -> None:
    from modelscan.accounting.export import as_csv, as_json_lines

    entries = ledger.entries(since, until)
    for line in as_json_lines(entries) if as_json else as_csv(entries):
        click.echo(line)


def _print_sums(by: Sequence[str], sums: Sequence[Spent], *, as_json: bool, as_csv: bool) -> None:
    cells = [(_text(each.total), each.currency, _text(each.estimated), _text(each.bound)) for each in sums]
    rows = [
        (*each.group, *texts, str(each.attempts), str(each.unpriced)) for each, texts in zip(sums, cells, strict=True)
    ]
    if as_json:
        print_json([_object(by, each) for each in sums])
    elif as_csv:
        csv.writer(sys.stdout, lineterminator="\n").writerows([(*by, *_SUMS), *rows])
    else:
        print_table([name.upper() for name in (*by, *_SUMS)], rows)


def _object(by: Sequence[str], each: Spent) -> dict[str, Any]:
    values = (_text(each.total), each.currency, _text(each.estimated), _text(each.bound), each.attempts, each.unpriced)
    return {"group": dict(zip(by, each.group, strict=True)), **dict(zip(_SUMS, values, strict=True))}


def _tell_what_is_sure(sums: Sequence[Spent], ledger: Ledger) -> None:
    """The sum of all, and how much of it the providers didn't report."""
    if not sums:
        click.echo(f"Nothing was spent, as the ledger {ledger.path} has it.", err=True)
    for currency in sorted({each.currency for each in sums if each.attempts > each.unpriced}):
        those = [each for each in sums if each.currency == currency]
        total, estimated, bound = (
            sum((getattr(each, name) for each in those), Decimal(0)) for name in ("total", "estimated", "bound")
        )
        text = f"Total: {_text(total)} {currency}"
        if estimated or bound:
            text += f"; of it {_text(estimated)} is estimated, and {_text(bound)} the most that it can have been"
        click.echo(f"{text}.", err=True)
    if unpriced := sum(each.unpriced for each in sums):
        click.echo(f"{unpriced} attempts are in no sum: what they cost isn't known.", err=True)


def _text(amount: Decimal) -> str:
    return format(amount, "f")
