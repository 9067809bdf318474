"""One call, from the request to the reply: interceptors, ranking, the attempt loop, and those who watch."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from modelscan.client.attempts import attempt_until_done
from modelscan.client.endpoints import Endpoints
from modelscan.client.retry import RetryPolicy
from modelscan.client.sending import Sender
from modelscan.client.sources import LiveSource, NativeSource
from modelscan.contracts.policies import Call
from modelscan.plugins import Plugins
from modelscan.routing.candidates import Candidates, Model, model_name
from modelscan.types.accounts import Candidate
from modelscan.types.context import CallContext

Result = TypeVar("Result")

_numbers = itertools.count(1)


class Pipeline:
    """Carries out calls. Built once per client, on the loop that it runs on."""

    def __init__(
        self, plugins: Plugins, candidates: Candidates, endpoints: Endpoints, sender: Sender, retries: RetryPolicy
    ) -> None:
        self._hooks = plugins.hooks()
        self._plugins = plugins
        self._candidates = candidates
        self._endpoints = endpoints
        self._sender = sender
        self._retries = retries

    async def run(self, capability: str, request: Any, model: Model, context: CallContext) -> Any:
        """The reply Struct of a call that takes one request. Raises what the last attempt raised."""
        call = self._call(capability, request, model, context, is_stream=False)

        async def attempt(candidate: Candidate, number: int) -> Any:
            return await self._sender.whole(self._endpoints.of(candidate), call)

        return await self._watched(call, model, attempt)

    async def open_stream(self, request: Any, model: Model, context: CallContext) -> LiveSource | NativeSource:
        """A chat's stream that holds its first chunks. Raises what the last attempt raised."""
        call = self._call("chat", request, model, context, is_stream=True)

        async def attempt(candidate: Candidate, number: int) -> LiveSource | NativeSource:
            return await self._sender.stream(self._endpoints.of(candidate), call)

        return await self._watched(call, model, attempt)

    async def _watched(
        self, call: Call, model: Model, attempt: Callable[[Candidate, int], Awaitable[Result]]
    ) -> Result:
        return await attempt_until_done(call, self._ranked(call, model), attempt, self._retries)

    def _ranked(self, call: Call, model: Model) -> Sequence[Candidate]:
        candidates: Sequence[Candidate] = self._candidates.of(model)
        route = self._candidates.route_of(model)
        if route is not None:
            candidates = self._plugins.strategy(route.strategy)().rank(call, candidates)
        return candidates

    def _call(self, capability: str, request: Any, model: Model, context: CallContext, *, is_stream: bool) -> Call:
        return Call(
            id=f"call-{next(_numbers)}",
            request=request,
            context=context,
            capability=capability,
            model=model_name(model),
            is_stream=is_stream,
        )
