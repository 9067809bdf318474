"""Flows: calls that take several requests (jobs, uploads, batches, token exchange), as a state machine without I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.errors import TransportError

State = TypeVar("State")
Out = TypeVar("Out", covariant=True)
Req = TypeVar("Req", contravariant=True)
Rep = TypeVar("Rep", covariant=True)


class Send(msgspec.Struct, Generic[State], frozen=True):
    """Send this; the state is stored first, so that another process can go on."""

    request: HttpRequest
    state: State


class Wait(msgspec.Struct, Generic[State], frozen=True, kw_only=True):
    """Come back in `seconds`, or earlier with a webhook where the vendor calls one."""

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

    The flow sends again, asks the vendor, or raises `OutcomeUnknownError`.
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
    """Several requests, one reply. `state_type` is a Struct without secrets or media, of `version`."""

    version: int
    state_type: type[State]

    def start(self, request: Req, target: Target) -> Send[State]:
        """The first request."""
        ...

    def resume(
        self, state: State, event: Event, request: Req, target: Target
    ) -> Send[State] | Wait[State] | Done[Rep]:
        """What to do after an event. Raises a `ProviderError` where the job failed."""
        ...

    def cancel(self, state: State, target: Target) -> HttpRequest | None:
        """The request that stops the job; None where the vendor has none."""
        ...

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """A webhook whose signature holds. Raises `CredentialError` otherwise."""
        ...
