"""What stands around a request: who asks, by when, and out of which pocket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from modelscan.types.limits import Budget

_USER = "user"


class CallContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The surroundings of a call; `with client.context(...)` sets them for all calls inside.

    `deadline` is a moment of the event loop's monotonic clock, in seconds (`timeout_s` of a call sets it); `priority`
    0 is normal and a higher number goes first; without `may_wait` a limit that leaves no room is an error at once;
    `budgets` is a path of nested scopes, outermost first.
    """

    principal: str = ""
    tags: dict[str, str] = {}
    budgets: tuple[Budget, ...] = ()
    deadline: float | None = None
    priority: int = 0
    may_wait: bool = True
    idempotency_key: str | None = None
    trace: dict[str, str] = {}
    caching: bool = True

    def value_of(self, dimension: str) -> str:
        """What the call is for in a dimension of a scope: the tag's value; of `user` else the principal."""
        value = self.tags.get(dimension, "")
        return value or (self.principal if dimension == _USER else "")

    def within(self, **changes: Any) -> CallContext:
        """A context inside this one: tags are merged, budgets added to the path, the earlier deadline wins."""
        if "tags" in changes:
            changes["tags"] = {**self.tags, **_texts(changes["tags"])}
        if "budgets" in changes:
            changes["budgets"] = (*self.budgets, *changes["budgets"])
        if self.deadline is not None and changes.get("deadline") is not None:
            changes["deadline"] = min(self.deadline, changes["deadline"])
        return msgspec.structs.replace(self, **{key: value for key, value in changes.items() if value is not None})


def _texts(tags: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in tags.items()}
