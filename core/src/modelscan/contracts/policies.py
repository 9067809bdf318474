"""Strategies, caches, filters, stores: what a policy plugin implements."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from modelscan.types.accounts import Candidate
from modelscan.types.context import CallContext


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call as policies, hooks and observers see it. `request` is a request Struct: its type is the capability.

    `id` is unique within the process, `model` what the caller wrote.
    """

    id: str
    request: Any
    context: CallContext
    capability: str
    model: str
    is_stream: bool = False


@runtime_checkable
class Strategy(Protocol):
    """Ranks candidates."""

    def rank(self, call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates, best first; dropping one forbids it for this call."""
        ...


@runtime_checkable
class Cache(Protocol):
    """Keeps what providers said."""

    async def get(self, key: str) -> bytes | None:
        """The stored value; None for a miss."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: float | None) -> None:
        """Store a value."""
        ...

    async def drop(self, key: str) -> None:
        """Forget a value."""
        ...


class FilterVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a filter decides: let it pass, replace it by `value`, or block it for `reason`."""

    action: Literal["allow", "replace", "block"] = "allow"
    value: Any = None
    reason: str = ""


@runtime_checkable
class FilterSession(Protocol):
    """One call's pass through a filter; both directions share its state (redact in, restore out)."""

    def request(self, request: Any) -> FilterVerdict:
        """Check a request Struct."""
        ...

    def reply(self, reply: Any) -> FilterVerdict:
        """Check a reply Struct."""
        ...

    def feed(self, chunk: Any) -> Sequence[Any]:
        """Check a chunk; it may be held back until it's clear what it becomes."""
        ...

    def finish(self) -> Sequence[Any]:
        """What was held back."""
        ...


@runtime_checkable
class Filter(Protocol):
    """Checks what goes in and what comes out."""

    def open(self, call: Call) -> FilterSession:
        """A session for one call."""
        ...


class StoreItem(msgspec.Struct, frozen=True, kw_only=True):
    """A vector with its id, text and attributes."""

    id: str
    vector: tuple[float, ...]
    text: str = ""
    attributes: dict[str, Any] = {}


@runtime_checkable
class Store(Protocol):
    """Keeps vectors and finds the nearest."""

    async def upsert(self, items: Sequence[StoreItem]) -> None:
        """Add items or replace them by id."""
        ...

    async def delete(self, ids: Sequence[str]) -> None:
        """Remove items; unknown ids are no error."""
        ...

    def query(self, vector: Sequence[float], count: int) -> AsyncIterator[tuple[StoreItem, float]]:
        """The nearest items with their scores, best first."""
        ...
