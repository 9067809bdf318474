"""The most that calls of one model can cost, in whole billionths, fast enough for every call's path."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from modelscan.accounting.bounds import PreparedBounds
from modelscan.accounting.costs import nano
from modelscan.types.money import Cost

_MILLION: Final = 1_000_000
_PLAIN: Final = frozenset({"requests", "input_tokens", "output_tokens"})


class MostCost:
    """What calls with these prices cost at most.

    Where prices are the same for any number of tokens, a call's cost is worked out from what a million of input and of
    output cost; that is looked up anew by whoever makes this anew. Everything else goes the long way, through
    `PreparedBounds`.
    """

    def __init__(self, prepared: PreparedBounds) -> None:
        self._prepared = prepared
        self._line: tuple[int, int, int] | None = None
        self._is_looked_at = False

    def cost(self, bounds: Mapping[str, int | None], at: datetime) -> Cost:
        """The whole bill; without a total, and with a note, where it isn't known."""
        return self._prepared.bound(bounds, at)

    def nano(self, bounds: Mapping[str, int | None], at: datetime) -> int | None:
        """The total in billionths, rounded up; None where it isn't known."""
        if not self._is_looked_at:
            self._is_looked_at = True
            self._line = self._look(at)
        if self._line is not None and bounds.keys() <= _PLAIN:
            read, written = bounds.get("input_tokens", 0), bounds.get("output_tokens", 0)
            if read is not None and written is not None:
                each, of_input, of_output = self._line
                requests = bounds.get("requests") or 0
                return each * requests - (-(of_input * read + of_output * written) // _MILLION)
        return nano(self.cost(bounds, at))

    def _look(self, at: datetime) -> tuple[int, int, int] | None:
        """What a request, a million of input and a million of output cost; None where that isn't all there is to it."""
        each = self._of(at, requests=1)
        of_input, of_output = self._of(at, input_tokens=_MILLION), self._of(at, output_tokens=_MILLION)
        one, all_ = self._of(at, input_tokens=1, output_tokens=1), self._of(at, requests=1, input_tokens=_MILLION)
        if each is None or of_input is None or of_output is None or one is None or all_ is None:
            return None
        if self._prepared.has_steps or one != -(-(of_input + of_output) // _MILLION) or all_ != each + of_input:
            return None
        return each, of_input, of_output

    def _of(self, at: datetime, **bounds: int) -> int | None:
        return nano(self.cost(bounds, at))
