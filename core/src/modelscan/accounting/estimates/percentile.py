"""A running 95th percentile in bounded memory and constant time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

_ABOVE: Final = 0.05
_REMEMBERED: Final = 200


class Percentile:
    """The value that 95 of 100 observations don't pass, as one of `edges`, rounded up to the next.

    It starts at `start`, which counts as two observations: one above it is believed at once, and it takes twenty below
    it until it is given up. Of 200 observations half their weight is forgotten, so that it follows a change.
    """

    __slots__ = ("_above", "_at", "_counts", "_edges", "_total", "value")

    value: float

    def __init__(self, edges: Sequence[float], start: float) -> None:
        self._edges = edges
        self._counts = [0] * len(edges)
        self._at = bisect_left(edges, start)
        self._counts[self._at] = self._total = 2
        self._above = 0
        self.value = edges[self._at]

    def add(self, value: float) -> None:
        """Observe a value; what passes the last edge counts as that."""
        counts = self._counts
        bucket = bisect_left(self._edges, value)
        if bucket == len(counts):
            bucket -= 1
        counts[bucket] += 1
        self._total += 1
        if bucket > self._at:
            self._above += 1
        if self._total >= _REMEMBERED:
            self._forget()
        most = self._total * _ABOVE
        if self._above > most or self._above + counts[self._at] <= most:
            self._move(most)

    def _move(self, most: float) -> None:
        counts, at, above = self._counts, self._at, self._above
        while above > most:
            at += 1
            above -= counts[at]
        while above + counts[at] <= most:
            above += counts[at]
            at -= 1
        self._at, self._above, self.value = at, above, self._edges[at]

    def _forget(self) -> None:
        counts = self._counts
        odd = 0
        for bucket, count in enumerate(counts):  # what can't be halved goes on to the next, so that the tail stays
            counts[bucket], odd = divmod(count + odd, 2)
        self._total = sum(counts)
        self._above = sum(counts[self._at + 1 :])
