"""Live sessions: events in, effects out, and no socket in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from modelscan.contracts.http import HttpRequest, Target

In = TypeVar("In")
Config = TypeVar("Config", contravariant=True)
Out = TypeVar("Out", contravariant=True)
Inward = TypeVar("Inward")


class Emit(msgspec.Struct, Generic[In], frozen=True):
    """Hand this to the user."""

    event: In


class SendFrame(msgspec.Struct, frozen=True):
    """Send this over the socket: text or bytes."""

    data: str | bytes


class Close(msgspec.Struct, frozen=True):
    """Close the socket."""

    code: int = 1000
    reason: str = ""


class Reconnect(msgspec.Struct, frozen=True):
    """Open a new socket with this request and go on: `opened` is called again."""

    request: HttpRequest


@runtime_checkable
class DuplexSession(Protocol[Out, Inward]):
    """One session's state machine; `now_s` is a monotonic clock.

    Every method may raise a `ModelScanError`, which ends the session. Usage in what is emitted adds up: an event
    reports what came since the last one. Frames that meet a closing socket are lost; a session that reconnects keeps
    what it has to send again.
    """

    def opened(self, now_s: float) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """The socket is open: set-up messages go out before any user data."""
        ...

    def ready(self) -> bool:
        """Whether user data may go out; it is held back until then."""
        ...

    def send(self, event: Out, now_s: float) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """The user sends something."""
        ...

    def receive(self, frame: str | bytes, now_s: float) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """The vendor sent something."""
        ...

    def tick(self, now_s: float) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """Called at least once a second: keepalives, silent death."""
        ...

    def closing(self) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """The user is done: say so to the vendor, then drain."""
        ...

    def closed(self, code: int, reason: str) -> Sequence[Emit[Inward] | SendFrame | Close | Reconnect]:
        """The socket closed: reconnect with state, or end. Raises for an end that is none."""
        ...


@runtime_checkable
class DuplexOperation(Protocol[Config, Out, Inward]):
    """How a live session is opened."""

    def open(self, config: Config, target: Target) -> tuple[HttpRequest, DuplexSession[Out, Inward]]:
        """The handshake's request (method GET, `wss` or `https`), and the session."""
        ...
