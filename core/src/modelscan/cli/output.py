"""How commands print: a table for a person, tab-separated lines for a pipe, JSON where it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self

import click
import msgspec

_SHORT: Final = 14  # a column of such cells is never wrapped: the others are


def piped_text() -> str:
    """What was piped in; empty where standard input is a terminal or closed. It is UTF-8, whatever the locale says."""
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    data = sys.stdin.buffer.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"Standard input is no UTF-8 text (byte {error.start}). Pictures go into --image; "
            "text in another encoding through iconv first."
        ) from None


def print_json(value: Any) -> None:
    """Print any value that msgspec can write, indented."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


class Caution(str):
    """A cell that should catch the eye: it begins with `! `, and a terminal shows it in yellow."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        return super().__new__(cls, f"! {text}")


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headers: drawn where a terminal is there, tab-separated elsewhere."""
    rows = [list(row) for row in rows]
    if not sys.stdout.isatty():
        click.echo("\t".join(headers))
        for row in rows:
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for header, *cells in zip(headers, *rows, strict=True):
        table.add_column(header, overflow="fold", no_wrap=max(map(len, (header, *cells))) <= _SHORT)
    for row in rows:
        table.add_row(*[Text(cell, "yellow" if isinstance(cell, Caution) else "") for cell in row])
    Console().print(table)
