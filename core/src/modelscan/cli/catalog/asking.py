"""The commands that ask the catalog: `show`, `limits`, `prices`, `models`, `plans`, `history`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from modelscan.cli.catalog.printing import print_limits, print_models, print_plans, print_prices
from modelscan.cli.catalog.wording import price_lines
from modelscan.cli.output import print_json, print_table

if TYPE_CHECKING:
    from modelscan.catalog import Catalog, KnownLimit

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def examples(*commands: str) -> str:
    """The end of a command's help."""
    return "\n".join(["\b", "Examples:", *(f"  modelscan catalog {command}" for command in commands)])


class Day(click.ParamType[dt.date]):
    """A day, as 2026-11-24."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-24", param, ctx)


@click.command("show", epilog=examples("show groq"))
@click.argument("name", metavar="[PROVIDER[/MODEL]]", default="")
@as_json_option
def show_(name: str, as_json: bool) -> None:
    """Show all that is known of a provider or a model, and how surely; without a name, who is known."""
    from modelscan.catalog import Catalog

    catalog = Catalog()
    if not name:
        _show_all(catalog, as_json=as_json)
    elif "/" in name:
        _show_model(catalog, name, as_json=as_json)
    else:
        _show_provider(catalog, name, as_json=as_json)


def _show_all(catalog: Catalog, *, as_json: bool) -> None:
    known = catalog.providers()
    if as_json:
        print_json(known)
        return
    counts = ((one.plans, one.limits, one.models, one.priced_models) for one in known)
    rows = [(one.provider, one.title, *map(str, count)) for one, count in zip(known, counts, strict=True)]
    print_table(("PROVIDER", "", "PLANS", "LIMITS", "MODELS", "PRICED"), rows)


def _show_provider(catalog: Catalog, provider: str, *, as_json: bool) -> None:
    plans, limits, models = catalog.plans(provider), _limits(catalog, provider), catalog.models(provider)
    known = next(one for one in catalog.providers() if one.provider == provider)
    if as_json:
        prices = [catalog.price(model.name) for model in models]
        print_json({"provider": known, "plans": plans, "limits": limits, "models": models, "prices": prices})
        return
    click.echo(f"{known.title or provider} ({provider}), version {known.version or 'unknown'} of its data")
    for quirk in known.quirks:
        click.echo(f"  - {quirk}")
    click.echo("\nPlans:\n")
    print_plans(plans)
    click.echo("\nLimits:\n")
    print_limits(limits)
    click.echo("\nModels (`modelscan catalog prices MODEL` has their prices):\n")
    print_models(models)


def _show_model(catalog: Catalog, name: str, *, as_json: bool) -> None:
    known, prices = catalog.model(name), catalog.price(name)
    limits = _limits(catalog, known.provider, model=known.model.id)
    if as_json:
        print_json({"model": known, "prices": prices, "limits": limits})
        return
    print_models([known])
    model = known.model
    facts = {
        "Also called": ", ".join(model.aliases),
        "Takes": ", ".join(model.input),
        "Gives": ", ".join(model.output),
        "Usable context": _tokens(model.usable_context_tokens),
        "Knowledge until": model.knowledge or "",
        "Released": model.released or "",
    }
    click.echo("\n".join(("", *(f"{label}: {fact}" for label, fact in facts.items() if fact))))
    click.echo("\nPrices:\n")
    print_prices(prices)
    click.echo("\nLimits:\n")
    print_limits(limits)


def _tokens(count: int | None) -> str:
    return "" if count is None else f"{count:,} tokens"


@click.command("limits", epilog=examples("limits openai --plan tier-1 --model gpt-5"))
@click.argument("provider")
@click.option("--plan", default="", help="Of this plan alone.")
@click.option("--model", default="", help="Only what holds for this model.")
@as_json_option
def limits_(provider: str, plan: str, model: str, as_json: bool) -> None:
    """Show the limits of a provider's plans."""
    from modelscan.catalog import Catalog

    found = _limits(Catalog(), provider, plan=plan, model=model)
    if as_json:
        print_json(found)
    else:
        print_limits(found)


def _limits(catalog: Catalog, provider: str, *, plan: str = "", model: str = "") -> list[KnownLimit]:
    plans = [plan] if plan else [known.plan.id for known in catalog.plans(provider)]
    return [limit for one in plans for limit in catalog.limits(provider, plan=one, model=model)]


@click.command("prices", epilog=examples("prices openai/gpt-5 --at 2026-06-01"))
@click.argument("model")
@click.option("--plan", default="", help="With what this plan includes.")
@click.option("--at", type=Day(), help="As it was on this day.")
@as_json_option
def prices_(model: str, plan: str, at: dt.date | None, as_json: bool) -> None:
    """Show what MODEL (provider/model) costs: every price with its conditions, and what is included."""
    from modelscan.catalog import Catalog

    found = Catalog().price(model, plan=plan, at=at)
    if as_json:
        print_json(found)
        return
    print_prices(found)
    if not (found.prices or found.factors or found.free):
        click.echo(f"No price of {found.provider}/{found.model} is known.", err=True)


@click.command("models", epilog=examples("models --provider openai --feature vision"))
@click.option("--provider", default="", help="Of this provider alone.")
@click.option("--capability", default="", help="That can do this: chat, embed, image, speech, ...")
@click.option("--feature", default="", help="That have this: tools, vision, ...")
@as_json_option
def models_(provider: str, capability: str, feature: str, as_json: bool) -> None:
    """List the models that are known, of one provider or of all."""
    from modelscan.catalog import Catalog

    found = Catalog().models(provider, capability=capability, feature=feature)
    if as_json:
        print_json(found)
    else:
        print_models(found)


@click.command("plans", epilog=examples("plans openai"))
@click.argument("provider")
@as_json_option
def plans_(provider: str, as_json: bool) -> None:
    """List a provider's plans."""
    from modelscan.catalog import Catalog

    found = Catalog().plans(provider)
    if as_json:
        print_json(found)
    else:
        print_plans(found)


@click.command("history", epilog=examples("history openai/gpt-5"))
@click.argument("model")
@as_json_option
def history_(model: str, as_json: bool) -> None:
    """Show the prices that MODEL (provider/model) has and ever had here, the oldest first."""
    from modelscan.catalog import Catalog

    found = Catalog().history(model)
    if as_json:
        print_json(found)
        return
    days = [(str(price.valid_from or ""), str(price.valid_until or "")) for price in found]
    times = [(f"{price.recorded:%Y-%m-%d}", f"{price.ended:%Y-%m-%d}" if price.ended else "") for price in found]
    rows = [
        (*day, *line, *time)
        for price, day, time in zip(found, days, times, strict=True)
        for line in price_lines(price.row)
    ]
    print_table(("FROM", "UNTIL", "OF", "PRICE", "WHEN", "RECORDED", "ENDED"), rows)
