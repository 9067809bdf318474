"""Operations: how a vendor's request is written and its answer read. They see no socket, clock, file or secret."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from modelscan.contracts.http import Frame, Framing, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.errors import ProviderError

Req = TypeVar("Req", contravariant=True)
Rep = TypeVar("Rep", covariant=True)
Chunk = TypeVar("Chunk", covariant=True)


@runtime_checkable
class Operation(Protocol[Req, Rep]):
    """One request, one reply."""

    def encode(self, request: Req, target: Target) -> HttpRequest:
        """The request in the vendor's words. Raises `UnsupportedError` for a field the vendor can't express."""
        ...

    def decode(self, response: HttpResponse, request: Req, target: Target) -> Rep:
        """The reply of a 2xx response. Raises `DecodeError` for a body that isn't one."""
        ...


@runtime_checkable
class StreamDecoder(Protocol[Chunk]):
    """Reads one stream. `framing` is chosen from the response's head."""

    framing: Framing

    def feed(self, frame: Frame) -> Sequence[Chunk]:
        """The chunks in one frame. Raises a `ProviderError` for an error in mid-stream, `DecodeError` for nonsense."""
        ...

    def finish(self, *, cut: bool) -> Sequence[Chunk]:
        """What is left at the end. `cut` says that the connection broke.

        Raises `StreamCutError` where the stream gave no evidence that it was whole: an end event or a finish reason.
        """
        ...


@runtime_checkable
class StreamingOperation(Operation[Req, Rep], Protocol[Req, Rep, Chunk]):
    """An operation that can also answer piece by piece."""

    def encode_stream(self, request: Req, target: Target) -> HttpRequest:
        """The request for a streamed answer."""
        ...

    def decoder(self, head: ResponseHead, request: Req, target: Target) -> StreamDecoder[Chunk]:
        """A fresh decoder for the answer whose head this is."""
        ...


@runtime_checkable
class NativeOperation(Protocol[Req, Rep, Chunk]):
    """A model in this process: the one exception to 'a provider is a codec'."""

    async def run(self, request: Req, target: Target) -> Rep:
        """The reply. Cancelling it stops the model."""
        ...

    def stream(self, request: Req, target: Target) -> AsyncIterator[Chunk]:
        """The chunks of a reply; closing the iterator stops the model."""
        ...


@runtime_checkable
class Errors(Protocol):
    """Reads a vendor's errors, whatever status they come with."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response; None where there is none. A status of 400 or more always is one."""
        ...


@runtime_checkable
class Meter(Protocol[Req]):
    """The most that a call can use, per unit of `Usage`, before it is sent."""

    def bound(self, request: Req, target: Target) -> Mapping[str, int | None]:
        """An upper bound per unit; None means that there is none, and a hard budget refuses the call."""
        ...


@runtime_checkable
class Tokenizer(Protocol):
    """Counts tokens without a network."""

    def count(self, text: str, model: str) -> int | None:
        """How many tokens the text has for the model; None where the tokenizer doesn't know the model."""
        ...
