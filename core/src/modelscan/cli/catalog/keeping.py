"""The commands that keep the catalog: `seed`, `diff`, `verify`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from modelscan.cli.catalog.asking import Day, as_json_option, examples
from modelscan.cli.catalog.wording import trust_of, verified_of
from modelscan.cli.exits import FAILED, OK
from modelscan.cli.output import print_json, print_table

if TYPE_CHECKING:
    from modelscan.catalog import Validation
    from modelscan.catalog.coverage import Coverage
    from modelscan.catalog.differing import Change

_IN_PROCESS: Final = "embedded"
_COVERAGE: Final = (
    *("PROVIDER", "PLANS", "UNITS", "LIMITS", "MODELS", "PRICED", "PRICES"),
    *("OFFICIAL", "SECONDARY", "UNVERIFIED", "STALE", "OLDEST"),
)


@click.command("seed", epilog=examples("seed", "seed groq"))
@click.argument("providers", nargs=-1)
@as_json_option
def seed_(providers: tuple[str, ...], as_json: bool) -> int:
    """Bring in what the installed packages know, of all PROVIDERS or of these, and say how much that is.

    That happens by itself when it is first asked for. UNITS are what limits count (requests, tokens, ...); OFFICIAL,
    SECONDARY and UNVERIFIED say how sure the limits and prices are, STALE how many were verified more than 7 days ago.
    """
    from modelscan.catalog import Catalog
    from modelscan.catalog.coverage import coverage

    catalog = Catalog()
    runs = catalog.seed(providers)
    found = coverage(catalog, providers)
    if as_json:
        print_json({"providers": _count(found), "coverage": found, "imports": runs})
    else:
        print_table(_COVERAGE, map(_of_coverage, found))
        click.echo(f"\n{_summary(found, runs)}")
    return _tell_failed(runs)


def _count(found: Sequence[Coverage]) -> int:
    """The vendors: the model in this process is none."""
    return sum(one.provider != _IN_PROCESS for one in found)


def _of_coverage(one: Coverage) -> tuple[str, ...]:
    counts = (one.plans, one.limited_units, one.limits, one.models, one.priced_models, one.prices)
    return (
        *(one.provider, *map(str, counts)),
        *(str(one.official), str(one.secondary), str(one.unverified), str(one.stale), str(one.oldest or "")),
    )


def _summary(found: Sequence[Coverage], runs: Sequence[Validation]) -> str:
    def total(name: str) -> str:
        return f"{sum(getattr(one, name) for one in found):,}"

    changed = sum(run.changed for run in runs)
    own = " (and the embedded one)" if any(one.provider == _IN_PROCESS for one in found) else ""
    changes = f"{changed:,} rows are new or changed." if changed else "Nothing has changed since the last import."
    return (
        f"{_count(found)} providers{own}: {total('plans')} plans, {total('limits')} limits, "
        f"{total('models')} models, {total('priced_models')} of them with prices. Of limits and prices "
        f"{total('official')} are official, {total('secondary')} secondary, {total('unverified')} unverified; "
        f"{total('stale')} are stale. {changes}"
    )


def _tell_failed(runs: Sequence[Validation]) -> int:
    failed = [run for run in runs if run.outcome == "failed"]
    for run in failed:
        click.echo(f"{run.provider}: {'; '.join(run.problems)}", err=True)
    return FAILED if failed else OK


@click.command(
    "diff",
    epilog=examples("diff", "diff --since 2026-11-20"),
)
@click.argument("providers", nargs=-1)
@click.option("--since", type=Day(), help="What has changed since this day (UTC), instead.")
@as_json_option
def diff_(providers: tuple[str, ...], since: dt.date | None, as_json: bool) -> None:
    """Show what an import of all PROVIDERS' data, or of these, would change; it changes nothing."""
    from modelscan.catalog import Catalog
    from modelscan.catalog.differing import changed_since, differences

    catalog = Catalog()
    if since is None:
        found = differences(catalog, providers)
    else:
        moment = dt.datetime.combine(since, dt.time(), dt.UTC)
        found = [one for one in changed_since(catalog, moment) if not providers or one.provider in providers]
    if as_json:
        print_json(found)
        return
    print_table(("PROVIDER", "WHAT", "KIND", "NAME", "FROM", "TO"), map(_of_change, found))
    if not found:
        click.echo("An import would change nothing." if since is None else f"Nothing since {since}.", err=True)


def _of_change(change: Change) -> tuple[str, ...]:
    sides = [", ".join(f"{name} {value}" for name, value in side.items()) for side in (change.was, change.becomes)]
    return change.provider, change.what, change.kind, change.name, *sides


@click.command("verify", epilog=examples("verify", "verify xai"))
@click.argument("providers", nargs=-1)
@as_json_option
def verify_(providers: tuple[str, ...], as_json: bool) -> int:
    """Look for contradictions in the catalog, and for what is old; of all PROVIDERS or of these.

    Lists what was verified more than 7 days ago by provider and source. That is no error: exit code 1 means that rows
    contradict each other, or that a package's data can't be read. Each verification is recorded.
    """
    from modelscan.catalog import Catalog
    from modelscan.catalog.verifying import verify

    result = verify(Catalog(), providers)
    if as_json:
        print_json(result)
    else:
        rows = [
            (each.provider, each.kind, str(each.rows), trust_of(each.freshness), verified_of(each.freshness))
            for each in result.stale
        ]
        urls = [each.freshness.source_url for each in result.stale]
        headers = ("PROVIDER", "KIND", "ROWS", "TRUST", "VERIFIED", "SOURCE")
        print_table(headers, [(*row, url) for row, url in zip(rows, urls, strict=True)])
        checked, old = (sum(getattr(one, name) for one in result.coverage) for name in ("rows", "stale"))
        click.echo(
            f"\n{len(result.coverage)} providers, {checked:,} limits and prices: "
            f"{len(result.problems)} contradictions; {old:,} were verified more than 7 days ago."
        )
    for problem in result.problems:
        click.echo(f"{problem.provider or 'the catalog'}: {problem.text}", err=True)
    return OK if result.is_sound else FAILED
