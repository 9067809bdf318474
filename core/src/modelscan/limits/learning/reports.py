"""What one response says of one limit."""

from __future__ import annotations

from typing import Literal

import msgspec

from modelscan.types.limits import LimitKind

Period = Literal["day", "week", "month"]
"""The calendar periods that responses tell of."""


class LimitReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit as a response tells it: a snapshot that doesn't know the calls under way.

    `unit` is a word of usage (`requests`, `tokens`, `input_tokens`, `images`) or `concurrent`. A `rate` has `window_s`
    and a `calendar` quota `period` and `zone`, where they are known: without them nothing can be counted, and the
    report is good for `pause_s` alone. `limit` is how much there is, `remaining` what is left of it (never more than
    `limit`), `reset_s` in how many seconds some or all of it is back; each is None where it isn't told. `scope` are the
    words of `modelscan.catalog.format.Scope` within which it counts, and `tier` the tier of service that it holds for,
    where that isn't every call. `name` is what the vendor calls it.
    """

    unit: str
    kind: LimitKind = "rate"
    window_s: float | None = None
    period: Period | None = None
    zone: str = "UTC"
    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None
    scope: tuple[str, ...] = ("model",)
    tier: str = ""
    name: str = ""

    @property
    def used(self) -> int | None:
        """What is taken of the limit; None where that isn't told."""
        return None if self.limit is None or self.remaining is None else self.limit - self.remaining

    @property
    def is_countable(self) -> bool:
        """Whether it says enough to hold a quota of: an amount, and in what time."""
        if self.limit is None:
            return False
        return self.kind == "gauge" or (self.window_s if self.kind == "rate" else self.period) is not None

    @property
    def pause_s(self) -> float | None:
        """Seconds for which nothing may be sent: nothing is left, and there is no quota to hold that by.

        None while anything is left, where nobody says when it is back, and for a tier of service.
        """
        return self.reset_s if self.remaining == 0 and not self.is_countable and not self.tier else None
