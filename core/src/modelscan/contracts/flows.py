"""Flows: calls that take several requests (jobs, uploads, batches, token exchange), as a state machine without I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.errors import TransportError

State = TypeVar("State")
Out = TypeVar("Out", covariant=True)
Req = TypeVar("Req", contravariant=True)
Rep = TypeVar("Rep", covariant=True)


class Send(msgspec.Struct, Generic[State], frozen=True):
    """Send this; the state is stored first, so that another process can go on.

    What is transient (a broken connection, an answer that may be tried again) is tried again where the request is
    `safe` or `keyed`: a flow has an idempotency key always, `target.idempotency_key`.
    """

    request: HttpRequest
    state: State


class Wait(msgspec.Struct, Generic[State], frozen=True, kw_only=True):
    """Come back in `seconds`, or earlier with a webhook where the vendor calls one. The state is stored here too."""

    seconds: float
    state: State
    progress: float | None = None
    accepts_webhook: bool = False


class Done(msgspec.Struct, Generic[Out], frozen=True):
    """The reply."""

    reply: Out


class Woken(msgspec.Struct, frozen=True):
    """The wait is over, and nothing came."""


class Lost(msgspec.Struct, frozen=True):
    """The request may have been sent, and no answer was seen: the process died, or the connection did.

    The flow sends again, asks the vendor, or raises `OutcomeUnknownError`. Requests that are sure not to have been
    sent are no loss: the job then fails with the transport's error, and can be resumed.
    """

    error: str = ""
    phase: str = "wait"

    @classmethod
    def of(cls, error: TransportError) -> Lost:
        """The loss that a transport's error describes."""
        return cls(error.message, error.phase)


Event = HttpResponse | Webhook | Woken | Lost


@runtime_checkable
class Flow(Protocol[Req, Rep, State]):
    """Several requests, one reply. `state_type` is a Struct without secrets or media, of `version`.

    `target.idempotency_key` is the same in every step of one flow, also in another process, and no other flow has it:
    what is made at the vendor's can be found by it again.
    """

    @property
    def version(self) -> int:
        """The version of the state's shape."""
        ...

    @property
    def state_type(self) -> type[State]:
        """The Struct that the state is an instance of."""
        ...

    def start(self, request: Req, target: Target) -> Send[State]:
        """The first request."""
        ...

    def resume(self, state: State, event: Event, request: Req, target: Target) -> Send[State] | Wait[State] | Done[Rep]:
        """What to do after an event.

        A response comes with whatever status it has: one flow's failure is another's answer (404: not made yet).
        Raises a `ProviderError` where the job failed, which ends the flow.
        """
        ...

    def cancel(self, state: State, target: Target) -> HttpRequest | None:
        """The request that stops the job; None where the vendor has none."""
        ...

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """A webhook whose signature holds. Raises `CredentialError` otherwise."""
        ...


@runtime_checkable
class FlowStore(Protocol):
    """Keeps what a flow needs to go on in another process. Keys are made of letters, digits, `-`, `_` and dots."""

    async def put(self, key: str, value: bytes) -> None:
        """Store a value, in place of an older one; it is safe from a crash when this returns."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The stored value; None where there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a value; an unknown key is no error."""
        ...
