"""A lease in the hands of one attempt: whatever happens, it ends exactly once and in the right way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.contracts.limiter import Lease
from modelscan.types.money import Certainty
from modelscan.types.usage import Usage


def _nothing(usage: Usage) -> Sequence[int]:
    return ()


class HeldLease:
    """Remembers how far the attempt came, so that `close` can end the lease as the promise says.

    Given back where nothing was sent; charged at its bound where the outcome can't be known. `amounts` turns what a
    call used into what it took of each claim's quota.
    """

    __slots__ = ("_amounts", "_has_ended", "_lease", "was_sent")

    def __init__(
        self, lease: Lease, amounts: Callable[[Usage], Sequence[int]] = _nothing, *, was_sent: bool = False
    ) -> None:
        self._lease = lease
        self._amounts = amounts
        self._has_ended = False
        self.was_sent = was_sent

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
        self._has_ended = True
        if usage.is_reported:
            self._lease.settle(self._amounts(usage))
        else:
            self._lease.forfeit("estimated")

    def forfeit(self, certainty: Certainty) -> None:
        """The call is over, and what it used can't be known."""
        if not self._has_ended:
            self._has_ended = True
            self._lease.forfeit(certainty)

    def release(self) -> None:
        """Surely nothing was carried out."""
        if not self._has_ended:
            self._has_ended = True
            self.was_sent = False
            self._lease.release()

    def follow(self, lease: Lease) -> None:
        """Go on with another lease: the request is sent once more. What came before must have ended."""
        self._lease = lease
        self._has_ended = False
        self.was_sent = False

    def carry(self, attach: Callable[[bytes], Lease]) -> bytes:
        """A token by which another process can end the lease, should this one die; here it goes on as before."""
        if self._has_ended:
            return b""
        token = self._lease.detach()
        self._lease = attach(token)
        return token

    def leave(self) -> None:
        """Whoever has the token ends the lease."""
        self._has_ended = True

    def close(self) -> None:
        """End the lease if nothing else has."""
        if self.was_sent:
            self.forfeit("bound")
        else:
            self.release()
