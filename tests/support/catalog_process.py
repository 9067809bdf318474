"""A process that writes a catalog, or reads one, until it is killed or its time is up: `catalog_process.py write PATH`.

What is written has a number: one transaction gives a model and all its prices that number, another one a plan and all
its limits. So an answer that holds two numbers was torn, and a number that is missing from the history was lost.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal
from pathlib import Path

from modelscan.catalog import Catalog
from modelscan.catalog.format import Model, Plan, Prices, PublishedLimit
from modelscan.errors import UnknownNameError

ROWS = 12
TIERS = tuple(f"tier-{number}" for number in range(ROWS))


def write(path: Path) -> None:
    """Write number after number, from the one behind the last, and tell each when it is written."""
    catalog = Catalog(path)
    number = number_in(catalog)
    while True:
        number += 1
        prices = tuple(Prices(units={"requests": Decimal(number)}, tier=tier) for tier in TIERS)
        limits = tuple(
            PublishedLimit(kind="gauge", unit="concurrent", amount=Decimal(number), models=(tier,)) for tier in TIERS
        )
        catalog.upsert_model("acme", Model(id="m", prices=prices))
        catalog.upsert_plan("acme", Plan(id="p", limits=limits))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def read(path: Path, seconds: float) -> None:
    """Ask again and again, mostly past the memory; fail for an answer that was torn, or older than one before."""
    catalog = Catalog(path)
    asked, last = 0, (0, 0)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if asked % 4:
            catalog._memory.forget()
        price = {row.units["requests"] for row in catalog.price("acme/m").prices}
        limit = {known.limit.amount for known in catalog.limits("acme", plan="p")}
        plans = {limit.amount for known in catalog.plans("acme") for limit in known.plan.limits}
        assert len(price) == len(limit) == len(plans) == 1, (price, limit, plans)
        found = int(price.pop()), int(limit.pop() or 0)
        assert found[0] >= last[0], (found, last)
        assert found[1] >= last[1], (found, last)
        asked, last = asked + 1, found
    sys.stdout.write(f"{asked}\n")


def number_in(catalog: Catalog) -> int:
    """The number that was written last; 0 before the first."""
    try:
        return max((int(row.units["requests"]) for row in catalog.price("acme/m").prices), default=0)
    except UnknownNameError:
        return 0


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]))
    else:
        read(Path(sys.argv[2]), float(sys.argv[3]))
