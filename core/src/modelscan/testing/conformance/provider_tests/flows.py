"""Calls of several requests, and live sessions: their first step, and what they do with what they never asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from modelscan.contracts.duplex import DuplexOperation, DuplexSession
from modelscan.contracts.flows import Flow, Lost, Send
from modelscan.contracts.http import HttpResponse, ResponseHead
from modelscan.errors import InvalidRequestError, ModelScanError
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.samples import CANARY, CHAT, REQUESTS
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.types.batch import BatchRequest
from modelscan.types.realtime import RealtimeConfig

_REQUESTS: Final = {**REQUESTS, "batch": BatchRequest(requests=(CHAT,))}
_KEY: Final = "conformance-idempotency-key"
_NONSENSE: Final = (
    HttpResponse(ResponseHead(200), b"<html>"),
    HttpResponse(ResponseHead(200), b""),
    HttpResponse(ResponseHead(200), b"null"),
    HttpResponse(ResponseHead(500), b"{}"),
    HttpResponse(ResponseHead(401), b""),
)


class FlowTests(Fixtures):
    """Jobs, uploads, batches; live sessions."""

    @counts_for("bronze")
    def test_a_flow_begins_the_same_each_time_and_without_a_secret(self, subject: Subject) -> None:
        """Its first request goes to a declared address."""
        bases = tuple(subject.target.base_urls.values())
        for name, first, second in _starts(subject):
            assert first == second, f"the flow of {name} is not deterministic: it begins in two ways"
            shown = f"{first.request.url}{first.request.headers}{first.request.body!r}{first.state!r}"
            assert CANARY not in shown, f"the flow of {name} leaks the key"
            if first.request.auth is not None:
                url = first.request.url
                assert url.startswith(bases), f"the flow of {name} goes to {url}, which is under none of {bases}"

    @counts_for("silver")
    def test_a_flow_s_state_can_be_stored(self, subject: Subject) -> None:
        """Another process goes on with it."""
        for name, first, _ in _starts(subject):
            flow: Flow[Any, Any, Any] = getattr(subject.provider, name)
            assert isinstance(flow.version, int), f"the flow of {name} has no version"
            stored = msgspec.json.encode(first.state)
            again = msgspec.json.decode(stored, type=flow.state_type)
            assert again == first.state, f"the state of {name} comes back as {again} instead of {first.state}"

    @counts_for("silver")
    def test_a_flow_refuses_nonsense_and_survives_a_loss(self, subject: Subject) -> None:
        """Each ends in a next step or in a `ModelScanError`."""
        target = msgspec.structs.replace(subject.target, idempotency_key=_KEY)
        for name, first, _ in _starts(subject):
            flow: Flow[Any, Any, Any] = getattr(subject.provider, name)
            for event in (*_NONSENSE, Lost("the connection was cut")):
                try:
                    flow.resume(first.state, event, _REQUESTS[name], target)
                except ModelScanError:
                    continue
                except Exception as error:  # noqa: BLE001 - whatever else it raises is the fault that is looked for
                    pytest.fail(f"the flow of {name} raises {type(error).__name__} ({error}) after {event}")

    @counts_for("bronze")
    def test_a_live_session_opens_the_same_each_time_and_without_a_secret(self, subject: Subject) -> None:
        """With a fresh state machine."""
        live: Any = subject.provider.realtime
        if not isinstance(live, DuplexOperation):
            not_declared("it has no live sessions")
        for purpose in ("conversation", "transcription"):
            config = RealtimeConfig(purpose=purpose)
            try:
                (first, session), (second, other) = live.open(config, subject.target), live.open(config, subject.target)
            except InvalidRequestError:
                continue
            assert first == second, "a live session isn't deterministic: it opens in two ways"
            assert CANARY not in f"{first.url}{first.headers}", "the request that opens a live session leaks the key"
            assert isinstance(session, DuplexSession), f"{session!r} is no session"
            assert session is not other, "all live sessions share one state machine"


def _starts(subject: Subject) -> Iterator[tuple[str, Send[Any], Send[Any]]]:
    """The two beginnings of each flow, by its capability."""
    target = msgspec.structs.replace(subject.target, idempotency_key=_KEY)
    flows = [name for name in subject.provider.capabilities() if isinstance(getattr(subject.provider, name), Flow)]
    if not flows:
        not_declared("nothing that it does takes several requests")
    for name in flows:
        flow: Flow[Any, Any, Any] = getattr(subject.provider, name)
        try:
            yield name, flow.start(_REQUESTS[name], target), flow.start(_REQUESTS[name], target)
        except InvalidRequestError:
            continue
