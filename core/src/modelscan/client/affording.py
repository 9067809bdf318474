"""Affording: whether a hard budget pays for a call at its worst, and for how long an answer it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from modelscan.accounting.budgets import BudgetBook, Drawn, affordable
from modelscan.accounting.estimates.bounding import bound_of
from modelscan.accounting.exact import nano_within, of_nano
from modelscan.client.endpoints import Endpoint
from modelscan.client.knowledge import EndpointTerms
from modelscan.client.pricing import Priced
from modelscan.contracts.limiter import Limiter
from modelscan.contracts.policies import Call
from modelscan.errors import BudgetExceededError
from modelscan.types.chat import ChatRequest
from modelscan.types.usage import Usage

_UNKNOWN_MOST: Final = 4096
"""The longest answer that is asked for where nobody knows what the model's longest is."""
_WORTHWHILE: Final = 16
_MANY_TIMES: Final = 64
_LOOKED_AT_EACH: Final = 16

Bounds = Mapping[str, int | None]


class Afforded(msgspec.Struct, frozen=True, eq=False):
    """A request that may be sent, the most it can use and cost, and what was changed for the budgets' sake.

    `most` and `expected` are in billionths of the budgets' currency; `most` is None where no hard budget asked.
    """

    request: Any
    bounds: Bounds
    most: int | None = None
    expected: int = 0
    note: str = ""
    is_at_ease: bool = False

    def reserved(self, drawn: Drawn) -> int:
        """What a budget has to set aside: the most of a hard one, what is expected of a soft one."""
        return self.most if drawn.budget.hard and self.most is not None else self.expected


class Affording:
    """Bounds the cost of calls, by what is left of the budgets."""

    def __init__(self, limiter: Limiter, book: BudgetBook) -> None:
        self._limiter = limiter
        self._book = book

    def bounds(self, endpoint: Endpoint, asked: Any, terms: EndpointTerms) -> Bounds:
        """The most that a request can use of each unit; the length of an answer stays open where nobody bounds it."""
        return bound_of(endpoint.provider, asked, endpoint.target, max_input_tokens=terms.most_input)

    async def at_ease(
        self, call: Call, asked: Any, terms: EndpointTerms, drawn: Sequence[Drawn], at: datetime
    ) -> Afforded | None:
        """The request as it is, where every budget affords the model's dearest call many times over.

        Then what this one costs at most need not be worked out: the dearest is set aside. None where it must be.
        """
        if terms.most_input is None or terms.most_output is None or not _is_plain(asked):
            return None
        priced = terms.priced(call, asked)
        if priced is None:
            return None
        dearest = priced.dearest(terms.most_input, terms.most_output, at)
        if priced.looks and priced.looked_at is drawn:  # a few dearest calls can't have used up many
            priced.looks -= 1
            return Afforded(asked, {}, dearest, is_at_ease=True)
        if not dearest or not drawn or any(True for _ in self._book.per_call(call.context)):
            return None
        for each, told in zip(drawn, await self._limiter.standing([each.quota for each in drawn]), strict=True):
            if not each.budget.hard or each.quota.amount - told.used < dearest * _MANY_TIMES:
                return None
        priced.looks, priced.looked_at = _LOOKED_AT_EACH, drawn
        return Afforded(asked, {}, dearest, is_at_ease=True)

    async def afforded(
        self,
        endpoint: Endpoint,
        call: Call,
        asked: Any,
        terms: EndpointTerms,
        estimates: Mapping[str, int],
        bounds: Bounds,
        drawn: Sequence[Drawn],
    ) -> Afforded:
        """The request as the budgets afford it.

        Raises `BudgetExceededError` where none is affordable, and where it can't be known what one costs at most.
        """
        now = datetime.now(UTC)
        priced = terms.priced(call, asked)
        hard = [each for each in drawn if each.budget.hard]
        each_call = [budget for budget in self._book.per_call(call.context) if budget.hard]
        is_soft = len(hard) < len(drawn)
        expected = _expected_nano(priced, estimates, now) if is_soft else 0
        if not hard and not each_call:
            return Afforded(asked, bounds, expected=expected)
        cost = _Cost(endpoint, priced, now)
        is_open = bounds.get("output_tokens", 0) is None and isinstance(asked, ChatRequest)
        if not is_open:
            most = cost.of(bounds)
            self._check_each(endpoint, most, each_call)
            return Afforded(asked, bounds, most, expected)
        answer = _Answer(asked, terms.most_output or _UNKNOWN_MOST)
        capped = self.bounds(endpoint, answer.of(answer.longest), terms)
        answer.learn(cost.known(capped))

        def at(tokens: int) -> int:
            return cost.of(answer.bounds(tokens))

        standings = await self._limiter.standing([each.quota for each in hard]) if hard else ()
        caps = [nano_within(budget.amount) for budget in each_call]
        free = min([each.quota.amount - told.used for each, told in zip(hard, standings, strict=True)] + caps)
        tokens = affordable(free, at, answer.longest)
        rest = [each.quota.amount - told.used + told.open for each, told in zip(hard, standings, strict=True)] + caps
        if tokens < min(answer.longest, max(_WORTHWHILE, estimates.get("output_tokens", 0) // answer.choices)):
            tokens = affordable(min(rest), at, answer.longest)  # once the calls under way are over
        if tokens < 1:
            raise _too_dear(endpoint, at(1), min(rest))
        fitted, most = answer.bounds(tokens), at(tokens)
        if tokens == terms.most_output:
            return Afforded(asked, fitted, most, expected)
        note = f"max_output_tokens was set to {tokens}, which is what the budget affords"
        return Afforded(answer.of(tokens), fitted, most, expected, note)

    def _check_each(self, endpoint: Endpoint, most: int, each_call: Sequence[Any]) -> None:
        for budget in each_call:
            if most > nano_within(budget.amount):
                raise _too_dear(endpoint, most, nano_within(budget.amount))


def _is_plain(asked: Any) -> bool:
    """Whether a request is a chat that reads and writes no more than the model's longest prompt and one longest answer.

    A vendor's tools read and write as often as they like.
    """
    return type(asked) is ChatRequest and not (asked.tools or asked.extra or (asked.choices or 1) > 1)


class _Answer:
    """The answer to a chat that doesn't say how long it may be, by a length that it is given.

    A vendor may bill a little more than the cap, and there may be several answers: the provider's meter, asked about
    the longest, says so.
    """

    def __init__(self, asked: ChatRequest, longest: int) -> None:
        self._asked = asked
        self.longest = longest
        self.choices = asked.choices or 1
        self._bounds: Bounds = {}
        self._beyond = 0

    def of(self, tokens: int) -> ChatRequest:
        """The request, with its answer capped."""
        return msgspec.structs.replace(self._asked, max_output_tokens=tokens)

    def learn(self, capped: Bounds) -> None:
        """What the meter says of the longest answer."""
        self._bounds = capped
        self._beyond = (capped["output_tokens"] or 0) - self.longest * self.choices

    def bounds(self, tokens: int) -> Bounds:
        """The most that the request can use with its answer capped."""
        return {**self._bounds, "output_tokens": tokens * self.choices + self._beyond}


class _Cost:
    """What a call costs at most."""

    def __init__(self, endpoint: Endpoint, priced: Priced | None, at: datetime) -> None:
        self._endpoint = endpoint
        self._priced = priced
        self._at = at

    def known(self, bounds: Bounds) -> Bounds:
        """The bounds, where a cost follows from them. Raises `BudgetExceededError` where none does."""
        if bounds.get("output_tokens") is None:
            raise _unknown(self._endpoint, "nothing that is asked for bounds its output_tokens")
        self.of(bounds)
        return bounds

    def of(self, bounds: Bounds) -> int:
        if self._priced is None:
            raise _unknown(self._endpoint, "no price is known for the model")
        most = self._priced.most
        found = most.nano(bounds, self._at)
        if found is None:
            raise _unknown(self._endpoint, most.cost(bounds, self._at).note)
        return found


def _expected_nano(priced: Priced | None, estimates: Mapping[str, int], at: datetime) -> int:
    if priced is None:
        return 0
    return priced.charged.nano_cost(usage_of(estimates), at) or 0


def usage_of(amounts: Mapping[str, int]) -> Usage:
    """Estimated or bounded amounts, as if they had been used."""
    known: Any = {unit: amount for unit, amount in amounts.items() if unit in _COUNTED}
    return Usage(**known, seconds=Decimal(amounts.get("seconds", 0)))


_COUNTED: Final = frozenset(Usage.__struct_fields__) - {"other", "is_reported", "seconds", "credits"}


def _unknown(endpoint: Endpoint, why: str) -> BudgetExceededError:
    return BudgetExceededError(
        f"a hard budget can't hold for this call: {why}",
        provider=endpoint.candidate.provider,
        model=endpoint.target.model,
        advice="Give the model a price (prices={...}) and the call max_output_tokens, or make the budget a soft one "
        "(hard=False).",
    )


def _too_dear(endpoint: Endpoint, most: int, left: int) -> BudgetExceededError:
    return BudgetExceededError(
        f"the call could cost {of_nano(most):f}, and {of_nano(max(0, left)):f} of its budget is left",
        provider=endpoint.candidate.provider,
        model=endpoint.target.model,
    )
