"""Tickets: what one attempt claims of limits and budgets, and what becomes of it in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from modelscan.accounting.budgets import Allotment, Drawn
from modelscan.accounting.costs import nano
from modelscan.accounting.estimates import Estimate
from modelscan.accounting.estimates.cut import charge_of_cut
from modelscan.client.affording import usage_of
from modelscan.client.endpoints import Endpoint
from modelscan.client.knowledge import EndpointTerms
from modelscan.client.pricing import Priced
from modelscan.contracts.limiter import Claim
from modelscan.contracts.policies import Call
from modelscan.errors import ConfigurationError
from modelscan.types.chat import ChatReply
from modelscan.types.money import Certainty, Cost
from modelscan.types.usage import REFUSED, Usage

UNPRICED = Cost(note="no price is known for this model")
_FREE = Cost(note="nothing was carried out")


class FreeTicket:
    """The ticket of a request that takes no limits and costs nothing of its own."""

    cost = UNPRICED
    claims: tuple[Claim, ...] = ()

    def again(self) -> FreeTicket:
        return self

    def settled(self, usage: Usage) -> Sequence[int]:
        return ()

    def forfeited(self, certainty: Certainty) -> None:
        return None

    def cut(self, arrived: ChatReply[None]) -> Sequence[int] | None:
        return None

    def released(self) -> None:
        return None


class AttemptTicket(msgspec.Struct, eq=False, kw_only=True):
    """One attempt's claims: those of its limits first, then those of the budgets it draws on.

    `request` is what is to be sent: its `max_output_tokens` may have been set to what the budgets afford (`note` says
    so). `around` are the budgets that an allotment was taken from: what is spent of it was spent of them.
    """

    endpoint: Endpoint
    call: Call
    terms: EndpointTerms
    priced: Priced | None
    request: Any
    estimates: Estimate | None
    bounds: Mapping[str, int | None]
    claims: tuple[Claim, ...]
    drawn: tuple[Drawn, ...] = ()
    around: tuple[Drawn, ...] = ()
    allotment: Allotment | None = None
    note: str = ""
    is_fitted: bool = False
    record: Callable[[AttemptTicket, Usage | None], None]
    find_estimates: Callable[[], Estimate]
    find_bounds: Callable[[], Mapping[str, int | None]]
    at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    cost: Cost = _FREE

    def settled(self, usage: Usage) -> Sequence[int]:
        """The worth of each claim; the cost is worked out and written down."""
        return self._ended(usage, "measured")

    def cut(self, arrived: ChatReply[None]) -> Sequence[int] | None:
        """The worth of each claim of a stream that was broken off; None where it is charged at what was reserved."""
        rule = self.endpoint.provider.cut_stream
        usage, certainty = charge_of_cut(
            rule, self.estimates or self.find_estimates(), arrived, self.bounds or self.find_bounds()
        )
        if rule == "arrived" and certainty == "estimated":
            return self._ended(usage, certainty)
        self.cost = self._cost(usage, certainty)
        self._draw(None)
        self.record(self, usage)
        return None

    def forfeited(self, certainty: Certainty) -> None:
        """What was reserved is charged: the bound where one is known, what was expected where none is.

        Of a hard budget the bound was, also where only the provider's report of a whole answer is missing.
        """
        usage = usage_of(self.estimates or self.find_estimates())
        self.cost = self._cost(usage, "estimated")
        if certainty == "bound" or any(drawn.budget.hard for drawn in self.drawn):
            bounds = self.bounds or self.find_bounds()
            most = None if self.priced is None else self.priced.most.cost(bounds, self.at)
            if most is not None and most.total is not None:
                self.cost = with_note(most, self.note)
                usage = usage_of({unit: bound for unit, bound in bounds.items() if bound is not None})
        self._draw(None)
        self.record(self, usage)

    def again(self) -> AttemptTicket:
        """The same claims for one more attempt."""
        if self.allotment is not None:
            self.allotment.open += self._reserved()
        return msgspec.structs.replace(self, at=datetime.now(UTC), cost=_FREE)

    def _reserved(self) -> int:
        key = self.drawn[0].quota.key
        return next((claim.amount for claim in self.claims if claim.quota.key == key), 0)

    def released(self) -> None:
        """Nothing was used."""
        self._draw(0)

    def _ended(self, usage: Usage, certainty: Certainty) -> Sequence[int]:
        spent = 0
        if usage is not REFUSED:
            self.cost = self._cost(usage, certainty)
            spent = self._charged(usage)
            self.record(self, usage)
        self._draw(spent)
        by_key = self.terms.by_key
        amounts = []
        for claim in self.claims:
            quota = claim.quota
            metered = by_key.get(quota.key)
            if metered is not None:
                amounts.append(metered.worth(usage, claim.amount))
            else:
                amounts.append(spent if quota.is_money else claim.amount)
        return amounts

    def _charged(self, usage: Usage) -> int:
        """What the budgets are charged, in billionths of their currency."""
        if not self.drawn or self.priced is None:
            return 0
        total = self.cost.total
        if total is not None and total.currency == self.drawn[0].quota.unit:
            return nano(self.cost) or 0
        return self.priced.charged.nano_cost(usage, self.at) or 0

    def _cost(self, usage: Usage, certainty: Certainty) -> Cost:
        if self.priced is None:
            return UNPRICED
        try:
            return with_note(self.priced.prices.cost(usage, self.at, certainty), self.note)
        except ConfigurationError as error:  # no exchange rate: the reply is here all the same
            return Cost(certainty=certainty, note=error.message)

    def _draw(self, spent: int | None) -> None:
        if self.allotment is not None and self.drawn:
            reserved = self._reserved()
            self.allotment.open -= reserved
            self.allotment.spent += reserved if spent is None else spent


def with_note(cost: Cost, note: str) -> Cost:
    """The cost with a note more."""
    if not note:
        return cost
    return Cost(cost.total, cost.lines, cost.certainty, "; ".join(filter(None, (cost.note, note))))
