"""The typed face of the plugins: one method per kind, and each plugin imported when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from modelscan.contracts.auth import AuthScheme
from modelscan.contracts.catalog import CatalogSource
from modelscan.contracts.limiter import Limiter
from modelscan.contracts.operations import Tokenizer
from modelscan.contracts.plugins import PluginRecord
from modelscan.contracts.policies import Cache, Filter, Store, Strategy
from modelscan.contracts.provider import Provider
from modelscan.contracts.transport import Transport, TransportOptions
from modelscan.errors import PluginNotFoundError
from modelscan.plugins.claims import settle_claims
from modelscan.plugins.discovery import distribution_of, installed
from modelscan.plugins.entries import Entry
from modelscan.plugins.extras import entries_of
from modelscan.plugins.frozen import Hooks, freeze
from modelscan.plugins.kinds import GROUP_OF, HOOK, checked_kind
from modelscan.plugins.loading import USUAL_PATIENCE, Patience, load, load_patiently
from modelscan.plugins.notices import warn
from modelscan.plugins.permissions import Permissions

if TYPE_CHECKING:
    import click

_ORDER = {kind: position for position, kind in enumerate(GROUP_OF)}
_USABLE = ("found", "loaded")
_BROKEN = ("broken", "incompatible")
_LAST = {"conflict": 1, "data": 2}  # of those with one name, who is asked when no other is there


class Plugins:
    """The plugins of one client.

    `extra` are a program's own: modules or objects with marked functions, one such function, or a `Provider`; they go
    before what is installed. `allow` and `block` hold `kind:name`. `strict` imports everything now and raises the first
    error. `patience` is how long an import may take.
    """

    def __init__(
        self,
        *,
        extra: Iterable[object] = (),
        allow: Iterable[str] = (),
        block: Iterable[str] = (),
        strict: bool = False,
        patience: Patience = USUAL_PATIENCE,
    ) -> None:
        self._patience = patience
        self._permissions = Permissions(allow, block)
        self._extras = [entry for one in extra for entry in entries_of(one)]
        self._entries: list[Entry] | None = None
        self._hooks: Hooks | None = None
        self._unreported: list[PluginRecord] = []
        self._lock = threading.Lock()
        if strict:
            self._refuse_broken()

    def provider(self, name: str) -> Provider:
        """The provider `name`, the same object each time.

        Raises `PluginNotFoundError`, which says what to install, or another `PluginError`, which says what is wrong.
        All other methods that take a name do the same.
        """
        return cast(Provider, self._component("provider", name))

    def transport(self, name: str) -> Callable[[TransportOptions], Transport]:
        """The factory of a transport."""
        return cast(Callable[[TransportOptions], Transport], self._component("transport", name))

    def limiter(self, name: str) -> Callable[..., Limiter]:
        """The factory of a limiter; it takes keyword options, all with defaults."""
        return cast(Callable[..., Limiter], self._component("limiter", name))

    def strategy(self, name: str) -> Callable[..., Strategy]:
        """The factory of a strategy; it takes keyword options, all with defaults."""
        return cast(Callable[..., Strategy], self._component("strategy", name))

    def cache(self, name: str) -> Callable[..., Cache]:
        """The factory of a cache; it takes keyword options, all with defaults."""
        return cast(Callable[..., Cache], self._component("cache", name))

    def filter(self, name: str) -> Callable[..., Filter]:
        """The factory of a filter; it takes keyword options, all with defaults."""
        return cast(Callable[..., Filter], self._component("filter", name))

    def store(self, name: str) -> Callable[..., Store]:
        """The factory of a vector store; it takes keyword options, all with defaults."""
        return cast(Callable[..., Store], self._component("store", name))

    def auth(self, name: str) -> Callable[..., AuthScheme]:
        """The factory of an auth scheme; it takes keyword options, all with defaults."""
        return cast(Callable[..., AuthScheme], self._component("auth", name))

    def tokenizer(self, name: str) -> Tokenizer:
        """The tokenizer `name`."""
        return cast(Tokenizer, self._component("tokenizer", name))

    def command(self, name: str) -> click.Command:
        """The command-line command `name`."""
        return cast("click.Command", self._component("command", name))

    def catalog_source(self, name: str) -> CatalogSource:
        """The source of catalog data `name`."""
        return cast(CatalogSource, self._component("catalog_source", name))

    def names(self, kind: str) -> tuple[str, ...]:
        """The names that can be asked for, sorted; imports nothing. Raises `ConfigurationError` for an unknown kind."""
        checked_kind(kind)
        return tuple(sorted({entry.name for entry in self._known() if entry.kind == kind and entry.state in _USABLE}))

    def hooks(self) -> Hooks:
        """The hooks proper of all plugins, frozen; the first call imports the plugins that have any."""
        if self._hooks is None:
            watching = [entry for entry in self._sorted() if entry.kind == HOOK and entry not in self._extras]
            for entry in watching:
                self._load(entry)
                if entry.state in _BROKEN:
                    warn(f"{entry.label} is left out: {entry.error}")
            own = [entry for entry in self._extras if entry.kind == HOOK]
            used = [entry.implementations for entry in (*watching, *own) if entry.state == "loaded"]
            hooks = self._hooks = freeze(used)
            unreported, self._unreported = self._unreported, []
            for record in unreported:
                hooks.report(record)
        return self._hooks

    def records(self, kind: str | None = None) -> tuple[PluginRecord, ...]:
        """What is known of every plugin, or of those of one kind, by kind and name; imports nothing."""
        return tuple(entry.record() for entry in self._sorted(kind))

    def check(self, kind: str | None = None) -> tuple[PluginRecord, ...]:
        """The same after importing every one of them; not even one whose import never ends stops the others."""
        for entry in self._sorted(kind):
            if entry.state == "found":
                load_patiently(entry, self._patience)
                self._report(entry)
        return self.records(kind)

    def _component(self, kind: str, name: str) -> object:
        entry = self._entry(kind, name)
        self._load(entry)
        if entry.state != "loaded":
            raise entry.refusal()
        return entry.component

    def _entry(self, kind: str, name: str) -> Entry:
        found = self._named(kind, name, self._known()) or self._named(kind, name, self._known(fresh=True))
        if not found:
            raise self._not_found(kind, name)
        entry = min(found, key=lambda entry: _LAST.get(entry.state, 0))
        if len(found) > 1 and entry not in self._extras:
            losers = [other for other in found if other.state == "conflict" and other is not entry]
            for other in losers:
                warn(f"{other.label} isn't used: {other.error}")
        return entry

    def _load(self, entry: Entry) -> None:
        if entry.state == "found" and load(entry, self._patience):
            self._report(entry)

    def _report(self, entry: Entry) -> None:
        if entry.state not in _BROKEN:
            return
        if self._hooks is None:
            self._unreported.append(entry.record())
        else:
            self._hooks.report(entry.record())

    def _known(self, *, fresh: bool = False) -> list[Entry]:
        with self._lock:
            if self._entries is None or fresh:
                known = {(entry.kind, entry.name) for entry in self._entries or ()}
                new = [Entry(found) for found in installed(fresh=fresh) if (found.kind, found.name) not in known]
                for entry in new:
                    self._permissions.apply(entry)
                    entry.note_level()
                settle_claims(self._extras, new)
                self._entries = [*(self._entries or self._extras), *new]
            return self._entries

    def _sorted(self, kind: str | None = None) -> list[Entry]:
        wanted = None if kind is None else checked_kind(kind)
        entries = [entry for entry in self._known() if wanted in (None, entry.kind)]
        return sorted(entries, key=lambda entry: (_ORDER[entry.kind], entry.name))

    @staticmethod
    def _named(kind: str, name: str, entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if entry.kind == kind and entry.name == name]

    def _not_found(self, kind: str, name: str) -> PluginNotFoundError:
        from difflib import get_close_matches

        names = self.names(kind)
        near = get_close_matches(name, names, n=3)
        have = f"Did you mean {' or '.join(near)}?" if near else f"Installed: {', '.join(names) or 'none'}."
        advice = f"{have} If there is a plugin for it: pip install {distribution_of(kind, name)}"
        return PluginNotFoundError(f"no {kind} named {name!r} is installed", advice=advice)

    def _refuse_broken(self) -> None:
        self.check()
        for entry in self._sorted():
            if entry.state in _BROKEN:
                raise entry.refusal()
