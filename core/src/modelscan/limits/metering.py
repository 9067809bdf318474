"""Meters: which parts of a call count towards a limit, and with what weight, before the call and after it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

import attrs

from modelscan.catalog.answers import Freshness
from modelscan.contracts.limiter import Claim, Quota
from modelscan.types.standing import LimitOrigin
from modelscan.types.usage import REFUSED, Usage

Weights = tuple[tuple[str, int | Fraction], ...]

_SUMS: Final[Mapping[str, Weights]] = {
    "tokens": (("input_tokens", 1), ("output_tokens", 1)),
    "enqueued_tokens": (("input_tokens", 1),),  # what a batch holds of the queue until it is done
}
_BY_CALL: Final = frozenset({"requests", "concurrent", "sessions"})
_COUNTED: Final = frozenset(Usage.__struct_fields__) - {"other", "is_reported"}


def weights_of(unit: str, counts: Mapping[str, Decimal | int]) -> Weights:
    """What counts towards a limit of a unit: what the limit says, else what the unit means by itself."""
    if counts:
        return tuple((name, _exact(weight)) for name, weight in counts.items())
    return _SUMS.get(unit, ((unit, 1),))


@attrs.frozen(kw_only=True)
class Metered:
    """A quota and its meter.

    `is_strict` reserves what a call could use at most, instead of what it may be expected to. `counts_asked`: the
    vendor counts the `max_output_tokens` that a call asks for as it comes in, and what it used only where that is more.
    `models` are those that share it; empty for all.
    """

    quota: Quota
    weights: Weights
    is_strict: bool = False
    counts_asked: bool = False
    origin: LimitOrigin = "given"
    models: str = ""
    freshness: Freshness | None = None
    claim: Claim | None = attrs.field(init=False)
    _counts_all_tokens: bool = attrs.field(init=False)

    @claim.default
    def _of_each_call(self) -> Claim | None:
        """What every call claims, where that is always the same."""
        return Claim(self.quota, 1) if self.quota.unit in _BY_CALL else None

    @_counts_all_tokens.default
    def _is_of_tokens(self) -> bool:
        return self.weights == _SUMS["tokens"] and not (self.is_strict or self.counts_asked)

    @property
    def is_each_call(self) -> bool:
        """Whether it counts calls, whatever they use."""
        return self.claim is not None

    @property
    def needs_bounds(self) -> bool:
        """Whether a reservation asks for the most that a call may use."""
        return (self.is_strict or self.counts_asked) and not self.is_each_call

    def reservation(self, estimates: Mapping[str, int], bounds: Mapping[str, int | None]) -> int | None:
        """What a call takes of the quota before it is sent; None where a strict one would need a bound, and none is.

        That an answer of the expected length would be too much alone is no reason to refuse the call: it takes all.
        """
        if self.claim is not None:
            return 1
        if self.is_strict:
            return _strict(self.weights, bounds)
        if self.counts_asked and bounds.get("output_tokens") is not None:
            estimates = {**estimates, "output_tokens": bounds["output_tokens"] or 0}
        get = estimates.get
        total: int | Fraction = 0
        for unit, weight in self.weights:
            total += get(unit, 0) * weight
        amount = _up(total)
        if amount > self.quota.amount and not self.counts_asked:
            answer = sum(get(unit, 0) * weight for unit, weight in self.weights if unit == "output_tokens")
            return self.quota.amount if total - answer <= self.quota.amount else amount
        return max(0, amount)

    def worth(self, usage: Usage, reserved: int) -> int:
        """What a call took of the quota after all."""
        if self.claim is not None:
            return 1
        if self._counts_all_tokens:
            return usage.input_tokens + usage.output_tokens
        total: int | Fraction = 0
        for unit, weight in self.weights:
            used = getattr(usage, unit) if unit in _COUNTED else usage.other.get(unit, 0)
            total += weight * (used if type(used) is int else Fraction(used))
        worth = max(0, _up(total))
        if usage is REFUSED:  # a request, and nothing of what it asked for
            return worth
        if worth < reserved and (self.counts_asked or not self._is_counted(usage)):
            return reserved
        return worth

    def _is_counted(self, usage: Usage) -> bool:
        """Whether a usage says anything of this unit: what providers don't report is worth what was reserved."""
        return usage.requests > 0 or any(unit in _COUNTED or unit in usage.other for unit, _ in self.weights)


def _strict(weights: Weights, bounds: Mapping[str, int | None]) -> int | None:
    total: int | Fraction = 0
    for unit, weight in weights:
        if weight < 0:  # what may lower the count may also not come
            continue
        bound = bounds.get(unit)
        if bound is None:
            return None
        total += bound * weight
    return _up(total)


def _up(number: int | Fraction) -> int:
    return number if type(number) is int else -((-number.numerator) // number.denominator)


def _exact(weight: Decimal | int) -> int | Fraction:
    exact = Fraction(weight)
    return exact.numerator if exact.denominator == 1 else exact
