"""Which plugins may be loaded: the configuration's allow and block lists."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from modelscan.errors import ConfigurationError
from modelscan.plugins.entries import Entry
from modelscan.plugins.kinds import checked_kind


class Permissions:
    """Two lists of `kind:name`, where the name may be a pattern (`provider:*`).

    An empty allow list allows all; one with entries is about what is installed, never about the core's own. The block
    list is about both. Raises `ConfigurationError` for an item that isn't `kind:name`.
    """

    def __init__(self, allow: Iterable[str], block: Iterable[str]) -> None:
        self._allow = [_pair(item, "plugins.allow") for item in allow]
        self._block = [_pair(item, "plugins.block") for item in block]

    def apply(self, entry: Entry) -> None:
        """Block the entry where the lists say so."""
        key = f"{entry.kind}:{entry.name}"
        if any(_matches(pair, entry) for pair in self._block):
            entry.fail("blocked", "the configuration blocks it", f"Take {key} out of plugins.block.")
        elif self._allow and not entry.found.is_builtin and not any(_matches(pair, entry) for pair in self._allow):
            entry.fail("blocked", "the configuration allows others only", f"Add {key} to plugins.allow.")


def _pair(item: str, where: str) -> tuple[str, str]:
    kind, colon, name = item.partition(":")
    if not colon or not name:
        raise ConfigurationError(f"{where} holds {item!r}; it takes kind:name, as in provider:openai")
    return checked_kind(kind.strip()), name.strip()


def _matches(pair: tuple[str, str], entry: Entry) -> bool:
    return pair[0] == entry.kind and fnmatchcase(entry.name, pair[1])
