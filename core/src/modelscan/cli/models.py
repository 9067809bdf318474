"""`modelscan models`."""

from __future__ import annotations

import click

from modelscan.cli.output import print_json, print_table


@click.command(epilog="\n".join(["\b", "Examples:", "  modelscan models", "  modelscan models openai --json"]))
@click.argument("provider", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def models(provider: str | None, as_json: bool) -> None:
    """List the models of one provider, or of all that can be asked. What can't be asked is named on standard error."""
    from modelscan import Client, ModelScanError
    from modelscan.plugins import Plugins

    found: list[tuple[str, str]] = []
    with Client() as client:
        for name in [provider] if provider else Plugins().names("provider"):
            try:
                found += [(name, model) for model in client.models(name)]
            except ModelScanError as error:
                if provider:
                    raise
                click.echo(f"{name}: {error.message}", err=True)
    if as_json:
        print_json([{"provider": name, "model": model} for name, model in found])
    else:
        print_table(("PROVIDER", "MODEL"), found)
