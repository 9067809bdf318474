"""`modelscan cassettes`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from modelscan.cli.exits import FAILED, OK
from modelscan.errors import ConfigurationError

_PATH = click.Path(exists=True, path_type=Path)


@click.group()
def cassettes() -> None:
    """Look after recorded exchanges (extra `testing`)."""


@cassettes.command(
    epilog="\n".join(["\b", "Example:", "  modelscan cassettes check tests/cassettes /tmp/recorded-anew/cassettes"])
)
@click.argument("old", type=_PATH)
@click.argument("new", type=_PATH)
def check(old: Path, new: Path) -> int:
    """Compare the shapes of OLD and NEW, two cassettes or folders of them: has the vendor changed its answers?"""
    count = found = 0
    for name, lines in _compared(old, new):
        count += 1
        for line in lines:
            found += 1
            click.echo(f"{name}: {line}")
    click.echo(f"{count} compared, {found} differences", err=True)
    return FAILED if found or not count else OK


def _compared(old: Path, new: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        import yaml  # noqa: F401 - what reads a cassette; said here in a line rather than deep inside
    except ImportError:
        raise ConfigurationError(
            "cassettes need the testing tools", advice="pip install 'modelscan-core[testing]'"
        ) from None
    from modelscan.testing.cassettes import Tape
    from modelscan.testing.cassettes.shapes import drift

    pairs = (
        [(old, new)] if old.is_file() else [(path, new / path.relative_to(old)) for path in sorted(old.rglob("*.yaml"))]
    )
    for before, now in pairs:
        try:
            lines = drift(Tape.read(before), Tape.read(now)) if now.exists() else ["it wasn't recorded anew"]
        except ValueError as error:
            lines = [str(error)]
        yield before.name, lines
