"""What a client tells of calls to come: what one would take, and how its limits stand."""

from __future__ import annotations

from typing import Literal

import msgspec

from modelscan.types.limits import LimitKind
from modelscan.types.money import Cost

LimitOrigin = Literal["given", "catalog", "learned", "budget"]


class CallEstimate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a call will probably take; nothing was sent.

    `amounts` are by unit (`input_tokens`, `output_tokens`, `requests`, ...): 95 of 100 calls take no more. `cost` is
    what they cost, and `most` what the call costs at most, each without a total where that isn't known (its note says
    why). `wait_s` is how long limits would hold it back as things stand; `inf` where a limit or budget refuses it.
    """

    provider: str
    model: str
    account: str
    amounts: dict[str, int]
    cost: Cost
    most: Cost
    wait_s: float

    @property
    def input_tokens(self) -> int:
        """The prompt, with its tools."""
        return self.amounts.get("input_tokens", 0)

    @property
    def output_tokens(self) -> int:
        """The answer."""
        return self.amounts.get("output_tokens", 0)


class LimitStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one limit stands. Amounts are in `unit`; of a budget, whose unit is its currency, in billionths of it.

    `limit` says it in words (`500 requests a minute`), `models` which models share it (empty: all). `reset_s` is when
    something of it comes back; None where that hangs on calls under way. `origin` says who told of it; of the catalog's
    `verified` is the day on which somebody last read it at `source`, and `trust` how far to believe it.
    """

    account: str
    limit: str
    unit: str
    kind: LimitKind
    amount: int
    used: int
    reset_s: float | None = None
    waiting: int = 0
    models: str = ""
    plan: str = ""
    origin: LimitOrigin = "given"
    verified: str = ""
    trust: str = ""
    source: str = ""
    is_stale: bool = False

    @property
    def left(self) -> int:
        """What may still be taken; 0 for debt."""
        return max(0, self.amount - self.used)
