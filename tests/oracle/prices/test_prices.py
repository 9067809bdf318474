"""A price of ours that a public price map has too is the same there, or stands in `disagreements.tsv` with a reason.

The maps are LiteLLM's and genai-prices'. What can't be compared is left out: prices of certain hours, in other
currencies, or under conditions that no map tells. A line of the list that no longer holds fails as well.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from modelscan.catalog.format import Catalog, Prices
from modelscan.catalog.reading import read
from oracle import PYTHON, needs_oracle

pytestmark = needs_oracle

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
DAY = "2026-11-24"
TIME = f"{DAY}T12:00:00+00:00"
ROUNDING = Decimal("0.001")  # the maps write a price by the second with few digits

LITELLM = {
    "anthropic": "anthropic",
    "assemblyai": "assemblyai",
    "azure": "azure-openai",
    "azure_ai": "azure-openai",
    "azure_text": "azure-openai",
    "bedrock": "bedrock",
    "bedrock_converse": "bedrock",
    "bedrock_mantle": "bedrock",
    "black_forest_labs": "bfl",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "codestral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
    "dashscope": "dashscope",
    "deepgram": "deepgram",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "elevenlabs": "elevenlabs",
    "exa_ai": "exa",
    "fal_ai": "fal",
    "fireworks_ai": "fireworks",
    "fireworks_ai-embedding-models": "fireworks",
    "gemini": "gemini",
    "groq": "groq",
    "jina_ai": "jina",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshot": "moonshot",
    "nvidia_nim": "nvidia-nim",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "recraft": "recraft",
    "replicate": "replicate",
    "runwayml": "runway",
    "sambanova": "sambanova",
    "stability": "stability",
    "tavily": "tavily",
    "text-completion-openai": "openai",
    "together_ai": "together",
    "voyage": "voyage",
    "xai": "xai",
    "zai": "zai",
}
"""LiteLLM's names of providers that are ours too; all that begin with `vertex_ai` are Vertex."""

SECOND = {"azure_ai", "bedrock_mantle", "codestral"}
"""Other doors to the same vendors, with prices of their own: what a model costs at the first is what counts."""

GENAI = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure-openai",
    "cerebras": "cerebras",
    "cloudflare": "cloudflare",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "elevenlabs": "elevenlabs",
    "fireworks": "fireworks",
    "google": "gemini",
    "groq": "groq",
    "minimax": "minimax",
    "mistral": "mistral",
    "moonshotai": "moonshot",
    "openai": "openai",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "together": "together",
    "voyageai": "voyage",
    "x-ai": "xai",
    "zai": "zai",
}

REASONS = {
    "busy-hours": "the map has the price of the vendor's busy hours alone, ours has both and was asked outside them",
    "global-price": "ours gives the bare name the price of global routing, the map that of one region, a tenth more",
    "newer": "ours is the later reading, and the other map has it too",
    "one-region": "ours is the price in that region, the map has one price for all",
    "other-model": "the map takes the name for another model than the one that the vendor now means by it",
    "page": "ours is what a copy of the vendor's own page says",
    "per-kind-of-search": "ours is the search of the model's own generation, the map has one price for all",
    "rounded": "the same price, rounded by the map or by us",
    "unclear": "nothing tells which is right: ours stays until something does",
    "unit": "the map counts another unit under the same name",
}

_PREFIX = re.compile(r"^(?:azure|azure_ai|bedrock|bedrock_mantle|vertex_ai)/")
_SIZE = re.compile(r"(?:^|/)(\d+)-x-(\d+)/")
_QUALITY = re.compile(r"(?:^|/)(low|medium|high|standard|hd|auto)/(?=.)")
_STEPS = re.compile(r"(?:^|/)(\w+)-steps/")
_AZURE_REGION = re.compile(r"^(us|eu|us-gov|apac)/")
_AWS_REGION = re.compile(r"^([a-z]{2}(?:-gov)?-[a-z]+-\d)/")
_COMMITMENT = re.compile(r"^(\d-month-commitment)/")


class Price(NamedTuple):
    """What a price is for."""

    provider: str
    model: str
    unit: str
    tier: str = "standard"
    above: int = 0
    region: str = ""
    when: tuple[tuple[str, str], ...] = ()

    def conditions(self) -> str:
        """As the list writes them."""
        said = [
            *([self.tier] if self.tier != "standard" else []),
            *([f"above {self.above}"] if self.above else []),
            *([self.region] if self.region else []),
            *(f"{key} {value}" for key, value in self.when),
        ]
        return ", ".join(said)


class Disagreement(NamedTuple):
    """One line of the list. Prices are for a million tokens or characters, else for one."""

    map: str
    provider: str
    model: str
    unit: str
    conditions: str
    ours: str
    theirs: str


@cache
def ours() -> dict[Price, Decimal]:
    """Our prices for one unit, as they are on the day."""
    found: dict[Price, Decimal] = {}
    for path in sorted(ROOT.glob("plugins/providers/*/src/*/catalog.yaml")):
        catalog = read(path.read_text(encoding="utf-8"), Catalog, name=str(path))
        for model in catalog.models:
            holding = sorted((row for row in model.prices if is_comparable(row)), key=lambda row: row.since or "")
            found.update(
                (
                    Price(
                        catalog.provider,
                        model.id,
                        unit,
                        row.tier,
                        row.above.get("input_tokens", 0),
                        row.region,
                        tuple(sorted(row.when.items())),
                    ),
                    amount / row.per,
                )
                for row in holding
                for unit, amount in row.units.items()
            )
    return found


def is_comparable(row: Prices) -> bool:
    """Whether the row holds on the day at any hour, in the maps' currency, under conditions that they know."""
    begun = not row.since or row.since <= DAY[: len(row.since)]
    ended = row.until is not None and row.until <= DAY[: len(row.until)]
    return begun and not ended and not row.hours and row.currency == "USD" and not set(row.above) - {"input_tokens"}


@cache
def theirs() -> dict[tuple[str, Price], Decimal]:
    """The maps' prices by the map and by what they are for, of the models that we have."""
    models: dict[str, set[str]] = {}
    for known in ours():
        models.setdefault(known.provider, set()).add(known.model)
    lines = "".join(
        json.dumps({"provider": name, "model": model}) + "\n"
        for name, provider in GENAI.items()
        for model in sorted(models.get(provider, ()))
    )
    script = HERE / "price_maps.py"
    done = subprocess.run(
        [str(PYTHON), str(script), TIME], input=lines, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[tuple[str, Price], Decimal] = {}
    doors: dict[tuple[str, str, str], str] = {}
    for line in sorted(map(json.loads, done.stdout.splitlines()), key=lambda line: line["provider"] in SECOND):
        price = named(line)
        if price is not None and price.model in models.get(price.provider, ()):
            door = doors.setdefault((line["map"], price.provider, price.model), line["provider"])
            if door == line["provider"] or line["provider"] not in SECOND:
                found.setdefault((line["map"], price), Decimal(line["price"]))
    return found


def named(line: dict[str, Any]) -> Price | None:
    """What a map's price is for, in our names; None for a provider that we haven't."""
    told = (line["unit"], line.get("tier", "standard"), line.get("above", 0))
    if line["map"] != "litellm":
        return Price(GENAI[line["provider"]], line["model"], *told)
    kind = line["provider"]
    provider = "vertex" if kind.startswith("vertex_ai") else LITELLM.get(kind)
    if provider is None:
        return None
    model = _PREFIX.sub("", line["model"]).removeprefix(f"{kind}/").removeprefix("accounts/fireworks/models/")
    return with_steps(with_region(Price(provider, model, *told, when=tuple(line.get("when", {}).items()))))


def with_region(price: Price) -> Price:
    """The region, and what is bought for months, out of the model's name."""
    pattern = {"azure-openai": _AZURE_REGION, "bedrock": _AWS_REGION}.get(price.provider)
    if pattern and (region := pattern.match(price.model)):
        price = price._replace(region=region[1], model=pattern.sub("", price.model))
    if commitment := _COMMITMENT.match(price.model):
        model = _COMMITMENT.sub("", price.model)
        price = price._replace(tier=commitment[1], model=model, unit="model_unit_seconds")
    return price


def with_steps(price: Price) -> Price:
    """Size, quality and steps of a picture out of the model's name."""
    when = dict(price.when)
    model = price.model
    if size := _SIZE.search(model):
        when["size"], model = f"{size[1]}x{size[2]}", _SIZE.sub("/", model).removeprefix("/")
    if "size" in when and (quality := _QUALITY.search(model)):
        when["quality"], model = quality[1], _QUALITY.sub("", model)
    if "size" in when and (steps := _STEPS.search(model)):
        when["steps"], model = steps[1], _STEPS.sub("", model)
    return price._replace(model=_PREFIX.sub("", model), when=tuple(sorted(when.items())))


def compared() -> Iterator[tuple[str, Price, Decimal, Decimal]]:
    """Each price that both have: whose map, what for, ours, theirs."""
    for (source, price), amount in sorted(theirs().items()):
        mine = ours().get(price, ours().get(price._replace(when=())))
        if mine is not None:
            yield source, price, mine, amount


def disagreements() -> set[Disagreement]:
    """Those that aren't the same."""
    return {
        Disagreement(
            source,
            price.provider,
            price.model,
            price.unit,
            price.conditions(),
            shown(mine, price),
            shown(amount, price),
        )
        for source, price, mine, amount in compared()
        if abs(mine - amount) > max(mine, amount) * ROUNDING
    }


def shown(amount: Decimal, price: Price) -> str:
    """A price for a million tokens or characters, else for one."""
    many = price.unit.endswith(("tokens", "characters"))
    return format((amount * (1000000 if many else 1)).quantize(Decimal("0.0000001")).normalize(), "f")


@cache
def listed() -> dict[Disagreement, str]:
    """The list, and each line's reason."""
    with (HERE / "disagreements.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    assert rows[0] == [*Disagreement._fields, "reason"]
    return {Disagreement(*row[:-1]): row[-1] for row in rows[1:]}


def test_both_maps_are_compared_at_thousands_of_prices() -> None:
    counts = {source: sum(one[0] == source for one in compared()) for source in ("litellm", "genai-prices")}

    assert counts["litellm"] > 9000
    assert counts["genai-prices"] > 4500


def test_no_price_differs_from_a_map_that_the_list_does_not_name() -> None:
    unlisted = sorted(disagreements() - set(listed()))

    assert not unlisted, "\n" + "\n".join("\t".join(one) for one in unlisted)


def test_every_listed_difference_is_still_there() -> None:
    gone = sorted(set(listed()) - disagreements())

    assert not gone, "\n" + "\n".join("\t".join(one) for one in gone)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_is_given_for_some_price(reason: str) -> None:
    assert reason in listed().values()


def test_every_listed_difference_has_a_known_reason() -> None:
    assert set(listed().values()) <= set(REASONS)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_the_documents_count_of_a_reason_is_the_lists(reason: str) -> None:
    count = sum(given == reason for given in listed().values())

    assert f"| `{reason}` | {count} |" in (ROOT / "docs" / "reference" / "catalog-verification.md").read_text("utf-8")
