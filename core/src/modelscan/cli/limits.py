"""`modelscan limits`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click
import msgspec

from modelscan.accounting.exact import of_nano
from modelscan.cli.output import Caution, print_json, print_table

if TYPE_CHECKING:
    from modelscan import Client
    from modelscan.types.standing import LimitStatus

_BAR: Final = 10
_HEADERS: Final = ("ACCOUNT", "LIMIT", "MODELS", "USED", "LEFT", "", "RESETS", "FROM", "VERIFIED")
_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))


@click.command(epilog="\n".join(["\b", "Examples:", "  modelscan limits", "  modelscan limits openai --json"]))
@click.argument("provider", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; amounts of budgets are in billionths.")
def limits(provider: str | None, as_json: bool) -> None:
    """Show how the limits and budgets stand: of PROVIDER's accounts, or of all that are configured or have a key.

    FROM says who told of a limit: the configuration (given), the catalog, or the provider itself (learned); "!" marks
    what nobody has verified for 7 days. USED is what a limiter that programs share has counted, and what the provider
    and the ledger tell: a program's own limiter knows that program's calls, and this one makes none.
    """
    from modelscan import Client

    with Client() as client:
        found = list(client.limits(provider)) if provider else _all(client)
    if as_json:
        print_json([msgspec.to_builtins(each) | {"left": each.left} for each in found])
        return
    print_table(_HEADERS, map(_row, found))
    if not found:
        where = f"of {provider}" if provider else "of any account that is configured or has a key"
        click.echo(f"No limit {where} is known. `modelscan catalog limits` shows those of all plans.", err=True)


def _all(client: Client) -> list[LimitStatus]:
    from modelscan.client.diagnosis import providers_with_keys

    names = dict.fromkeys((*client.settings.limits, *providers_with_keys(client.settings)))
    found = [*client.limits(), *(each for name in names for each in client.limits(name))]
    found.sort(key=lambda each: (each.origin == "budget", each.account))
    return list({(each.account, each.limit, each.models, each.origin): each for each in found}.values())


def _row(each: LimitStatus) -> tuple[str, ...]:
    return (
        *(each.account, each.limit, each.models, _amount(each.used, each.unit), _amount(each.left, each.unit)),
        *(_bar(each), _time(each.reset_s), _origin(each), _verified(each)),
    )


def _amount(amount: int, unit: str) -> str:
    return f"{of_nano(amount):f}" if unit.isupper() else f"{amount:,}"


def _bar(each: LimitStatus) -> str:
    """How full a limit is. A pipe gets the percentage alone."""
    part = each.used / each.amount if each.amount else 1.0
    percent = f"{part:.0%}"
    if not sys.stdout.isatty():
        return percent
    full, empty = "█░" if "utf" in (sys.stdout.encoding or "").lower() else "#."
    cells = min(_BAR, round(part * _BAR))
    text = f"{full * cells}{empty * (_BAR - cells)} {percent}"
    return Caution(text) if part >= 0.8 else text


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for size, name in _UNITS:
        if seconds >= size:
            return f"in {seconds / size:.1f} {name}"
    return f"in {seconds:.1f} s"


def _origin(each: LimitStatus) -> str:
    return f"{each.origin}, plan {each.plan}" if each.origin == "catalog" and each.plan else each.origin


def _verified(each: LimitStatus) -> str:
    if each.origin != "catalog":
        return ""
    text = f"{each.verified or 'never'} {each.trust}"
    return Caution(text) if each.is_stale or each.trust == "unverified" else text
