"""Hooks proper: their order, their states, and that what breaks in them stays in them."""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from modelscan.contracts.observed import Attempt, AttemptWatch, Outcome
from modelscan.contracts.plugins import PluginRecord
from modelscan.contracts.policies import Call
from modelscan.errors import InvalidRequestError, PluginBrokenError
from modelscan.hookspecs import hookimpl
from modelscan.plugins import Hooks, Plugins, notices
from modelscan.types.accounts import Account, Candidate
from modelscan.types.context import CallContext
from modelscan.types.limits import Limit

from .conftest import Site

CALL = Call(id="call-1", request=None, context=CallContext(), capability="chat", model="a/b")
CANDIDATES = [Candidate(account=Account(provider=name), model="m") for name in ("one", "two", "three")]
ATTEMPT = Attempt(number=1, candidate=CANDIDATES[0], call_id="call-1")
OUTCOME = Outcome(duration_s=0.5, attempts=1)


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_told", set())


def hooks_of(*extra: object) -> Hooks:
    return Plugins(extra=extra, allow=["hook:none"]).hooks()


class Tracer:
    """Follows everything, with a state of its own for the call and for the attempt."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[object] = []

    @hookimpl
    def modelscan_call_started(self, call: Call) -> str:
        return f"{self.name}:{call.id}"

    @hookimpl
    def modelscan_attempt_started(self, attempt: Attempt, call_state: str) -> AttemptWatch:
        return AttemptWatch(f"{call_state}#{attempt.number}", (("traceparent", self.name),))

    @hookimpl
    def modelscan_waited(self, call_state: str, account: str, wait_s: float) -> None:
        self.seen.append((call_state, account, wait_s))

    @hookimpl
    def modelscan_first_chunk(self, state: str, elapsed_s: float) -> None:
        self.seen.append((state, elapsed_s))

    @hookimpl
    def modelscan_attempt_finished(self, state: str, outcome: Outcome) -> None:
        self.seen.append((state, outcome.duration_s))

    @hookimpl
    def modelscan_call_finished(self, call: Call, state: str, outcome: Outcome) -> None:
        self.seen.append((state, outcome.attempts))

    @hookimpl
    def modelscan_limit_learned(self, account: str, limit: Limit) -> None:
        self.seen.append((account, limit.amount))


class Listener:
    """Hears of broken plugins."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []

    @hookimpl
    def modelscan_plugin_broken(self, record: PluginRecord, hook: str) -> None:
        self.heard.append((record.name, hook, record.state))


def follow(hooks: Hooks) -> tuple[tuple[str, str], ...]:
    """One call from start to finish."""
    watch = hooks.watch(CALL)
    watch.waited("one/default", 0.25)
    attempt = watch.attempt_started(ATTEMPT)
    attempt.first_chunk(0.1)
    attempt.finished(OUTCOME)
    watch.finished(OUTCOME)
    return attempt.headers


def test_each_observer_gets_its_own_state_back() -> None:
    one, two = Tracer("one"), Tracer("two")
    follow(hooks_of(one, two))
    for tracer in (one, two):
        call = f"{tracer.name}:call-1"
        assert tracer.seen == [(call, "one/default", 0.25), (f"{call}#1", 0.1), (f"{call}#1", 0.5), (call, 1)]


def test_the_headers_of_all_observers_are_added_in_order() -> None:
    headers = follow(hooks_of(Tracer("one"), Tracer("two")))
    assert headers == (("traceparent", "one"), ("traceparent", "two"))


def test_without_observers_all_calls_share_one_watch_that_does_nothing() -> None:
    hooks = Hooks()
    watch = hooks.watch(CALL)
    assert watch is hooks.watch(CALL)
    assert watch.attempt_started(ATTEMPT) is watch.attempt_started(ATTEMPT)
    assert follow(hooks) == ()


async def test_a_client_without_hooks_has_empty_tuples() -> None:
    hooks = hooks_of()
    assert not hooks.is_watching
    await hooks.run_interceptors(CALL)
    assert hooks.ranked(CALL, CANDIDATES) is CANDIDATES


def test_a_learned_limit_is_told() -> None:
    tracer = Tracer("one")
    hooks_of(tracer).learned("one/default", "m", Limit("requests", 5, window_s=60))
    assert tracer.seen == [("one/default", 5)]


def ordered(name: str, order: list[str], *, tryfirst: bool = False, trylast: bool = False) -> SimpleNamespace:
    def started(call: Call) -> None:
        order.append(name)

    def finished(call: Call, outcome: Outcome) -> None:
        order.append(f"/{name}")

    mark_start = hookimpl(specname="modelscan_call_started", tryfirst=tryfirst, trylast=trylast)
    mark_finish = hookimpl(specname="modelscan_call_finished", tryfirst=tryfirst, trylast=trylast)
    return SimpleNamespace(started=mark_start(started), finished=mark_finish(finished))


def test_tryfirst_goes_first_trylast_goes_last_and_what_finishes_goes_in_reverse() -> None:
    order: list[str] = []
    plugins = [
        ordered("last", order, trylast=True),
        ordered("a", order),
        ordered("b", order),
        ordered("first", order, tryfirst=True),
    ]
    watch = hooks_of(*plugins).watch(CALL)
    watch.finished(OUTCOME)
    assert order == ["first", "a", "b", "last", "/last", "/b", "/a", "/first"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), asyncio.CancelledError()])
def test_an_observers_error_is_recorded_reported_once_and_reaches_no_call(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        @hookimpl
        def modelscan_call_finished(self) -> None:
            raise error

    listener, tracer = Listener(), Tracer("one")
    plugins = Plugins(extra=[Broken(), listener, tracer], allow=["hook:none"])
    hooks = plugins.hooks()
    with caplog.at_level(logging.WARNING, "modelscan"):
        follow(hooks)
        follow(hooks)
    assert listener.heard == [("Broken", "modelscan_call_finished", "broken")]
    assert len(tracer.seen) == 8
    record = next(record for record in plugins.records("hook") if record.name == "Broken")
    assert record.state == "broken"
    assert f"its modelscan_call_finished failed: {type(error).__name__}" in record.error
    assert len(caplog.records) == 1


def test_ctrl_c_in_an_observer_gets_through() -> None:
    class Interrupted:
        @hookimpl
        def modelscan_call_started(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hooks_of(Interrupted()).watch(CALL)


def test_an_observer_whose_start_failed_isnt_asked_to_finish() -> None:
    finished: list[str] = []

    class Broken:
        @hookimpl
        def modelscan_call_started(self) -> None:
            raise ValueError

        @hookimpl
        def modelscan_call_finished(self) -> None:
            finished.append("call")

        @hookimpl
        def modelscan_attempt_started(self, call_state: object) -> None:
            assert call_state is None
            raise ValueError

        @hookimpl
        def modelscan_first_chunk(self) -> None:
            finished.append("chunk")

        @hookimpl
        def modelscan_attempt_finished(self) -> None:
            finished.append("attempt")

    assert follow(hooks_of(Broken())) == ()
    assert finished == []


def test_an_attempts_observer_that_returns_something_else_than_a_watch_is_broken() -> None:
    class Careless:
        @hookimpl
        def modelscan_attempt_started(self) -> dict[str, str]:
            return {"traceparent": "1"}

    plugins = Plugins(extra=[Careless()], allow=["hook:none"])
    assert follow(plugins.hooks()) == ()
    assert "returns a dict, not an AttemptWatch" in plugins.records("hook")[-1].error


def test_an_observer_without_a_start_gets_no_state() -> None:
    seen: list[object] = []

    class Finishing:
        @hookimpl
        def modelscan_attempt_started(self) -> None:
            return None

        @hookimpl
        def modelscan_attempt_finished(self, state: object) -> None:
            seen.append(state)

        @hookimpl
        def modelscan_call_finished(self, state: object) -> None:
            seen.append(state)

    follow(hooks_of(Finishing()))
    assert seen == [None, None]


def test_an_error_in_the_observer_of_errors_ends_there() -> None:
    class Nervous:
        @hookimpl
        def modelscan_call_started(self) -> None:
            raise ValueError

        @hookimpl
        def modelscan_plugin_broken(self) -> None:
            raise ValueError

    listener = Listener()
    follow(hooks_of(Nervous(), listener))
    assert listener.heard == [("Nervous", "modelscan_call_started", "broken")]


def test_a_plugin_that_broke_before_the_hooks_were_built_is_reported_when_they_are(site: Site) -> None:
    site.plugin("provider", "early", "1 / 0")
    site.plugin("provider", "late", "1 / 0")
    site.plugin("hook", "broken", "1 / 0")
    listener = Listener()
    plugins = Plugins(extra=[listener])
    with pytest.raises(PluginBrokenError):
        plugins.provider("early")
    plugins.hooks()
    with pytest.raises(PluginBrokenError):
        plugins.provider("late")
    assert listener.heard == [(name, "", "broken") for name in ("early", "broken", "late")]


class Interceptor:
    def __init__(self, name: str, order: list[str], error: BaseException | None = None) -> None:
        self.name, self.order, self.error = name, order, error

    @hookimpl
    async def modelscan_intercept(self, call: Call) -> None:
        await asyncio.sleep(0)
        self.order.append(self.name)
        if self.error is not None:
            raise self.error


async def test_interceptors_are_awaited_in_order() -> None:
    order: list[str] = []
    await hooks_of(Interceptor("a", order), Interceptor("b", order)).run_interceptors(CALL)
    assert order == ["a", "b"]


async def test_an_interceptor_refuses_a_call_with_its_own_error_and_the_rest_arent_asked() -> None:
    order: list[str] = []
    refusal = InvalidRequestError("not on Sundays")
    hooks = hooks_of(Interceptor("a", order, refusal), Interceptor("b", order))
    with pytest.raises(InvalidRequestError) as caught:
        await hooks.run_interceptors(CALL)
    assert caught.value is refusal
    assert order == ["a"]


@pytest.mark.parametrize("error", [RuntimeError("disk full"), SystemExit(2)])
async def test_an_interceptor_that_breaks_stops_the_call_and_is_named(error: BaseException) -> None:
    with pytest.raises(
        PluginBrokenError, match="'Interceptor' broke the call: its modelscan_intercept failed"
    ) as caught:
        await hooks_of(Interceptor("a", [], error)).run_interceptors(CALL)
    assert caught.value.__cause__ is error


async def test_cancelling_a_call_while_it_is_intercepted_is_no_fault_of_the_plugin() -> None:
    plugins = Plugins(extra=[Interceptor("a", [], asyncio.CancelledError())], allow=["hook:none"])
    with pytest.raises(asyncio.CancelledError):
        await plugins.hooks().run_interceptors(CALL)
    assert plugins.records("hook")[-1].state == "loaded"


@hookimpl
def modelscan_rank(call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    return sorted(candidates, key=lambda candidate: candidate.provider)


class Dropping:
    def __init__(self, count: int) -> None:
        self.count = count

    @hookimpl
    def modelscan_rank(self, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return candidates[self.count :]


def test_each_ranking_gets_the_list_of_the_one_before() -> None:
    ranked = hooks_of(modelscan_rank, Dropping(1)).ranked(CALL, CANDIDATES)
    assert [candidate.provider for candidate in ranked] == ["three", "two"]


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        (None, "returns a NoneType, not a list of candidates"),
        ([Candidate(account=Account(provider="smuggled"), model="m")], "returns candidates that it wasn't given"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (SystemExit(1), "SystemExit: 1"),
    ],
)
def test_a_ranking_that_breaks_fails_the_call_rather_than_letting_dropped_candidates_through(
    returned: Any, error: str
) -> None:
    class Broken:
        @hookimpl
        def modelscan_rank(self) -> Any:
            if isinstance(returned, BaseException):
                raise returned
            return returned

    with pytest.raises(PluginBrokenError) as caught:
        hooks_of(Broken()).ranked(CALL, CANDIDATES)
    assert error in caught.value.message


def test_a_ranking_may_refuse_the_call() -> None:
    class Refusing:
        @hookimpl
        def modelscan_rank(self) -> Sequence[Candidate]:
            raise InvalidRequestError("no model is good enough")

    with pytest.raises(InvalidRequestError, match="good enough"):
        hooks_of(Refusing()).ranked(CALL, CANDIDATES)


OBSERVER = """
from modelscan.hookspecs import hookimpl
seen = []
@hookimpl
def modelscan_call_started(call):
    seen.append(call.id)
"""


def test_installed_hooks_are_loaded_with_the_first_client_by_name(site: Site) -> None:
    site.plugin("hook", "b", OBSERVER)
    site.plugin("hook", "a", OBSERVER)
    plugins = Plugins()
    hooks = plugins.hooks()
    assert [one.entry.name for one in hooks.call_started] == ["a", "b"]
    assert plugins.hooks() is hooks
    hooks.watch(CALL)
    assert importlib.import_module("fake_hook_a").seen == ["call-1"]


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("1 / 0", "division by zero"),
        ("", "it implements no hook"),
        (OBSERVER.replace("(call)", "(kall)"), "'kall'"),
        (OBSERVER.replace("modelscan_call_started", "modelscan_call_start"), "did you mean modelscan_call_started?"),
        (OBSERVER.replace("def ", "async def "), "modelscan_call_started must be a plain `def`: nobody awaits it"),
        (
            OBSERVER.replace("modelscan_call_started", "modelscan_intercept"),
            "modelscan_intercept must be `async def`: it is awaited",
        ),
    ],
)
def test_a_hook_plugin_that_cant_be_loaded_is_left_out_with_one_line_for_the_user(
    site: Site, caplog: pytest.LogCaptureFixture, source: str, error: str
) -> None:
    site.plugin("hook", "bad", source)
    site.plugin("hook", "good", OBSERVER)
    with caplog.at_level(logging.WARNING, "modelscan"):
        hooks = Plugins().hooks()
    assert [one.entry.name for one in hooks.call_started] == ["good"]
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert messages[0].startswith("hook 'bad' of modelscan-hook-bad is left out: ")
    assert error in messages[0]


def test_a_hook_that_only_newer_cores_know_may_be_marked_optional(site: Site) -> None:
    more = "@hookimpl(optionalhook=True)\ndef modelscan_of_the_future():\n    pass\n"
    site.plugin("hook", "new", OBSERVER + more)
    assert [one.hook for one in Plugins().hooks().call_started] == ["modelscan_call_started"]


def test_a_blocked_hook_plugin_is_not_imported(site: Site) -> None:
    site.plugin("hook", "bad", "1 / 0")
    plugins = Plugins(block=["hook:bad"])
    assert plugins.hooks().call_started == ()
    assert next(record for record in plugins.records("hook") if record.name == "bad").state == "blocked"
