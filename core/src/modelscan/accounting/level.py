"""The rates of one call: which of its units each is charged for, and what is left without a price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from modelscan.accounting.exact import NANO
from modelscan.accounting.rate import Rate
from modelscan.accounting.units import (
    FREE,
    MEASURES,
    SIDES,
    TOTAL,
    WHOLE_OF,
    Counts,
    Quantity,
    line_of_wholes,
    root_of,
)

_NOT_WHOLE: Final = frozenset({"seconds", "credits"})  # counted in Decimal


@attrs.frozen
class Charge:
    """A rate, and the parts of its unit that have rates of their own."""

    rate: Rate
    minus: tuple[str, ...]

    def used(self, counts: Counts) -> Quantity:
        """How much of the unit this rate is for. Below zero where parts overlap."""
        left = counts.get(self.rate.unit, 0)
        for part in self.minus:
            left -= counts.get(part, 0)
        return left


@attrs.frozen
class Level:
    """The rates that hold together for a call, at one step of its size.

    `listed` are all units that the price list has a price for now, on whatever terms; `settled` are those that need no
    further price. `weights` are the same rates as whole numbers of the currency's
    `divisor`th billionths, for counts that are whole numbers; None where a rate isn't a plain product.
    """

    charges: tuple[Charge, ...]
    priced: frozenset[str]
    listed: frozenset[str]
    settled: frozenset[str]
    currencies: tuple[str, ...]
    weights: tuple[tuple[str, tuple[str, ...], int], ...] | None
    divisor: int


def level_of(rates: Mapping[str, Rate], listed: frozenset[str]) -> Level:
    """The rates by their units, each charged for what its parts with rates of their own leave of it."""
    charges = tuple(Charge(rate, _parts_of(unit, rates)) for unit, rate in rates.items())
    settled = {unit for unit in WHOLE_OF if any(each in rates for each in line_of_wholes(unit))}
    places = max((rate.places or 0 for rate in rates.values()), default=0)
    weights = None
    if all(rate.is_plain and rate.places is not None and rate.unit not in _NOT_WHOLE for rate in rates.values()):
        scale = 10 ** max(places, NANO)
        weights = tuple((each.rate.unit, each.minus, int(each.rate.exact * scale)) for each in charges)
    return Level(
        charges=charges,
        priced=frozenset(rates),
        listed=listed,
        settled=frozenset({*settled, *rates, TOTAL, *({FREE} - listed)}),
        currencies=tuple(dict.fromkeys(rate.currency for rate in rates.values())),
        weights=weights,
        divisor=10 ** (max(places, NANO) - NANO),
    )


def unpriced(level: Level, counts: Counts, strays: Iterable[str]) -> list[str]:
    """Of units that have no price and no whole with one, those that leave the cost unknown.

    One measure of a call's work may go without a price where another has one: the seconds of a speech that is charged
    by its characters, the tokens of a transcription that is charged by the second. Not where it has one on other terms
    than the call's (another resolution, another tier).
    """
    return sorted(unit for unit in strays if counts[unit] and _is_missing(level, counts, unit))


def _is_missing(level: Level, counts: Counts, unit: str) -> bool:
    root = root_of(unit)
    if root != unit:
        return root not in counts
    if unit in MEASURES and unit not in level.listed:
        return not any(each in counts and _is_measure(each) for each in level.priced)
    if unit not in SIDES:
        return True
    parts = [part for part in level.priced if unit in line_of_wholes(part)]
    outermost = [part for part in parts if not any(whole in parts for whole in line_of_wholes(part)[1:])]
    if counts[unit] <= sum(counts.get(part, 0) for part in outermost):
        return False
    is_by_token = any(root_of(each) in SIDES for each in level.priced)
    return is_by_token or not any(each in counts and each in MEASURES for each in level.priced)


def _is_measure(unit: str) -> bool:
    return unit in MEASURES or unit == TOTAL or root_of(unit) in SIDES


def groups_of(level: Level) -> dict[str, list[Charge]]:
    """The charges by the largest whole that each is a part of."""
    groups: dict[str, list[Charge]] = {}
    for charge in level.charges:
        root = root_of(charge.rate.unit)
        groups.setdefault(TOTAL if TOTAL in level.priced and root in SIDES else root, []).append(charge)
    return groups


def apart(level: Level, counts: Counts) -> tuple[list[tuple[Rate, Quantity]], bool]:
    """What each rate is for where parts are more than their whole, and whether that is the most that it can be.

    A part that is greater than its whole isn't in it: some vendors count reasoning beside the answer. Where others
    overlap (audio that was read from a cache), nobody says by how much: the dearest counts first, until the whole is
    used up.
    """
    shares: list[tuple[Rate, Quantity]] = []
    is_most = False
    for whole, charges in groups_of(level).items():
        total = counts.get(whole, 0)
        own = {charge.rate: max(charge.used(counts), 0) for charge in charges if charge.rate.unit != whole}
        beside = {rate: used for rate, used in own.items() if used > total}
        inside = {rate: used for rate, used in own.items() if rate not in beside}
        left = total
        for rate in sorted(inside, key=lambda rate: rate.exact, reverse=True):
            shares.append((rate, min(inside[rate], left)))
            is_most = is_most or inside[rate] > left
            left -= min(inside[rate], left)
        shares += [(charge.rate, left) for charge in charges if charge.rate.unit == whole]
        shares += beside.items()
    return shares, is_most


def _parts_of(unit: str, rates: Mapping[str, Rate]) -> tuple[str, ...]:
    """The parts of the unit that have rates, without parts of such parts."""
    return tuple(part for part in rates if next(filter(rates.__contains__, line_of_wholes(part)[1:]), None) == unit)
