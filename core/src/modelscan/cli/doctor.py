"""`modelscan doctor`."""

from __future__ import annotations

import click

from modelscan.cli.exits import OK, SETUP
from modelscan.cli.output import print_json

_SIGNS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("PROBLEM", "red")}


@click.command(epilog="\n".join(["\b", "Examples:", "  modelscan doctor", "  modelscan doctor --json"]))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> int:
    """Check keys, configuration, plugins and network settings. Sends nothing; exit code 3 where there is a problem."""
    from modelscan.client.diagnosis import diagnose

    findings = diagnose()
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            sign, colour = _SIGNS[finding.verdict]
            click.echo(f"{click.style(f'{sign:>7}', fg=colour)}  {finding.topic}: {finding.text}")
            if finding.advice:
                click.echo(f"{'':>7}  {finding.advice}")
    return SETUP if any(finding.verdict == "problem" for finding in findings) else OK
