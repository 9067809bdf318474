"""What the catalog costs a call: limits and prices from memory beside a dict, and from the file beside one apsw query.

The file holds 57 providers and 10,000 models. The query beside reads the same rows of the same file, on a connection
that is open already and whose statement is prepared, and does nothing with them. The runs alternate; a ratio is the
median of the rounds' ratios.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import apsw

from modelscan.catalog import Catalog
from modelscan.catalog.connection import opened
from modelscan.catalog.format import Catalog as File
from modelscan.catalog.format import Model, Plan, Prices, PublishedLimit, Source
from modelscan.catalog.updating import put_provider, told_of, update_provider

PROVIDERS = 57
MODELS = 10_000
ROUNDS = 15
LOOKUPS = 2_000
MOST_FROM_MEMORY = 20
MOST_FROM_THE_FILE = 3


class Row(NamedTuple):
    """One line: nanoseconds for one of ours and one of what stands beside it, and the ratio."""

    name: str
    ours_ns: float
    beside_ns: float
    ratio: float
    gate: int


def provider(number: int) -> File:
    """The data of one provider: five plans with a rate of requests and one of tokens for each of three groups."""
    rates = (("requests", 500), ("tokens", 200_000))
    groups: tuple[tuple[str, ...], ...] = ((), ("large-*",), ("small-1", "small-2"))
    limits = tuple(
        PublishedLimit(kind="rate", unit=unit, amount=Decimal(amount), window_s=Decimal(60), models=group, source="web")
        for group in groups
        for unit, amount in rates
    )
    standard = {"input_tokens": Decimal("0.30"), "cached_tokens": Decimal("0.03"), "output_tokens": Decimal("1.20")}
    batch = {"input_tokens": Decimal("0.15"), "output_tokens": Decimal("0.60")}
    prices = (
        Prices(per=1_000_000, units=standard, source="web"),
        Prices(per=1_000_000, units=batch, tier="batch", source="web"),
    )
    count = MODELS // PROVIDERS + (number < MODELS % PROVIDERS)
    return File(
        format=1,
        provider=f"vendor-{number}",
        sources=(Source(id="web", url="https://vendor.example", verified="2999-01-01"),),
        plans=tuple(Plan(id=f"tier-{tier}", is_default=tier == 1, limits=limits) for tier in range(1, 6)),
        models=tuple(Model(id=f"large-{at}", prices=prices, source="web") for at in range(count)),
    )


def fill(path: Path) -> None:
    """Write all providers to the file."""
    connection = opened(path)
    connection.execute("BEGIN IMMEDIATE")
    for number in range(PROVIDERS):
        data = provider(number)
        update_provider(connection, data, "2026-01-01T00:00:00Z")
        put_provider(connection, data.provider, told_of(data), "2026-01-01T00:00:00Z")
    connection.execute("COMMIT")
    connection.close()


def nanoseconds(lookup: Callable[[str], object], names: Iterable[str]) -> float:
    """For one lookup, of as many as there are names."""
    started, count = time.perf_counter_ns(), 0
    for name in names:
        lookup(name)
        count += 1
    return (time.perf_counter_ns() - started) / count


def beside(name: str, ours: Callable[[str], object], other: Callable[[str], object], gate: int) -> Row:
    """Both measured in alternating rounds, over names that are drawn anew."""
    pairs = []
    for seed in range(ROUNDS):
        names = drawn(seed)
        pairs.append((nanoseconds(ours, names), nanoseconds(other, names)))
    ratio = statistics.median(one / two for one, two in pairs)
    ours_ns, beside_ns = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Row(name, ours_ns, beside_ns, ratio, gate)


def drawn(seed: int) -> list[str]:
    """Names of models, at random."""
    draw = random.Random(seed)
    return [f"vendor-{draw.randrange(PROVIDERS)}/large-{draw.randrange(MODELS // PROVIDERS)}" for _ in range(LOOKUPS)]


def from_memory(catalog: Catalog) -> list[Row]:
    """Lookups of what was asked before."""
    table = {name: name for seed in range(ROUNDS) for name in drawn(seed)}
    vendors = {name: name.partition("/")[0] for name in table}

    def limits(name: str) -> object:
        return catalog.limits(vendors[name], plan="tier-3", model="large-1")

    for name in table:
        catalog.price(name)
        limits(name)
    return [
        beside("limits from memory", limits, table.__getitem__, MOST_FROM_MEMORY),
        beside("price from memory", catalog.price, table.__getitem__, MOST_FROM_MEMORY),
    ]


def from_the_file(catalog: Catalog, path: Path) -> list[Row]:
    """Lookups of what isn't in memory."""
    connection = apsw.Connection(str(path))

    def limits(name: str) -> object:
        catalog._memory.limits.clear()
        return catalog.limits(name.partition("/")[0], plan="tier-3", model="large-1")

    def price(name: str) -> object:
        catalog._memory.prices.clear()
        return catalog.price(name)

    def rows_of_limits(name: str) -> object:
        query = "SELECT * FROM rate_limits WHERE provider = ? AND plan = ?"
        return connection.execute(query, (name.partition("/")[0], "tier-3")).fetchall()

    def rows_of_prices(name: str) -> object:
        query = "SELECT * FROM provider_pricing WHERE provider = ? AND model = ?"
        return connection.execute(query, name.split("/")).fetchall()

    return [
        beside("limits from the file", limits, rows_of_limits, MOST_FROM_THE_FILE),
        beside("price from the file", price, rows_of_prices, MOST_FROM_THE_FILE),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalog.db")
        fill(path)
        catalog = Catalog(path)
        counts = catalog.counts()
        rows = [*from_memory(catalog), *from_the_file(catalog, path)]
        catalog.close()
    lines = [f"{counts['providers']} providers, {counts['models']} models, {sum(counts.values())} rows in all", ""]
    lines.append(f"{'':22} {'ns':>8} {'beside':>8} {'ratio':>7} {'gate':>5}")
    lines += [f"{row.name:22} {row.ours_ns:8.0f} {row.beside_ns:8.0f} {row.ratio:7.1f} {row.gate:5}" for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
