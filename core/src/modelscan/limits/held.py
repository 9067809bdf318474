"""A lease in the hands of one attempt: whatever happens, it ends exactly once and in the right way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from modelscan.contracts.limiter import Claim, Lease
from modelscan.errors import InvalidRequestError
from modelscan.types.chat import ChatReply
from modelscan.types.money import Certainty, Cost
from modelscan.types.usage import Usage


class Ticket(Protocol):
    """What an attempt has claimed, and to whom its end is told: the ledger, and whoever estimates the next one."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What it has claimed, in the order in which `settled` gives what it was worth."""
        ...

    def again(self) -> Ticket:
        """The same once more."""
        ...

    @property
    def cost(self) -> Cost:
        """What the attempt cost, once it has ended."""
        ...

    def settled(self, usage: Usage) -> Sequence[int]:
        """It is over and this is what it used: the worth of each claim."""
        ...

    def forfeited(self, certainty: Certainty) -> None:
        """It is over, and what it used can't be known."""
        ...

    def cut(self, arrived: ChatReply[None]) -> Sequence[int] | None:
        """It was broken off when so much of the answer had arrived: the worth of each claim.

        None where the provider may charge for more than came: then it is charged at what was reserved.
        """
        ...

    def released(self) -> None:
        """It never was."""
        ...


class _Carried(msgspec.Struct, frozen=True, array_like=True):
    token: bytes
    claims: tuple[Claim, ...]


def carried(token: bytes) -> tuple[bytes, tuple[Claim, ...]]:
    """What `HeldLease.carry` put into a token: the limiter's own, and the claims. Raises `InvalidRequestError`."""
    try:
        found = msgspec.json.decode(token, type=_Carried)
    except msgspec.DecodeError as error:
        raise InvalidRequestError(f"this is no token of a lease: {error}") from None
    return found.token, found.claims


class HeldLease:
    """Remembers how far the attempt came, so that `close` can end the lease as the promise says.

    Given back where nothing was sent; charged at its bound where the outcome can't be known.
    """

    __slots__ = ("_has_ended", "_lease", "ticket", "was_sent")

    def __init__(self, lease: Lease, ticket: Ticket, *, was_sent: bool = False) -> None:
        self._lease = lease
        self._has_ended = False
        self.ticket = ticket
        self.was_sent = was_sent

    @property
    def pressure(self) -> float:
        """How full the fullest rate was when the lease was granted, from 0 to 1."""
        return self._lease.pressure

    def sent(self) -> None:
        """The first byte is about to go out."""
        self.was_sent = True
        self._lease.sent()

    def arrived(self) -> None:
        """The head is here."""
        self._lease.arrived()

    def settle(self, usage: Usage) -> None:
        """The call is over; without a report of its usage it is charged as estimated."""
        if self._has_ended:
            return
        if not usage.is_reported:
            self.forfeit("estimated")
            return
        self._has_ended = True
        self._lease.settle(self.ticket.settled(usage))

    def forfeit(self, certainty: Certainty) -> None:
        """The call is over, and what it used can't be known."""
        if not self._has_ended:
            self._has_ended = True
            self.ticket.forfeited(certainty)
            self._lease.forfeit(certainty)

    def cut(self, arrived: Callable[[], ChatReply[None]]) -> None:
        """The answer was broken off after what has arrived: charged as the provider says that it charges for it."""
        if self._has_ended:
            return
        self._has_ended = True
        amounts = self.ticket.cut(arrived())
        if amounts is None:
            self._lease.forfeit("bound")
        else:
            self._lease.settle(amounts)

    def release(self) -> None:
        """Surely nothing was carried out."""
        if not self._has_ended:
            self._has_ended = True
            self.was_sent = False
            self.ticket.released()
            self._lease.release()

    def follow(self, other: HeldLease) -> None:
        """Go on with another lease: the request is sent once more. What came before must have ended."""
        self._lease = other._lease
        self.ticket = other.ticket
        self._has_ended = False
        self.was_sent = False

    def carry(self, attach: Callable[[bytes], Lease]) -> bytes:
        """A token by which another process can end the lease, should this one die; here it goes on as before."""
        if self._has_ended:
            return b""
        token = self._lease.detach()
        self._lease = attach(token)
        return msgspec.json.encode(_Carried(token, self.ticket.claims))

    def leave(self) -> None:
        """Whoever has the token ends the lease."""
        self._has_ended = True

    def close(self) -> None:
        """End the lease if nothing else has."""
        if self.was_sent:
            self.forfeit("bound")
        else:
            self.release()
