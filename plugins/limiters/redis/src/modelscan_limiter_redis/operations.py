"""What the script is asked to do: one object for each operation, which hears of its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from modelscan.contracts.limiter import Claim, Quota
from modelscan.limits.calendar import FOREVER, period_of
from modelscan_limiter_redis.lines import Line, Waiter

if TYPE_CHECKING:
    from modelscan_limiter_redis.domains import Domain

KEPT_S: Final = 4.0
"""Within this time every process has come back to a server that is there again."""

Answer = Any  # 0, 1, or a list that the operation alone can read


class AwayError(Exception):
    """The server can't be asked."""


class Writer(Protocol):
    """Where operations are written down."""

    def numbers(self, claims: Sequence[Claim]) -> list[int]:
        """The number of each claim's quota in this batch, and its amount."""
        ...

    def number(self, quota: Quota) -> int:
        """The number of a quota in this batch."""
        ...

    def age_us(self, at: float) -> int:
        """How long ago a moment of the monotonic clock was."""
        ...


class Asker(Protocol):
    """Who wants leases."""

    def answered(self, ask: Ask, answer: Answer) -> None: ...

    def unanswered(self, ask: Ask) -> None: ...


class Operation:
    """One operation. `write` is called for every try to send it, `heard` once."""

    __slots__ = ()

    def write(self, batch: Writer) -> list[Any]:
        raise NotImplementedError

    def heard(self, answer: Answer) -> None:
        """The server has done it."""

    def lost(self) -> bool:
        """Nobody knows whether the server has done it; whether to tell it later."""
        return True


class Ask(Operation):
    """A lease over what one part of a demand claims."""

    __slots__ = ("_asker", "line", "waiter")

    def __init__(self, waiter: Waiter, line: Line, asker: Asker) -> None:
        self.waiter = waiter
        self.line = line
        self._asker = asker

    def write(self, batch: Writer) -> list[Any]:
        part = self.waiter.parts[self.waiter.granted]
        waiter, claims = self.waiter, batch.numbers(part.claims)
        return ["r", waiter.number, self.line.number, claims, part.gates, waiter.is_overtaken]

    def heard(self, answer: Answer) -> None:
        self._asker.answered(self, answer)

    def lost(self) -> bool:
        self._asker.unanswered(self)
        return False


class GiveWay(Operation):
    """Who was overtaken, and went before all others, waits no more."""

    __slots__ = ("_claims", "_number")

    def __init__(self, number: int, claims: Sequence[Claim]) -> None:
        self._number = number
        self._claims = claims

    def write(self, batch: Writer) -> list[Any]:
        return ["u", self._number, batch.numbers(self._claims)]


class Restore(Operation):
    """A lease that the server doesn't know (any more), granted by other means."""

    __slots__ = ("_claims", "_number")

    def __init__(self, number: int, claims: Sequence[Claim]) -> None:
        self._number = number
        self._claims = claims

    def write(self, batch: Writer) -> list[Any]:
        return ["R", self._number, batch.numbers(self._claims)]


class Step(Operation):
    """A step in a lease's life, taken when this was made: `a`rrived, `s`ettled or forfeited, given back (`x`)."""

    __slots__ = ("_amounts", "_at", "_code", "_domain", "_holder", "_number")

    def __init__(
        self,
        code: str,
        holder: str,
        number: int,
        amounts: Sequence[int] | None = None,
        *,
        at: float | None = None,
        domain: Domain | None = None,
    ) -> None:
        self._domain = domain
        self._code = code
        self._holder = holder
        self._number = number
        self._amounts = amounts
        self._at = time.monotonic() if at is None else at

    def write(self, batch: Writer) -> list[Any]:
        amounts = False if self._amounts is None else self._amounts
        return [self._code, self._holder, self._number, batch.age_us(self._at), amounts]

    def heard(self, answer: Answer) -> None:
        if self._domain is not None and self._code != "a":
            self._domain.leases.pop(self._number, None)


class Detach(Operation):
    """A lease goes on under the name that its token has."""

    __slots__ = ("_name", "_number", "_ttl_us")

    def __init__(self, number: int, name: str, ttl_us: int) -> None:
        self._number = number
        self._name = name
        self._ttl_us = ttl_us

    def write(self, batch: Writer) -> list[Any]:
        return ["d", self._number, self._name, self._ttl_us]


class Pause(Operation):
    """A gate is shut until a moment of the monotonic clock."""

    __slots__ = ("_gate", "_until")

    def __init__(self, gate: str, until: float) -> None:
        self._gate = gate
        self._until = until

    def write(self, batch: Writer) -> list[Any]:
        return ["p", self._gate, max(0, -batch.age_us(self._until))]


class Observe(Operation):
    """The provider counts so much as taken; `is_settled`: so did the server of what was over, before it forgot."""

    __slots__ = ("_is_settled", "_quota", "_until", "_used")

    def __init__(self, quota: Quota, used: int, until: float | None, *, is_settled: bool = False) -> None:
        self._quota = quota
        self._used = used
        self._until = until
        self._is_settled = is_settled

    def write(self, batch: Writer) -> list[Any]:
        left_us = -1 if self._until is None else max(0, -batch.age_us(self._until))
        return ["o", batch.number(self._quota), self._used, left_us, self._is_settled]


class Keep(Operation):
    """What others may have is kept back for a while: until they come back, and tell. `share` is ours of the same."""

    __slots__ = ("_others", "_quota", "_share", "_until")

    def __init__(self, quota: Quota, share: int, others: int, until: float) -> None:
        self._quota = quota
        self._share = share
        self._others = others
        self._until = until

    def write(self, batch: Writer) -> list[Any]:
        left_us = max(0, -batch.age_us(self._until))
        return ["k", batch.number(self._quota), self._share, self._others, left_us]


class Report(Operation):
    """So much was taken of a quota while the server couldn't be asked."""

    __slots__ = ("_amount", "_at", "quota")

    def __init__(self, quota: Quota, amount: int, at: float) -> None:
        self.quota = quota
        self._amount = amount
        self._at = at

    def write(self, batch: Writer) -> list[Any]:
        return ["e", batch.number(self.quota), self._amount, batch.age_us(self._at)]


class Question(Operation):
    """What reserves nothing, and has an answer that somebody awaits."""

    __slots__ = ("answer",)

    def __init__(self, answer: asyncio.Future[Answer]) -> None:
        self.answer = answer

    def heard(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def lost(self) -> bool:
        if not self.answer.done():
            self.answer.set_exception(AwayError())
        return False


class Look(Question):
    """Whether claims would fit."""

    __slots__ = ("_claims", "_gates")

    def __init__(self, claims: Sequence[Claim], gates: Sequence[str], answer: asyncio.Future[Answer]) -> None:
        super().__init__(answer)
        self._claims = claims
        self._gates = gates

    def write(self, batch: Writer) -> list[Any]:
        return ["w", batch.numbers(self._claims), self._gates]


class Stand(Question):
    """How a quota stands."""

    __slots__ = ("_quota",)

    def __init__(self, quota: Quota, answer: asyncio.Future[Answer]) -> None:
        super().__init__(answer)
        self._quota = quota

    def write(self, batch: Writer) -> list[Any]:
        return ["q", batch.number(self._quota)]


class Beat(Operation):
    """Still here (`h`), or gone for good (`b`)."""

    __slots__ = ("_code",)

    def __init__(self, code: str = "h") -> None:
        self._code = code

    def write(self, batch: Writer) -> list[Any]:
        return [self._code]

    def lost(self) -> bool:
        return False


def period_us(quota: Quota, at_s: float) -> tuple[int, int]:
    """Beginning and end of a calendar quota's period; zeros for one that never resets, and for other kinds."""
    if quota.kind != "calendar":
        return 0, 0
    begin, end = period_of(quota.period, quota.zone, quota.anchor, at_s)
    return (0, 0) if end == FOREVER else (int(begin * 1e6), int(end * 1e6))
