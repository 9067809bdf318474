"""The context of calls: given with `client.context(...)`, merged with what a call says itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from modelscan.accounting.budgets import opened
from modelscan.types.context import CallContext
from modelscan.types.limits import Budget

_EMPTY = CallContext()
_current: ContextVar[CallContext] = ContextVar("modelscan_context", default=_EMPTY)
_FROM_OPTIONS = ("tags", "principal", "priority", "may_wait", "idempotency_key")


def current() -> CallContext:
    """The context that calls made here are in."""
    return _current.get()


@contextmanager
def inside(context: CallContext, close: Callable[[Sequence[Budget]], None]) -> Iterator[CallContext]:
    """Calls made in this block are in this context; its own budgets are closed at the end."""
    outer = _current.get()
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
        close(context.budgets[len(outer.budgets) :])


def within(**changes: Any) -> CallContext:
    """A context inside the one that calls made here are in. Budgets without a name are budgets of this one's own."""
    if changes.get("budgets"):
        changes["budgets"] = opened(changes["budgets"])
    return _current.get().within(**changes)


def of_call(options: Mapping[str, Any], outer: CallContext) -> CallContext:
    """The context of one call: `outer`, with the call's own options inside it. Needs a running loop for a deadline."""
    if not options:
        return outer
    changes = {key: options[key] for key in _FROM_OPTIONS if options.get(key) is not None}
    if options.get("max_cost") is not None:
        most = options["max_cost"]
        changes["budgets"] = opened((most if isinstance(most, Budget) else Budget(most, per="call", name="max_cost"),))
    timeout_s = options.get("timeout_s")
    if timeout_s is not None:
        changes["deadline"] = asyncio.get_running_loop().time() + timeout_s
    return outer.within(**changes) if changes else outer
