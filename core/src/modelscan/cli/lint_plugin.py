"""`modelscan lint-plugin`."""

from __future__ import annotations

from pathlib import Path

import click

from modelscan.cli.exits import FAILED, OK

_EPILOG = "\n".join(
    ["\b", "Examples:", "  modelscan lint-plugin .", "  modelscan lint-plugin plugins/providers/groq --json"]
)


@click.command("lint-plugin", epilog=_EPILOG)
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def lint_plugin(path: Path, as_json: bool) -> int:
    """Check the plugin in PATH: names, metadata, types, catalog, imports, and whether it loads."""
    from modelscan.authoring import check_tools

    check_tools()
    from modelscan.authoring.linting import lint
    from modelscan.cli.output import print_json

    findings = lint(path)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{len(findings)} found" if findings else "Nothing found: it is as a plugin should be.", err=True)
    return FAILED if findings else OK
