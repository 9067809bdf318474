"""What a model's replies have taught: how its tokens differ from the starting figures, and how long its answers are."""

from __future__ import annotations

from typing import Final

from modelscan.accounting.estimates.features import TOKENS_EACH, Load
from modelscan.accounting.estimates.percentile import Percentile

_SEEN_LITTLE, _SEEN_ENOUGH = 2.0, 20.0
_LEAST_BELIEVED, _MOST_BELIEVED = 0.25, 10.0
_LEAST, _MOST = 1 / 50, 500.0
_FIRST_MARGIN: Final = 1.35
"""What the first calls of a model reserve above the estimate; after five replies 96 of 100 recorded calls take less."""

# 10% apart from a token to three million; 4% apart from a fifth to five times the estimate.
_LENGTHS: Final = (0, *sorted({round(1_024 * 1.1**step) for step in range(-72, 85)}))
_MARGINS: Final = tuple(_FIRST_MARGIN * 1.04**step for step in range(-48, 34))


class Learned:
    """One model's figures.

    `margins` tell what 95 of 100 calls took at most, in times of their estimate, and `lengths` the tokens of an answer.
    """

    __slots__ = ("_evidence", "calls", "factors", "has_reasoned", "lengths", "margins")

    def __init__(self, first_length: int) -> None:
        self.factors = [1.0] * len(TOKENS_EACH)
        self._evidence = [0.0] * len(TOKENS_EACH)
        self.margins = Percentile(_MARGINS, _FIRST_MARGIN)
        self.lengths = Percentile(_LENGTHS, first_length)
        self.has_reasoned = False
        self.calls = 0

    def tokens(self, load: Load) -> float:
        """The tokens of a request, as many as they are on average."""
        factors = self.factors
        return sum([tokens * factors[feature] for feature, tokens in load])

    def learn(self, load: Load, found: int) -> None:
        """A request of this load had `found` tokens.

        The error is shared out by each feature's part in the estimate; a feature that was seen little moves half the
        way, one that was seen much a twentieth.
        """
        factors, evidence = self.factors, self._evidence
        parts = [tokens * factors[feature] for feature, tokens in load]
        expected = sum(parts)
        if expected <= 0:
            return
        ratio = found / expected
        self.margins.add(ratio)
        if not _LEAST_BELIEVED < ratio < _MOST_BELIEVED:
            ratio = min(max(ratio, _LEAST_BELIEVED), _MOST_BELIEVED)
        error = (ratio - 1) * expected / sum([part * part for part in parts])
        for (feature, _), part in zip(load, parts, strict=True):
            evidence[feature] = seen = evidence[feature] + part / expected
            step = 1 / seen if _SEEN_LITTLE < seen < _SEEN_ENOUGH else _step(seen)
            factor = factors[feature] * (1 + step * part * error)
            factors[feature] = factor if _LEAST < factor < _MOST else min(max(factor, _LEAST), _MOST)


def _step(seen: float) -> float:
    return 1 / min(max(seen, _SEEN_LITTLE), _SEEN_ENOUGH)
