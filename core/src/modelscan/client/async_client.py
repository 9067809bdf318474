"""The asynchronous client: the public surface, thin over the pipeline.

Jobs, live sessions and streams are imported with the first of each: a program that needs none has its answer sooner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

import msgspec

from modelscan.client import context as contexts
from modelscan.client.assembly import Assembly
from modelscan.client.client_arguments import ClientArguments
from modelscan.client.configuration import load
from modelscan.client.options import CallOptions, ChatOptions, Prompt, chat_request
from modelscan.client.pipeline import Pipeline
from modelscan.client.settings import Settings
from modelscan.client.sources import LiveSource, NativeSource, request_id, stamped
from modelscan.client.structured import asking_for, parsed
from modelscan.errors import ModelScanError
from modelscan.routing.candidates import Model
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Image
from modelscan.types.context import CallContext
from modelscan.types.embed import EmbedPurpose, EmbedReply, EmbedRequest

if TYPE_CHECKING:
    from modelscan.client.jobs import Job, Jobs
    from modelscan.client.live import LiveConnection, LiveSession
    from modelscan.streams.stream import ChatStream, Source
    from modelscan.types.realtime import RealtimeConfig
    from modelscan.types.standing import CallEstimate, LimitStatus

T = TypeVar("T")


class AsyncClient:
    """One client for all providers. Use it inside `async with`, on one event loop; it is cheap to make.

    `ClientArguments` says what it takes. Raises `ConfigurationError` for what it doesn't know.
    """

    def __init__(self, **arguments: Unpack[ClientArguments]) -> None:
        unknown = arguments.keys() - ClientArguments.__annotations__.keys()
        if unknown:
            raise TypeError(f"a client takes no argument {min(unknown)!r}")
        mock = arguments.get("mock")
        transport = mock or arguments.get("transport")
        given = {
            **arguments.get("settings", {}),
            "client.transport": transport if isinstance(transport, str) else None,
            "base_urls": arguments.get("base_urls"),
            "plans": arguments.get("plans"),
            "accounts": tuple(arguments.get("accounts", ())),
            "routes": arguments.get("routes"),
            "limits": arguments.get("limits"),
            "budgets": arguments.get("budgets"),
            **({"accounting.ledger": False, "limits.remember": False} if mock else {}),
        }
        self._settings = load(given, file=arguments.get("config"))
        self._assembly = Assembly(
            self._settings,
            dict(arguments.get("api_keys", {})),
            (*arguments.get("plugins", ()), *((mock.provider,) if mock else ())),
            None if isinstance(transport, str) else transport,
            arguments.get("prices", {}),
        )
        self._job_store = arguments.get("jobs")
        self._jobs: Jobs | None = None
        self._pipeline: Pipeline | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<AsyncClient transport={self._settings['client.transport']}>"

    @property
    def settings(self) -> Settings:
        """All settings, each with where it came from."""
        return self._settings

    async def __aenter__(self) -> Self:
        self._ready()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections. Calls under way fail, jobs can be resumed. Any number of times."""
        self._is_closed = True
        if self._jobs is not None:
            await self._jobs.leave()
        await self._assembly.close()

    def context(self, **changes: Any) -> AbstractContextManager[CallContext]:
        """A block whose calls share tags, a principal, a priority, a deadline, budgets: the fields of `CallContext`.

        Budgets lie within those around them. What an allotment had left goes back at the block's end.
        """
        return contexts.inside(contexts.within(**changes), self._assembly.close_budgets)

    @overload
    async def chat(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> ChatReply[None]: ...

    @overload
    async def chat(
        self, prompt: Prompt, *, model: Model, returns: type[T], **options: Unpack[ChatOptions]
    ) -> ChatReply[T]: ...

    async def chat(self, prompt: Prompt, *, model: Model, returns: Any = None, **options: Unpack[ChatOptions]) -> Any:
        """The model's answer. With `returns`, a type, the answer is asked for as JSON and read into `reply.parsed`.

        Raises the errors of `modelscan.errors`: `ProviderError` for a provider's refusal, `TransportError`,
        `DeadlineError`, `OutputError` for an answer that is no `returns`.
        """
        request = chat_request(prompt, options)
        if returns is not None:
            request = asking_for(request, returns)
        reply: ChatReply[None] = await self._run("chat", request, model, contexts.of_call(options, contexts.current()))
        if returns is None:
            return reply
        return msgspec.structs.replace(reply, parsed=parsed(reply, returns))

    @overload
    def stream(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> ChatStream[None]: ...

    @overload
    def stream(
        self, prompt: Prompt, *, model: Model, returns: type[T], **options: Unpack[ChatOptions]
    ) -> ChatStream[T]: ...

    def stream(self, prompt: Prompt, *, model: Model, returns: Any = None, **options: Unpack[ChatOptions]) -> Any:
        """The model's answer, piece by piece; nothing is sent before the stream is entered or first read."""
        request = chat_request(prompt, options)
        if returns is not None:
            request = asking_for(request, returns)
        return self._stream(request, model, returns, options, contexts.current())

    async def embed(
        self,
        inputs: str | Image | Sequence[str | Image] | EmbedRequest,
        *,
        model: Model,
        dimensions: int | None = None,
        purpose: EmbedPurpose | None = None,
        extra: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> EmbedReply:
        """One vector per input, in order. `purpose` is what the vectors are for."""
        request = embed_request(inputs, dimensions, purpose, extra)
        reply: EmbedReply = await self._run("embed", request, model, contexts.of_call(options, contexts.current()))
        return reply

    async def estimate(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> CallEstimate:
        """What a chat with this prompt would take: tokens, cost, and how long limits would hold it back.

        Nothing is sent. Where several candidates could answer it is about the one that is ranked first.
        """
        request = chat_request(prompt, options)
        context = contexts.of_call(options, contexts.current())
        return await self._ready().estimated("chat", request, model, context)

    async def limits(self, provider: str | None = None) -> tuple[LimitStatus, ...]:
        """How the limits of a provider's accounts stand, or of all that are configured; then this context's budgets.

        What other programs have used is known where they share a limiter, or as far as the provider has told of it.
        """
        return await self._ready().limits(provider, contexts.current())

    async def count_tokens(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> int:
        """How many input tokens the provider counts for a prompt with its tools. Not every provider can."""
        request = chat_request(prompt, options)
        count: int = await self._run("count_tokens", request, model, contexts.of_call(options, contexts.current()))
        return count

    async def models(self, provider: str, **options: Unpack[CallOptions]) -> tuple[str, ...]:
        """The models that a provider says it has, as `provider/model`."""
        context = contexts.of_call(options, contexts.current())
        names: tuple[str, ...] = await self._run("models", None, f"{provider}/*", context)
        return tuple(f"{provider}/{name}" for name in names)

    async def run(self, request: msgspec.Struct, *, model: Model, **options: Unpack[CallOptions]) -> Any:
        """The reply to any request Struct: its type is the capability (`RerankRequest`, `SpeechRequest`, ...)."""
        capability = type(request).__struct_config__.tag
        return await self._run(str(capability), request, model, contexts.of_call(options, contexts.current()))

    async def start(self, request: msgspec.Struct, *, model: Model, **options: Unpack[CallOptions]) -> Job:
        """A job that goes on by itself: `await job.result()` gives what `run` would give.

        What takes several requests (an upload, a queue, a batch) is stored before each of them, so that after a crash
        `resume(job.id)` goes on with it in another process, where the client has a folder for its `jobs`.
        """
        capability = str(type(request).__struct_config__.tag)
        context = contexts.of_call(options, contexts.current())
        pipeline = self._ready()
        return await self._all_jobs().start(lambda track: pipeline.run(capability, request, model, context, track))

    async def resume(self, job_id: str, **options: Unpack[CallOptions]) -> Job:
        """A stored job, gone on with. One that is under way here already is given as it is.

        Raises `InvalidRequestError` for an unknown job, `VersionError` for one that another version has stored.
        """
        context = contexts.of_call(options, contexts.current())
        pipeline = self._ready()
        return await self._all_jobs().resume(
            job_id, lambda request, step, track: pipeline.run(step.capability, request, step.candidate, context, track)
        )

    def live(self, config: RealtimeConfig, *, model: Model, **options: Unpack[CallOptions]) -> LiveSession:
        """A live session of speech and text, opened when its block is entered. `timeout_s` bounds the opening."""
        from modelscan.client.live import LiveSession

        outer = contexts.current()

        async def open_connection() -> LiveConnection:
            return await self._ready().open_live(config, model, contexts.of_call(options, outer))

        return LiveSession(open_connection)

    def _all_jobs(self) -> Jobs:
        if self._jobs is None:
            from modelscan.client.jobs import Jobs

            self._jobs = Jobs(self._job_store)
        return self._jobs

    async def _run(self, capability: str, request: Any, model: Model, context: CallContext) -> Any:
        return await self._ready().run(capability, request, model, context)

    def _stream(
        self, request: ChatRequest, model: Model, returns: Any, options: Mapping[str, Any], outer: CallContext
    ) -> ChatStream[Any]:
        from modelscan.streams.stream import ChatStream

        async def open_source() -> Source:
            return await self._ready().open_stream(request, model, contexts.of_call(options, outer))

        return ChatStream(open_source, lambda reply, source: _finished(reply, source, returns))

    def _ready(self) -> Pipeline:
        if self._pipeline is not None and self._loop is asyncio.get_running_loop() and not self._is_closed:
            return self._pipeline
        if self._is_closed:
            raise ModelScanError("the client is closed", advice="Make a new one.")
        loop = asyncio.get_running_loop()
        if self._loop is not None:
            raise ModelScanError(
                "an AsyncClient works on the event loop that it was first used on",
                advice="Make one client per loop, or use the blocking Client from any thread.",
            )
        self._loop = loop
        self._pipeline = self._assembly.pipeline()
        return self._pipeline


def embed_request(
    inputs: str | Image | Sequence[str | Image] | EmbedRequest,
    dimensions: int | None,
    purpose: EmbedPurpose | None,
    extra: Mapping[str, Any] | None,
) -> EmbedRequest:
    """The request that an `embed` call stands for."""
    if isinstance(inputs, EmbedRequest):
        return inputs
    many = (inputs,) if isinstance(inputs, (str, Image)) else tuple(inputs)
    if not many:
        raise ValueError("nothing to embed: give at least one input")
    return EmbedRequest(inputs=many, dimensions=dimensions, purpose=purpose, extra=dict(extra or {}))


def _finished(reply: ChatReply[None], source: Source, returns: Any) -> ChatReply[Any]:
    if isinstance(source, (LiveSource, NativeSource)):
        reply = stamped(reply, source.endpoint, source.lease)
        reply = msgspec.structs.replace(reply, request_id=request_id(source.endpoint, source.head))
    if returns is None:
        return reply
    return msgspec.structs.replace(reply, parsed=parsed(reply, returns))
