"""Every hook that a plugin can implement: this module is the manual, in the order of a run's life.

There are two kinds. **Components** give one object each, by name: their plugin's entry point stands in the group of
its kind, and the object's name is the entry's. **Hooks proper** stand in the group `modelscan.hooks`; a module may
implement any number of them. Either may also be given to one client, without packaging:
`Client(plugins=[module_or_object])`.

What holds for all of them:

- An implementation is a function marked with `@hookimpl`. It may leave out arguments that it doesn't need.
- The order is: marked `tryfirst=True`, then installed plugins by name, then the client's own in the order given, then
  marked `trylast=True`. What finishes something is called in the reverse order of what starts it.
- Hooks are called directly, never through pluggy: wrappers (`wrapper=True`) are refused.
- A plugin says which interface it was written for by `PLUGIN_API = 1` in its module (a provider also by
  `Provider.api`). Without it the current one is assumed.
- Nothing calls caches, filters and stores in this version: their interfaces are fixed before what uses them is built.
- A plugin that can't be used is recorded (`modelscan plugins` shows why) and hurts no other.

`HOOKS` is the same as one table, for programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import pluggy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import click

    from modelscan.contracts.auth import AuthScheme
    from modelscan.contracts.catalog import CatalogSource
    from modelscan.contracts.limiter import Limiter, Quota
    from modelscan.contracts.observed import Attempt, AttemptWatch, Outcome
    from modelscan.contracts.operations import Tokenizer
    from modelscan.contracts.plugins import PluginRecord
    from modelscan.contracts.policies import Cache, Call, Filter, Store, Strategy
    from modelscan.contracts.provider import Provider
    from modelscan.contracts.transport import Transport, TransportOptions
    from modelscan.types.accounts import Candidate
    from modelscan.types.limits import Limit

PLUGIN_API: Final = 1
"""The plugin interface's number. Arguments may be added to a hook without a new one; nothing else may change."""

HOOKS_GROUP: Final = "modelscan.hooks"
HookKind = Literal["component", "observer", "interceptor", "pipeline"]

hookspec = pluggy.HookspecMarker("modelscan")
hookimpl = pluggy.HookimplMarker("modelscan")
"""Marks a function as a plugin's implementation of the hook that it is named after."""


class Hook(NamedTuple):
    """One row of the table. `object` is what the hook gives (components) or what it is about (hooks proper)."""

    name: str
    group: str
    kind: HookKind
    object: str
    when: str
    how_often: str
    is_async: bool
    who_wins: str


# --- Components: one object each, by name ---------------------------------------------------------------------------


@hookspec
def modelscan_command() -> click.Command:  # type: ignore[empty-body]
    """A command of the command line: `modelscan NAME`.

    When: the command is run or its help is shown; once per process. Sync.
    Returns a click command whose `name` is the entry's. A command of the core's own can't be replaced.
    """


@hookspec
def modelscan_provider() -> Provider:  # type: ignore[empty-body]
    """A provider: its connection and its codecs.

    When: a client first needs a model of that name; once per client. Sync, and must not touch a network or a file.
    Returns a `Provider` whose `name` is the entry's, which is also the prefix of its models (`groq/...`).
    """


@hookspec
def modelscan_auth() -> Callable[..., AuthScheme]:  # type: ignore[empty-body]
    """A way to sign requests, for the connections that name it.

    When: a connection first needs it; once per client. Sync.
    Returns the scheme's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    """


@hookspec
def modelscan_transport() -> Callable[[TransportOptions], Transport]:  # type: ignore[empty-body]
    """What really sends requests.

    When: a client that names it (`transport="aiohttp"`) sends its first request; once per client. Sync.
    Returns the transport's class or factory, whose `name` is the entry's; it is called with the client's
    `TransportOptions` on the event loop that the transport belongs to.
    """


@hookspec
def modelscan_limiter() -> Callable[..., Limiter]:  # type: ignore[empty-body]
    """What grants every attempt its lease over limits and budgets.

    When: a client that names it is built; once per client. Sync.
    Returns the limiter's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    A client gives `longest_wait_s` and `watch` (a `modelscan.contracts.limiter.Watcher`) to one that takes them.
    """


@hookspec
def modelscan_strategy() -> Callable[..., Strategy]:  # type: ignore[empty-body]
    """How a route's candidates are ranked.

    When: a route that names it (`Route("cheapest")`) is first called; once per client. Sync.
    Returns the strategy's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    Pairs with `modelscan_rank`, which gets the strategy's list and has the last word.
    """


@hookspec
def modelscan_cache() -> Callable[..., Cache]:  # type: ignore[empty-body]
    """Where replies are kept.

    When: a client that names it makes its first call; once per client. Sync.
    Returns the cache's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    """


@hookspec
def modelscan_filter() -> Callable[..., Filter]:  # type: ignore[empty-body]
    """What checks requests and replies.

    When: a client that names it makes its first call; once per client. Sync.
    Returns the filter's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    """


@hookspec
def modelscan_tokenizer() -> Tokenizer:  # type: ignore[empty-body]
    """What counts tokens without a network.

    When: tokens of a model are first counted; once per client. Sync: a vocabulary is loaded by the first `count`.
    Returns a tokenizer whose `name` is the entry's.
    """


@hookspec
def modelscan_store() -> Callable[..., Store]:  # type: ignore[empty-body]
    """Where vectors are kept and searched.

    When: a program first asks for it by name; once per client. Sync.
    Returns the store's class or factory, whose `name` is the entry's; it takes keyword options, all with defaults.
    """


@hookspec
def modelscan_catalog_source() -> CatalogSource:  # type: ignore[empty-body]
    """Where the catalog gets more data from.

    When: a provider's data is first asked for, and with every `modelscan catalog seed`; once per catalog. Sync, and off
    the event loop.
    Returns a catalog source whose `name` is the entry's. Its data wins, key by key, over that of a provider's package.
    """


# --- Hooks proper: the life of a call -------------------------------------------------------------------------------


@hookspec
def modelscan_plugin_broken(record: PluginRecord, hook: str) -> None:
    """A plugin turned out to be unusable.

    When: it fails to load (`hook` is empty), or its implementation of `hook` fails; once per plugin and hook. What
    failed before the client was built is told right after. Sync; an observer: its errors are recorded, no more.
    Pairs with nothing.
    """


@hookspec
def modelscan_call_started(call: Call) -> object:
    """A call begins: before filters, interceptors and caches.

    When: once per call, streams too. Sync, on the event loop: it must be quick. An observer: its errors are recorded
    and never reach the call.
    What it returns is the plugin's state for this call, of any type: each plugin sees only its own.
    Pairs with `modelscan_call_finished`, which isn't called for a plugin that failed here.
    """


@hookspec
async def modelscan_intercept(call: Call) -> None:
    """A call may be recorded, audited or refused before anything is done for it.

    When: once per call, after the filters and before the cache. Async: each is awaited in order before the next.
    An interceptor: raising refuses the call, with any error of ModelScan's as it is and any other as the cause of a
    `PluginBrokenError`; the rest aren't asked then.
    """


@hookspec
def modelscan_rank(call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:  # type: ignore[empty-body]
    """The candidates of a call, best first.

    When: once per call that the cache doesn't answer, after the route's strategy. Sync.
    A pipeline: each gets the list that the one before returned and may reorder or drop; the last one wins. Adding a
    candidate, returning anything but candidates, or raising fails the call, since a list that was to be narrowed must
    not be used as it is.
    """


@hookspec
def modelscan_waited(call: Call, call_state: object, account: str, wait_s: float) -> None:
    """A call has waited for a limit of `account` (`provider/name`).

    When: after every wait, before the attempt it was for. Sync; an observer: its errors are recorded and never reach
    the call. `call_state` is what this plugin's `modelscan_call_started` returned.
    """


@hookspec
def modelscan_attempt_started(call: Call, attempt: Attempt, call_state: object) -> AttemptWatch | None:
    """An attempt begins: one candidate is about to be asked.

    When: once per attempt, retries and fallbacks too. Sync; an observer: its errors are recorded and never reach the
    call. `call_state` is what this plugin's `modelscan_call_started` returned.
    Returns an `AttemptWatch` with the plugin's state for this attempt, and headers to add to the request; or None.
    Pairs with `modelscan_attempt_finished`, which isn't called for a plugin that failed here.
    """


@hookspec
def modelscan_first_chunk(call: Call, attempt: Attempt, state: object, elapsed_s: float) -> None:
    """The first chunk of a stream is here, `elapsed_s` after its attempt began.

    When: once per attempt that streams, never for one that fails before. Sync; an observer: its errors are recorded
    and never reach the call. `state` is the attempt's.
    """


@hookspec
def modelscan_limit_learned(account: str, model: str, limit: Limit) -> None:
    """A reply told of a limit that wasn't known, or isn't what was known.

    When: once per change. Sync; an observer: its errors are recorded and never reach a call. It belongs to no call.
    """


@hookspec
def modelscan_limit_nearly_used(quota: Quota, used: int) -> None:
    """80% of a limit or of a budget is taken: `used` of `quota.amount`, in its unit, money in billionths.

    When: a call takes it past 80%, once until it has fallen below again. Sync, inside of the reservation: it must be
    quick. An observer: its errors are recorded and never reach a call. It belongs to no call.
    """


@hookspec
def modelscan_attempt_finished(call: Call, attempt: Attempt, state: object, outcome: Outcome) -> None:
    """An attempt ended: with a reply, an error, or the end of its stream.

    When: once per attempt. Sync; an observer: its errors are recorded and never reach the call.
    Pairs with `modelscan_attempt_started`, whose `AttemptWatch.state` is `state` (None without one).
    """


@hookspec
def modelscan_call_finished(call: Call, state: object, outcome: Outcome) -> None:
    """A call ended: its reply is about to be handed over, its stream was closed, or its error is about to be raised.

    When: once per call, whatever happened in it, cancelling too. Sync; an observer: its errors are recorded and never
    reach the call.
    Pairs with `modelscan_call_started`, which returned `state`.
    """


# --- The same as a table --------------------------------------------------------------------------------------------


def _component(kind: str, object_: str, when: str, *, group: str = "", how_often: str = "once per client") -> Hook:
    return Hook(
        name=f"modelscan_{kind}",
        group=f"modelscan.{group or kind + 's'}",
        kind="component",
        object=object_,
        when=when,
        how_often=how_often,
        is_async=False,
        who_wins="modelscan-<kind>-<name>, then the core's own; of two others neither",
    )


def _observer(event: str, object_: str, when: str, how_often: str) -> Hook:
    return _proper(event, "observer", object_, when, how_often=how_often, who_wins="nobody: all are told")


def _proper(event: str, kind: HookKind, object_: str, when: str, *, how_often: str, who_wins: str) -> Hook:
    return Hook(
        name=f"modelscan_{event}",
        group=HOOKS_GROUP,
        kind=kind,
        object=object_,
        when=when,
        how_often=how_often,
        is_async=kind == "interceptor",
        who_wins=who_wins,
    )


HOOKS: Final = (
    _component("command", "a click command", "the command is run or helped with", how_often="once per process"),
    _component("provider", "Provider", "a model of that name is first needed"),
    _component("auth", "a factory of AuthScheme", "a connection first needs it", group="auth"),
    _component("transport", "a factory of Transport", "the first request is sent"),
    _component("limiter", "a factory of Limiter", "the client is built"),
    _component("strategy", "a factory of Strategy", "a route that names it is first called", group="strategies"),
    _component("cache", "a factory of Cache", "the first call is made"),
    _component("filter", "a factory of Filter", "the first call is made"),
    _component("tokenizer", "Tokenizer", "tokens are first counted"),
    _component("store", "a factory of Store", "a program first asks for it"),
    _component("catalog_source", "CatalogSource", "a provider's data is first asked for", how_often="once per catalog"),
    _observer(
        "plugin_broken", "PluginRecord", "a plugin fails to load, or one of its hooks fails", "once per plugin and hook"
    ),
    _observer("call_started", "Call", "a call begins", "once per call"),
    _proper(
        "intercept",
        "interceptor",
        "Call",
        "after the filters, before the cache",
        how_often="once per call",
        who_wins="the first that raises refuses the call",
    ),
    _proper(
        "rank",
        "pipeline",
        "candidates",
        "after the strategy",
        how_often="once per call that the cache doesn't answer",
        who_wins="the last: each gets the list of the one before",
    ),
    _observer("waited", "Call", "a wait for a limit is over", "once per wait"),
    _observer("attempt_started", "Attempt", "a candidate is about to be asked", "once per attempt"),
    _observer("first_chunk", "Attempt", "the first chunk of a stream is here", "once per attempt that streams"),
    _observer("limit_learned", "Limit", "a reply told of another limit", "once per change"),
    _observer("limit_nearly_used", "Quota", "a call takes a limit or budget past 80%", "once until it falls below"),
    _observer("attempt_finished", "Attempt", "an attempt ended", "once per attempt"),
    _observer("call_finished", "Call", "a call ended", "once per call"),
)
"""Every hook, in the order of this module."""
