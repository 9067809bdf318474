"""The commands that carry the catalog elsewhere: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from modelscan.cli.catalog.asking import as_json_option, examples
from modelscan.cli.output import print_json

Format = Literal["json", "csv"]


@click.command("export", epilog=examples("export --format csv --output catalog/"))
@click.option("--format", "form", type=click.Choice(["json", "csv"]), default="json", help="JSON by default.")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The file; for CSV the folder.")
@as_json_option
def export_(form: Format, output: Path, as_json: bool) -> None:
    """Write everything, with all history: JSON to a file, CSV to a folder with a file for each table."""
    from modelscan.catalog import Catalog

    catalog = Catalog()
    catalog.providers()  # brings in what has changed
    if form == "json":
        catalog.export_json(output)
    else:
        catalog.export_csv(output)
    _tell(catalog.counts(), f"written to {output}", as_json=as_json)


@click.command("import", epilog=examples("import catalog.json"))
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@as_json_option
def import_(path: Path, as_json: bool) -> None:
    """Take in what was exported to PATH, a file or a folder: its rows win, and nothing is deleted."""
    from modelscan.catalog import Catalog

    catalog = Catalog()
    if path.is_dir():
        catalog.import_csv(path)
    else:
        catalog.import_json(path)
    _tell(catalog.counts(), f"in {catalog.path}", as_json=as_json)


def _tell(counts: dict[str, int], where: str, *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        click.echo(f"{', '.join(f'{count:,} {table}' for table, count in counts.items())} {where}")
