"""What was granted and ended while the server couldn't be asked, for it to hear of later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelscan.contracts.limiter import Quota
from modelscan_limiter_redis.operations import Report

_BUCKETS: Final = 256
_CALENDAR_WIDTH_S: Final = 60.0


class Bucket:
    """Amounts that lie close together: they age from the last."""

    __slots__ = ("amount", "at", "first")

    def __init__(self, at: float) -> None:
        self.first = self.at = at
        self.amount = 0


class Journal:
    """Dated amounts by quota, so few of each that a long absence fits into memory."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[Quota, list[Bucket]]] = {}

    def add(self, quota: Quota, amount: int, at: float) -> None:
        """So much was taken of a quota, at a moment of the monotonic clock. A gauge forgets what is over."""
        if quota.kind == "gauge" or not amount:
            return
        _, buckets = self._pages.setdefault(quota.key, (quota, []))
        width_s = quota.window_s / _BUCKETS if quota.kind == "rate" else _CALENDAR_WIDTH_S
        if not buckets or not 0 <= at - buckets[-1].first <= width_s:
            if quota.kind == "rate":
                buckets[:] = [bucket for bucket in buckets if bucket.at + quota.window_s >= at]
            buckets.append(Bucket(at))
        buckets[-1].at = max(at, buckets[-1].at)
        buckets[-1].amount += amount

    def reports(self) -> Iterator[Report]:
        """What the server is to hear."""
        for quota, buckets in self._pages.values():
            for bucket in buckets:
                yield Report(quota, bucket.amount, bucket.at)
