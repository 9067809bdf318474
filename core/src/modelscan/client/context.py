"""The context of calls: given with `client.context(...)`, merged with what a call says itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from modelscan.types.context import CallContext

_EMPTY = CallContext()
_current: ContextVar[CallContext] = ContextVar("modelscan_context", default=_EMPTY)
_FROM_OPTIONS = ("tags", "principal", "priority", "idempotency_key")


def current() -> CallContext:
    """The context that calls made here are in."""
    return _current.get()


@contextmanager
def inside(context: CallContext) -> Iterator[CallContext]:
    """Calls made in this block are in this context."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def of_call(options: Mapping[str, Any], outer: CallContext) -> CallContext:
    """The context of one call: `outer`, with the call's own options inside it. Needs a running loop for a deadline."""
    if not options:
        return outer
    changes = {key: options[key] for key in _FROM_OPTIONS if options.get(key) is not None}
    timeout_s = options.get("timeout_s")
    if timeout_s is not None:
        changes["deadline"] = asyncio.get_running_loop().time() + timeout_s
    return outer.within(**changes) if changes else outer
