"""The kinds of plugin, read off the table of hooks."""

from __future__ import annotations

from modelscan.errors import ConfigurationError
from modelscan.hookspecs import HOOKS, HOOKS_GROUP

_PREFIX = "modelscan_"
HOOK = "hook"
"""The kind of what stands in the group `modelscan.hooks`."""

COMPONENTS = tuple(hook.name.removeprefix(_PREFIX) for hook in HOOKS if hook.kind == "component")
GROUP_OF = {hook.name.removeprefix(_PREFIX): hook.group for hook in HOOKS if hook.kind == "component"}
GROUP_OF[HOOK] = HOOKS_GROUP
KIND_OF = {group: kind for kind, group in GROUP_OF.items()}


def hook_name(kind: str) -> str:
    """The hook that a component of this kind implements."""
    return _PREFIX + kind


def checked_kind(kind: str) -> str:
    """The kind itself. Raises `ConfigurationError` where there is none of that name."""
    if kind in GROUP_OF:
        return kind
    from difflib import get_close_matches

    near = get_close_matches(kind, GROUP_OF, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else f"It is one of: {', '.join(GROUP_OF)}."
    raise ConfigurationError(f"there is no kind of plugin named {kind!r}", advice=advice)
