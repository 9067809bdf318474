"""What calls cost: price times usage, the most that a call can cost, and the ledger of all that was spent.

Its names are imported when they are first used: a program that asks for no price reads no price list.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelscan.accounting.bounds import PreparedBounds as PreparedBounds
    from modelscan.accounting.bounds import bound_cost as bound_cost
    from modelscan.accounting.costs import PreparedPrices as PreparedPrices
    from modelscan.accounting.costs import cost_of as cost_of
    from modelscan.accounting.costs import nano as nano
    from modelscan.accounting.rates import ExchangeRate as ExchangeRate
    from modelscan.accounting.rates import converted as converted
    from modelscan.accounting.tariff import Terms as Terms

_HOMES = {
    "ExchangeRate": "rates",
    "PreparedBounds": "bounds",
    "PreparedPrices": "costs",
    "Terms": "tariff",
    "bound_cost": "bounds",
    "converted": "rates",
    "cost_of": "costs",
    "nano": "costs",
}


def __getattr__(name: str) -> Any:  # a module's names are of any type
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
