"""This process's share of each limit while the server can't be asked."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from math import inf

from modelscan.contracts.limiter import Quota
from modelscan_limiter_redis.domains import Domain, Seen
from modelscan_limiter_redis.leases import RedisLease
from modelscan_limiter_redis.operations import period_us


class Shares:
    """One part in n of each limit, n being how many processes the server had heard of.

    What was taken before the loss stays taken: of that, this process counts its own leases in full, and the n-th part
    of the rest.
    """

    def __init__(self, domains: Collection[Domain], server_time_s: Callable[[], float]) -> None:
        self._server_time_s = server_time_s
        self._lost_at = time.monotonic()
        self._processes = {domain.account: domain.processes for domain in domains}
        self._seen: dict[str, Seen] = {key: seen for domain in domains for key, seen in domain.seen.items()}
        self._new: dict[str, Quota] = {}
        self._open: defaultdict[str, int] = defaultdict(int)
        self._held: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        leases = {lease.number: lease for domain in domains for lease in domain.leases.values()}
        for lease in leases.values():
            if lease.state not in ("reserved", "sent", "arrived"):
                continue  # over, though the server doesn't know: part of the rest
            for claim in lease.claims:
                self._open[claim.quota.key] += claim.amount
        for key, seen in self._seen.items():
            others = seen.used - self._open.get(key, 0)
            if seen.quota.kind != "gauge" and others > 0:
                self._hold(seen.quota, -(-others // self._among(seen.quota)), self._lost_at)

    def all(self) -> Iterator[tuple[Quota, int]]:
        """Each limit that is shared with others, and the whole share of it."""
        for quota in (*(seen.quota for seen in self._seen.values()), *self._new.values()):
            if quota.blocks and self._among(quota) > 1:
                yield quota, quota.amount // self._among(quota)

    def of(self, quota: Quota) -> tuple[int, int]:
        """The whole share, and what of it isn't taken by what was granted before the loss."""
        if quota.key not in self._seen:
            self._new[quota.key] = quota
        whole = quota.amount // self._among(quota)
        return whole, max(0, whole - self.known(quota))

    def known(self, quota: Quota) -> int:
        """How much of the share is taken by what was granted before the loss."""
        now = time.monotonic()
        held = self._held.get(quota.key)
        if held:
            held[:] = [(until, amount) for until, amount in held if until >= now]
        return self._open.get(quota.key, 0) + sum(amount for _, amount in held or ())

    def has_ended(self, lease: RedisLease, worth: Sequence[int], at: float) -> None:
        """A lease from before the loss is over: it was worth this much, and its head came at that moment."""
        for claim, amount in zip(lease.claims, worth, strict=True):
            quota = claim.quota
            self._open[quota.key] = max(0, self._open[quota.key] - claim.amount)
            if quota.kind != "gauge" and amount:
                self._hold(quota, amount, at)

    def _hold(self, quota: Quota, amount: int, since: float) -> None:
        until = since + quota.window_s
        if quota.kind == "calendar":
            time_s = self._server_time_s()
            ends_us = period_us(quota, time_s)[1]
            until = time.monotonic() + ends_us / 1e6 - time_s if ends_us else inf
        self._held[quota.key].append((until, amount))

    def _among(self, quota: Quota) -> int:
        return max(1, self._processes.get(quota.account, 1))
