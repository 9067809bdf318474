"""`modelscan plugins`."""

from __future__ import annotations

import click

from modelscan.cli.output import print_json, print_table


@click.command(
    epilog="\n".join(["\b", "Examples:", "  modelscan plugins", "  modelscan plugins --kind provider --json"])
)
@click.option("--kind", help="Only this kind: provider, transport, limiter, ...")
@click.option("--no-load", is_flag=True, help="Only list what is installed: import nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plugins(kind: str | None, no_load: bool, as_json: bool) -> None:
    """List the plugins: imports each one, and says what is wrong with those that are broken, and how to mend them.

    Those that hold a provider's data and no codec are listed apart: the catalog knows them, and no call goes to them.
    """
    from modelscan.client.configuration import load
    from modelscan.plugins import Plugins

    settings = load()
    registry = Plugins(allow=settings["plugins.allow"], block=settings["plugins.block"])
    records = registry.records(kind) if no_load else registry.check(kind)
    if as_json:
        print_json(records)
        return
    print_table(
        ("NAME", "KIND", "STATE", "VERSION", "DISTRIBUTION", "LEVEL", "ERROR"),
        [
            (record.name, record.kind, record.state, record.version, record.distribution, record.level, record.error)
            for record in records
            if record.state != "data"
        ],
    )
    if data := [(one.name, one.version, one.distribution) for one in records if one.state == "data"]:
        click.echo("\nKnown by their data alone (limits, models, prices), not to be called yet:\n")
        print_table(("PROVIDER", "VERSION", "DISTRIBUTION"), data)
    for record in records:
        if record.advice:
            click.echo(f"{record.kind} {record.name}: {record.advice}", err=True)
