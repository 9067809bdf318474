"""Flows: calls of several requests, run step by step through the rooms that a call of one request goes through.

The first request takes the lease, which ends with the flow; those after it take no limits of their own, and what is
transient in their answers is tried again here where the request may be sent twice. The first request's failures are
the attempt loop's business, as any attempt's are.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final
from uuid import uuid4

import attrs
import msgspec

from modelscan.client.endpoints import Endpoint
from modelscan.client.retry import RetryPolicy, is_worth_repeating
from modelscan.client.sending import Sender, failed
from modelscan.client.sinks import Sink
from modelscan.client.sources import stamped
from modelscan.client.stored import StoredJob, StoredStep
from modelscan.contracts.flows import Done, Event, Flow, Lost, Send, Wait, Woken
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Repeat
from modelscan.contracts.policies import Call
from modelscan.contracts.transport import Exchange
from modelscan.errors import ModelScanError, ProviderError, TransportError
from modelscan.limits.held import HeldLease
from modelscan.types import versioned
from modelscan.types.usage import REFUSED
from modelscan.wire.failures import provider_error

_CANCEL_S: Final = 5.0


@attrs.define(eq=False)
class Track:
    """A job, as its owner and the runner of its flow share it.

    `step` is where an earlier process left it; `is_left` says that this one leaves it too: it is not to be cancelled.
    `is_stored` says that this process has stored a step.
    """

    job: StoredJob
    step: StoredStep | None = None
    is_left: bool = False
    is_stored: bool = False
    progress: float | None = None
    has_begun: asyncio.Event = attrs.field(factory=asyncio.Event)


class FlowRunner:
    """Runs flows. `later` sends the requests after the first: over the same transport, and without limits."""

    def __init__(self, sender: Sender, later: Sender, retries: RetryPolicy) -> None:
        self._sender = sender
        self._later = later
        self._retries = retries

    async def run(self, endpoint: Endpoint, call: Call, headers: Headers = (), track: Track | None = None) -> Any:
        """The flow's reply, told its provider and model.

        Raises `AttemptError` where another attempt or candidate may do better: before the vendor has taken the first
        request, and where the vendor's job failed. Any other error ends the call and leaves a job to be resumed.
        """
        lease: HeldLease | None = None
        run: _Run | None = None
        try:
            flow = endpoint.operation(call.capability, "whole")
            asked = await self._sender.asked(endpoint, call)
            lease, asked = await self._lease(endpoint, call, asked, track)
            way = _Way(self._sender, self._later, self._retries, endpoint, call, headers, lease)
            run = _Run(way, flow, asked, track)
            reply = await run.reply()
            lease.settle(getattr(reply, "usage", REFUSED))
            return stamped(reply, endpoint, lease, way.response)
        except ModelScanError as error:
            found = failed(error, endpoint, call, "unsafe" if run is None else run.repeat, lease)
            if run is None or await run.is_for_another_attempt(error):
                raise found from error
            raise
        except asyncio.CancelledError:
            if run is not None:
                await run.cancelled()
            raise
        finally:
            if lease is not None:
                lease.close()

    async def _lease(self, endpoint: Endpoint, call: Call, asked: Any, track: Track | None) -> tuple[HeldLease, Any]:
        if track is not None and track.step is not None and track.step.lease:
            return await self._sender.taken_on(endpoint, call, asked, track.step.lease), asked
        return await self._sender.admitted(endpoint, call, asked)


@attrs.define(eq=False)
class _Way:
    """The way of one flow's requests to the vendor: the first with the lease, the others without limits."""

    sender: Sender
    later: Sender
    retries: RetryPolicy
    endpoint: Endpoint
    call: Call
    headers: Headers
    lease: HeldLease
    sink: Sink = attrs.field(factory=Sink)
    sent: int = 0
    losses: int = 0
    response: HttpResponse | None = None

    async def event(self, request: HttpRequest) -> HttpResponse | Lost:
        """What becomes of a request. Raises `TransportError` where it wasn't sent, or may be sent again at will."""
        self.sent += 1
        try:
            self.response = await (self._again(request) if self.lease.was_sent else self._first(request))
        except TransportError as error:
            self.losses += 1
            if error.phase == "connect" or request.repeat != "unsafe" or self.losses > self.retries.max_attempts:
                raise
            return Lost.of(error)
        self.losses = 0
        return self.response

    async def _first(self, request: HttpRequest) -> HttpResponse:
        exchange = await self.sender.authorised(self.endpoint, self.call, request, self.lease, self.headers)
        return await self._read(self.sender, request, exchange)

    async def _again(self, request: HttpRequest) -> HttpResponse:
        """The answer, after as many attempts as the policy has where it was a transient failure."""
        failures = 0
        while True:
            failures += 1
            error: ModelScanError | None
            try:
                response = await self.plain(request)
                error = self._error(request, response)
                if error is None:
                    return response
            except TransportError as broken:
                error = broken
                if not is_worth_repeating(broken, request.repeat, has_key=True, was_sent=True):
                    raise
            wait_s = self.retries.wait_s(error, failures)
            if wait_s is None:
                if isinstance(error, TransportError):
                    raise error
                return response
            await asyncio.sleep(wait_s)

    async def plain(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request that takes no limits."""
        lease, _ = await self.later.admitted(self.endpoint, self.call, self.call.request)
        try:
            exchange = await self.later.authorised(self.endpoint, self.call, request, lease, self.headers)
            return await self._read(self.later, request, exchange)
        finally:
            lease.close()

    async def _read(self, sender: Sender, request: HttpRequest, exchange: Exchange) -> HttpResponse:
        if not request.sink or exchange.head.status >= 300:
            return await sender.read(exchange)
        try:
            return HttpResponse(exchange.head, file=await self.sink.write(exchange))
        finally:
            await exchange.close()

    def _error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """The transient error in an answer, where the request may be sent once more."""
        if request.repeat == "unsafe":
            return None
        error = self.endpoint.provider.errors.error(response)
        if error is None and response.status >= 400:
            error = provider_error(response)
        return error if error is not None and error.retryable else None


class _Run:
    """One flow under way."""

    def __init__(self, way: _Way, flow: Flow[Any, Any, Any], asked: Any, track: Track | None) -> None:
        self._way = way
        self._flow = flow
        self._asked = asked
        self._track = track
        self._from = track.step if track is not None else None
        given = way.call.context.idempotency_key or (track.job.id if track is not None else uuid4().hex)
        self._key = given if self._from is None else self._from.idempotency_key
        self._target = msgspec.structs.replace(way.endpoint.target, idempotency_key=self._key)
        self._state: Any = None
        self._has_failed = False
        self._is_stored = self._from is not None
        self._token = self._from.lease if self._from else b""
        self.repeat: Repeat = "unsafe"

    async def reply(self) -> Any:
        """The reply at the flow's end."""
        step = self._begun()
        while not isinstance(step, Done):
            self._state = step.state
            await self._store(step)
            event: Event
            if isinstance(step, Send):
                self.repeat = step.request.repeat
                event = await self._way.event(step.request)
            else:
                await asyncio.sleep(max(0.0, step.seconds))
                event = Woken()
            step = self._next(event)
        await self._forget()
        return step.reply

    async def is_for_another_attempt(self, error: ModelScanError) -> bool:
        """Whether the attempt loop should hear of the error: the flow has failed, or it hasn't really begun."""
        self._way.sink.drop()
        is_new = self._from is None and self._way.sent <= 1
        if self._has_failed:
            if is_new and isinstance(error, ProviderError):
                self._way.lease.settle(REFUSED)
            if not error.retryable:
                await self._forget()
        return is_new or (self._has_failed and not error.retryable)

    async def cancelled(self) -> None:
        """Stop the vendor's job, within a few seconds, unless another process is to go on with it."""
        self._way.sink.drop()
        if self._track is not None and self._track.is_left:
            if self._token:
                self._way.lease.leave()
            return
        request = None if self._state is None else self._flow.cancel(self._state, self._target)
        if request is not None:
            with suppress(ModelScanError, TimeoutError):
                async with asyncio.timeout(_CANCEL_S):
                    await self._way.plain(request)
        await self._forget()

    def _begun(self) -> Send[Any] | Wait[Any] | Done[Any]:
        if self._from is None:
            return self._flow.start(self._asked, self._target)
        self._state = self._from.state_of(self._flow)
        return self._next(Lost("the process that sent it has ended") if self._from.is_sent else Woken())

    def _next(self, event: Event) -> Send[Any] | Wait[Any] | Done[Any]:
        try:
            return self._flow.resume(self._state, event, self._asked, self._target)
        except ModelScanError:
            self._has_failed = True
            raise

    async def _store(self, step: Send[Any] | Wait[Any]) -> None:
        track = self._track
        if track is None:
            return
        if not self._is_stored:
            await track.job.put_request(self._asked)
            self._is_stored = True
        if self._way.lease.was_sent and not self._token:
            self._token = self._way.lease.carry(self._way.sender.attach)
        account = self._way.endpoint.candidate.account
        stored = StoredStep(
            provider=account.provider,
            account=account.name,
            model=self._target.model,
            capability=self._way.call.capability,
            idempotency_key=self._key,
            flow_version=self._flow.version,
            is_sent=isinstance(step, Send),
            state=versioned.dump(step.state),
            lease=self._token,
        )
        await track.job.put_step(stored)
        track.progress = step.progress if isinstance(step, Wait) else track.progress
        track.is_stored = True
        track.has_begun.set()

    async def _forget(self) -> None:
        if self._track is not None:
            await self._track.job.forget()
