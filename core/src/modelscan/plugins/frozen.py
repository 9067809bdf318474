"""The hooks of one client, frozen into tuples: a call goes through these, and never through pluggy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from modelscan.contracts.limiter import Quota
from modelscan.contracts.observed import Attempt, AttemptWatch, Outcome
from modelscan.contracts.plugins import PluginRecord
from modelscan.contracts.policies import Call
from modelscan.errors import ModelScanError, PluginBrokenError
from modelscan.plugins.entries import Entry
from modelscan.plugins.implementations import Implementation
from modelscan.plugins.notices import told, warn
from modelscan.types.accounts import Candidate
from modelscan.types.limits import Limit

_FAILED: Final = object()
"""Stands for the state of a plugin whose start failed: its finish isn't called."""

Implementations = tuple[Implementation, ...]


class Hooks(msgspec.Struct, frozen=True, eq=False):
    """One tuple per hook, in the order in which they are called; the empty ones cost nothing.

    `is_watching` says whether anything observes calls. `watch`, `run_interceptors`, `ranked`, `learned`, `nearly_used`
    and `report` are how a client calls them; `under_way` are the calls whose waits somebody wants to hear of.
    """

    plugin_broken: Implementations = ()
    call_started: Implementations = ()
    intercept: Implementations = ()
    rank: Implementations = ()
    waited: Implementations = ()
    attempt_started: Implementations = ()
    first_chunk: Implementations = ()
    limit_learned: Implementations = ()
    limit_nearly_used: Implementations = ()
    attempt_finished: Implementations = ()
    call_finished: Implementations = ()
    is_watching: bool = False
    _reported: set[tuple[Entry, str]] = set()
    under_way: dict[str, WatchedCall] = {}

    def __post_init__(self) -> None:
        """Every call asks whether anything observes it: that is found out once."""
        of_calls = (self.call_started, self.call_finished, self.waited)
        watching = any((*of_calls, self.attempt_started, self.attempt_finished, self.first_chunk))
        msgspec.structs.force_setattr(self, "is_watching", watching)

    def watch(self, call: Call) -> WatchedCall:
        """Tell the observers that a call begins; what is returned must be told when it ends."""
        if not self.is_watching:
            return _UNWATCHED
        watched = WatchedCall(self, call)
        if self.waited:
            self.under_way[call.id] = watched
        return watched

    def has_waited(self, call: Call, account: str, wait_s: float) -> None:
        """Tell the observers that a call has waited for a limit of an account."""
        watched = self.under_way.get(call.id)
        if watched is not None:
            watched.waited(account, wait_s)

    async def run_interceptors(self, call: Call) -> None:
        """Ask every interceptor. Raises the error of the first that refuses: ModelScan's own as it is."""
        for implementation in self.intercept:
            try:
                await implementation(call)
            except ModelScanError:
                raise
            except (Exception, SystemExit) as error:
                raise self._failure(implementation, error) from error

    def ranked(self, call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates after every `modelscan_rank`. Raises `PluginBrokenError` where one gives no such list."""
        for implementation in self.rank:
            try:
                ranked = implementation(call, candidates)
                _check_ranked(ranked, candidates)
            except (ModelScanError, KeyboardInterrupt):
                raise
            except BaseException as error:
                raise self._failure(implementation, error) from error
            candidates = ranked
        return candidates

    def learned(self, account: str, model: str, limit: Limit) -> None:
        """Tell the observers of a limit that a reply told of."""
        for implementation in self.limit_learned:
            self.tell(implementation, account, model, limit)

    def nearly_used(self, quota: Quota, used: int) -> None:
        """Tell the observers that 80% of a limit or a budget is taken."""
        for implementation in self.limit_nearly_used:
            self.tell(implementation, quota, used)

    def report(self, record: PluginRecord, hook: str = "") -> None:
        """Tell the observers of a plugin that can't be used, or whose implementation of `hook` failed."""
        for implementation in self.plugin_broken:
            self.tell(implementation, record, hook)

    def tell(self, implementation: Implementation, *arguments: Any) -> Any:
        """Call an observer. What it raises is recorded and goes no further; its result is of the plugin's own type."""
        try:
            return implementation(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - not even an exit may reach a call
            self.note(implementation, error)
            return _FAILED

    def note(self, implementation: Implementation, error: BaseException) -> None:
        """Record an implementation's failure, and report it once."""
        entry, hook = implementation.entry, implementation.hook
        if (entry, hook) in self._reported:
            return
        self._reported.add((entry, hook))
        entry.fail("broken", f"its {hook} failed: {told(error)}", cause=error)
        warn(f"{entry.label} is broken: {entry.error}")
        if hook != "modelscan_plugin_broken":
            self.report(entry.record(), hook)

    def _failure(self, implementation: Implementation, error: BaseException) -> PluginBrokenError:
        self.note(implementation, error)
        entry = implementation.entry
        return PluginBrokenError(
            f"{entry.label} broke the call: its {implementation.hook} failed: {told(error)}",
            advice=entry.advice or "Mend it, or leave it out of the client's `plugins`.",
        )


class WatchedCall:
    """One call as its observers follow it, each with a state of its own."""

    __slots__ = ("_call", "_hooks", "_states")

    def __init__(self, hooks: Hooks, call: Call) -> None:
        self._hooks = hooks
        self._call = call
        self._states = {one.entry: hooks.tell(one, call) for one in hooks.call_started}

    def waited(self, account: str, wait_s: float) -> None:
        """A wait for a limit of this account is over."""
        for one in self._hooks.waited:
            self._hooks.tell(one, self._call, _seen(self._states, one), account, wait_s)

    def attempt_started(self, attempt: Attempt) -> WatchedAttempt:
        """An attempt begins; what is returned must be told when it ends."""
        return (
            _UNWATCHED_ATTEMPT if self is _UNWATCHED else WatchedAttempt(self._hooks, self._call, attempt, self._states)
        )

    def finished(self, outcome: Outcome) -> None:
        """The call ended."""
        if self._hooks.under_way:
            self._hooks.under_way.pop(self._call.id, None)
        for one in self._hooks.call_finished:
            if self._states.get(one.entry) is not _FAILED:
                self._hooks.tell(one, self._call, self._states.get(one.entry), outcome)


class WatchedAttempt:
    """One attempt as its observers follow it. `headers` are those that they add to the request."""

    __slots__ = ("_attempt", "_call", "_hooks", "_states", "headers")

    def __init__(self, hooks: Hooks, call: Call, attempt: Attempt, call_states: dict[Entry, object]) -> None:
        self._hooks = hooks
        self._call = call
        self._attempt = attempt
        self._states: dict[Entry, object] = {}
        self.headers: tuple[tuple[str, str], ...] = ()
        for one in hooks.attempt_started:
            self._start(one, hooks.tell(one, call, attempt, _seen(call_states, one)))

    def first_chunk(self, elapsed_s: float) -> None:
        """The first chunk of the attempt's stream is here."""
        for one in self._hooks.first_chunk:
            if self._states.get(one.entry) is not _FAILED:
                self._hooks.tell(one, self._call, self._attempt, self._states.get(one.entry), elapsed_s)

    def finished(self, outcome: Outcome) -> None:
        """The attempt ended."""
        for one in self._hooks.attempt_finished:
            if self._states.get(one.entry) is not _FAILED:
                self._hooks.tell(one, self._call, self._attempt, self._states.get(one.entry), outcome)

    def _start(self, one: Implementation, watch: object) -> None:
        if isinstance(watch, AttemptWatch):
            self._states[one.entry] = watch.state
            self.headers += tuple(watch.headers)
        elif watch is not None:
            self._states[one.entry] = _FAILED
            if watch is not _FAILED:
                self._hooks.note(one, TypeError(f"it returns a {type(watch).__name__}, not an AttemptWatch"))


def _seen(states: dict[Entry, object], implementation: Implementation) -> object:
    state = states.get(implementation.entry)
    return None if state is _FAILED else state


def _check_ranked(ranked: object, candidates: Sequence[Candidate]) -> None:
    if not isinstance(ranked, Sequence):
        raise TypeError(f"it returns a {type(ranked).__name__}, not a list of candidates")
    if not all(candidate in candidates for candidate in ranked):
        raise ValueError("it returns candidates that it wasn't given")


_UNWATCHED: Final = WatchedCall(Hooks(), None)  # type: ignore[arg-type]  # without observers nobody looks at the call
_UNWATCHED_ATTEMPT: Final = WatchedAttempt(Hooks(), None, None, {})  # type: ignore[arg-type]  # nor at its attempts


def freeze(plugins: Sequence[Implementations]) -> Hooks:
    """The hooks of these plugins, given in their order: those marked `tryfirst` go first, `trylast` last."""
    by_hook: dict[str, list[Implementation]] = {}
    for own in plugins:
        for implementation in own:
            by_hook.setdefault(implementation.hook.removeprefix("modelscan_"), []).append(implementation)
    fields: dict[str, Any] = {hook: _ordered(hook, found) for hook, found in by_hook.items()}
    return Hooks(**fields)


def _ordered(hook: str, found: list[Implementation]) -> Implementations:
    ordered = sorted(found, key=lambda one: one.is_last - one.is_first)
    return tuple(reversed(ordered) if hook.endswith("_finished") else ordered)
