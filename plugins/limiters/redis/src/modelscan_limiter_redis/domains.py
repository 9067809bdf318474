"""What this process knows of one account's quotas, and the batches in which it asks and tells."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan.contracts.limiter import Claim, Quota
from modelscan_limiter_redis.operations import KEPT_S, Answer, Keep, Observe, Operation, Restore, Step, period_us

if TYPE_CHECKING:
    from modelscan_limiter_redis.leases import RedisLease
    from modelscan_limiter_redis.lines import Line

MOST_OPERATIONS: Final = 256
"""Of one step: the server does nothing else meanwhile."""
_MOST_SEEN: Final = 10_000
_BELIEVED_S: Final = 60.0


class Seen(msgspec.Struct, frozen=True):
    """How much of a quota was taken when the server last said so, at a moment of the monotonic clock.

    `open` is the part whose worth wasn't known yet.
    """

    quota: Quota
    used: int
    open: int
    at: float


class Answers(msgspec.Struct, frozen=True, array_like=True):
    """What the script returns."""

    now_us: int
    name: str
    processes: int
    answers: list[Any]  # one per operation: 0, 1, or a list that the operation alone can read
    used: list[int]
    open: list[int]
    back: list[str]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Answers)


class Domain:
    """One account's quotas: what is still to be told, the leases whose end the server doesn't know, how things stood.

    `name` is what the server calls its state; another name later means that it was lost.
    """

    def __init__(self, account: str, base: bytes) -> None:
        self.account = account
        self.base = base
        self.name = ""
        self.processes = 1
        self._processes_at = 0.0
        self.used_at = time.monotonic()
        self.operations: deque[Operation] = deque()
        self.leases: dict[int, RedisLease] = {}
        self.lines: dict[Line, None] = {}
        self.seen: OrderedDict[str, Seen] = OrderedDict()

    def hear_of(self, processes: int) -> None:
        """So many hold leases. Fewer are believed after a while only: a server may have forgotten them."""
        now = time.monotonic()
        if processes >= self.processes or now > self._processes_at + _BELIEVED_S:
            self.processes, self._processes_at = max(1, processes), now

    def keep_for_later(self) -> None:
        """The server is lost: keep what it is to hear when it is back, and fail what wants an answer now."""
        operations, self.operations = self.operations, deque()
        kept = [operation for operation in operations if operation.lost()]
        self.operations.extendleft(reversed(kept))

    def note(self, quotas: Sequence[Quota], used: Sequence[int], under_way: Sequence[int]) -> None:
        """The server has said how its quotas stand."""
        now = time.monotonic()
        for quota, amount, part in zip(quotas, used, under_way, strict=True):
            self.seen[quota.key] = Seen(quota, amount, part, now)
        while len(self.seen) > _MOST_SEEN:
            self.seen.popitem(last=False)

    def restoring(self) -> list[Operation]:
        """What a server that lost its memory has to be told: the leases that are held, and how things last stood."""
        now = time.monotonic()
        operations: list[Operation] = []
        own: Counter[str] = Counter()
        for lease in self.leases.values():
            claims = [lease.claims[index] for part in lease.parts if part.domain is self for index in part.places]
            operations.append(Restore(lease.number, claims))
            own.update({claim.quota.key: claim.amount for claim in claims})
            if lease.arrived_at is not None:
                operations.append(Step("a", lease.holder, lease.number, at=lease.arrived_at))
        for key, seen in self.seen.items():
            mine = own.get(key, 0)
            if seen.open > mine:
                operations.append(Keep(seen.quota, mine, seen.open - mine, now + KEPT_S))
            kind = seen.quota.kind
            until = seen.at + seen.quota.window_s if kind == "rate" else None
            if kind == "calendar" or (until is not None and until > now):
                operations.append(Observe(seen.quota, seen.used - seen.open, until, is_settled=True))
        return operations


class Batch:
    """Operations of one domain that go out together."""

    def __init__(self, domain: Domain) -> None:
        self.domain = domain
        self.operations: list[Operation] = []
        self._quotas: list[Quota] = []
        self._numbers: dict[str, int] = {}
        self._now = 0.0
        take = domain.operations.popleft
        for _ in range(min(len(domain.operations), MOST_OPERATIONS)):
            self.operations.append(take())

    def written(self, holder: str, ttl_us: int, name: str, server_time_s: float, *, is_again: bool) -> bytes:
        """The script's argument."""
        self._now = time.monotonic()
        self._quotas, self._numbers = [], {}
        operations = [operation.write(self) for operation in self.operations]
        quotas = [_specified(quota, server_time_s) for quota in self._quotas]
        return _ENCODER.encode((holder, ttl_us, int(is_again), name, quotas, operations))

    def heard(self, answer: bytes) -> Answers:
        """Hand each operation its answer."""
        answers = _DECODER.decode(answer)
        domain = self.domain
        domain.name = answers.name
        domain.hear_of(answers.processes)
        domain.note(self._quotas, answers.used, answers.open)
        found: Answer
        for operation, found in zip(self.operations, answers.answers, strict=True):
            operation.heard(found)
        return answers

    @property
    def quotas(self) -> Sequence[Quota]:
        """Those that its operations named."""
        return self._quotas

    def numbers(self, claims: Sequence[Claim]) -> list[int]:
        flat: list[int] = []
        for claim in claims:
            flat.append(self.number(claim.quota))
            flat.append(claim.amount)
        return flat

    def number(self, quota: Quota) -> int:
        number = self._numbers.get(quota.key)
        if number is None or (self._quotas[number] is not quota and self._quotas[number] != quota):
            number = self._numbers[quota.key] = len(self._quotas)
            self._quotas.append(quota)
        return number

    def age_us(self, at: float) -> int:
        return int((self._now - at) * 1e6)

    def put_back(self) -> None:
        """They stand before what is still to be told."""
        self.domain.operations.extendleft(reversed(self.operations))


def _specified(quota: Quota, server_time_s: float) -> list[Any]:  # a row of MessagePack
    starts, ends = period_us(quota, server_time_s)
    window_us = int(quota.window_s * 1e6) if quota.kind == "rate" else 0
    return [quota.key, quota.kind, quota.amount, window_us, quota.blocks, quota.is_money, starts, ends]
