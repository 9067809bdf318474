"""One call, from the request to the reply: interceptors, ranking, the attempt loop, and those who watch.

What only flows and live sessions need is imported with the first of them: a program that chats has its answer sooner.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from modelscan.client.admission import Metering
from modelscan.client.attempts import AttemptError, attempt_until_done
from modelscan.client.endpoints import Endpoint, Endpoints
from modelscan.client.retry import RetryPolicy
from modelscan.client.sending import Sender
from modelscan.client.sources import LiveSource, NativeSource
from modelscan.client.watching import AttemptWatching, CallWatch, StreamWatch
from modelscan.contracts.policies import Call
from modelscan.errors import InvalidRequestError, ModelScanError
from modelscan.plugins import Plugins
from modelscan.routing.candidates import Candidates, Model, model_name
from modelscan.types.accounts import Candidate
from modelscan.types.context import CallContext

if TYPE_CHECKING:
    from modelscan.client.flows import FlowRunner, Track
    from modelscan.client.live import LiveConnection
    from modelscan.types.realtime import RealtimeConfig
    from modelscan.types.standing import CallEstimate, LimitStatus

Result = TypeVar("Result")

_numbers = itertools.count(1)


class Pipeline:
    """Carries out calls. Built once per client, on the loop that it runs on."""

    def __init__(
        self,
        plugins: Plugins,
        candidates: Candidates,
        endpoints: Endpoints,
        sender: Sender,
        metering: Metering,
        flows: Callable[[], FlowRunner],
        retries: RetryPolicy,
    ) -> None:
        self._hooks = plugins.hooks()
        self._plugins = plugins
        self._candidates = candidates
        self._endpoints = endpoints
        self._sender = sender
        self._metering = metering
        self._flows = flows
        self._retries = retries

    async def run(
        self, capability: str, request: Any, model: Model, context: CallContext, track: Track | None = None
    ) -> Any:
        """The reply Struct of a call, one request or a flow; with a `track` a flow is stored as a job.

        Raises what the last attempt raised.
        """
        call = _call(capability, request, model, context, is_stream=False)

        async def carry_out(endpoint: Endpoint, watching: AttemptWatching) -> Any:
            if endpoint.is_flow(capability):
                reply = await self._flows().run(endpoint, call, watching.headers, track)
            else:
                reply = await self._sender.whole(endpoint, call, watching.headers)
            watching.finished(reply)
            return reply

        watch = CallWatch(self._hooks, call)
        reply = await self._attempted(call, model, watch, carry_out)
        watch.finished(reply)
        return reply

    async def estimated(self, capability: str, request: Any, model: Model, context: CallContext) -> CallEstimate:
        """What a call would take of the candidate that it would go to first. Nothing is sent."""
        from modelscan.client.outlook import estimated

        call = _call(capability, request, model, context, is_stream=False)
        endpoint = self._endpoints.of(self._ranked(call, model)[0])
        return await estimated(self._metering, endpoint, call, request)

    async def limits(self, provider: str | None, context: CallContext) -> tuple[LimitStatus, ...]:
        """How the limits of the configured accounts stand, and the budgets of calls made here."""
        from modelscan.client.outlook import standing_of

        accounts = self._candidates.configured() if provider is None else self._candidates.accounts(provider)
        return await standing_of(self._metering, accounts, provider, context)

    async def open_stream(self, request: Any, model: Model, context: CallContext) -> LiveSource | NativeSource:
        """A chat's stream that holds its first chunks. Raises what the last attempt raised."""
        call = _call("chat", request, model, context, is_stream=True)
        watch = CallWatch(self._hooks, call)

        async def carry_out(endpoint: Endpoint, watching: AttemptWatching) -> LiveSource | NativeSource:
            source = await self._sender.stream(endpoint, call, watching.headers)
            watching.first_chunk()
            source.watch = StreamWatch(watch, watching)
            source.deadline = context.deadline
            return source

        return await self._attempted(call, model, watch, carry_out)

    async def open_live(self, config: RealtimeConfig, model: Model, context: CallContext) -> LiveConnection:
        """A live session whose socket is open. Raises what the last attempt to open one raised."""
        from modelscan.client.live import opened

        call = _call("realtime", config, model, context, is_stream=True)
        watch = CallWatch(self._hooks, call)

        async def carry_out(endpoint: Endpoint, watching: AttemptWatching) -> LiveConnection:
            connection = await opened(self._sender, endpoint, call, watching.headers)
            connection.watch = StreamWatch(watch, watching)
            return connection

        return await self._attempted(call, model, watch, carry_out)

    async def _attempted(
        self,
        call: Call,
        model: Model,
        watch: CallWatch,
        carry_out: Callable[[Endpoint, AttemptWatching], Awaitable[Result]],
    ) -> Result:
        """What the first attempt that works gives; the observers hear of each that fails, and of the call if all do."""

        async def attempt(candidate: Candidate, number: int) -> Result:
            watching = watch.attempt(candidate, number)
            try:
                return await carry_out(self._endpoint(candidate), watching)
            except BaseException as error:
                watching.finished(error=_cause(error))
                raise

        try:
            if self._hooks.intercept:
                await self._hooks.run_interceptors(call)
            return await attempt_until_done(call, self._ranked(call, model), attempt, self._retries)
        except BaseException as error:
            watch.finished(error=error)
            raise

    def _endpoint(self, candidate: Candidate) -> Endpoint:
        """The candidate's endpoint; one that can't be had is a failed attempt, so that the next candidate is asked."""
        try:
            return self._endpoints.of(candidate)
        except ModelScanError as error:
            raise AttemptError(error.about(provider=candidate.provider, model=candidate.model), again=False) from error

    def _ranked(self, call: Call, model: Model) -> Sequence[Candidate]:
        candidates: Sequence[Candidate] = self._candidates.of(model)
        route = self._candidates.route_of(model)
        if route is not None:
            candidates = self._plugins.strategy(route.strategy)().rank(call, candidates)
        if self._hooks.rank:
            candidates = self._hooks.ranked(call, candidates)
        if not candidates:
            raise InvalidRequestError(
                f"no candidate is left for {call.model!r}: the strategy or a hook dropped them all"
            )
        return candidates


def _call(capability: str, request: Any, model: Model, context: CallContext, *, is_stream: bool) -> Call:
    return Call(
        id=f"call-{next(_numbers)}",
        request=request,
        context=context,
        capability=capability,
        model=model_name(model),
        is_stream=is_stream,
    )


def _cause(error: BaseException) -> BaseException:
    return error.error if isinstance(error, AttemptError) else error
