"""The blocking client: the same surface as `AsyncClient`, run on the background loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

import msgspec

from modelscan.client.async_client import AsyncClient
from modelscan.client.background import BackgroundLoop, background
from modelscan.client.client_arguments import ClientArguments
from modelscan.client.options import CallOptions, ChatOptions, Prompt
from modelscan.client.settings import Settings
from modelscan.client.sync_stream import SyncChatStream
from modelscan.routing.candidates import Model
from modelscan.types.chat import ChatReply
from modelscan.types.content import Image
from modelscan.types.context import CallContext
from modelscan.types.embed import EmbedPurpose, EmbedReply, EmbedRequest

if TYPE_CHECKING:
    from modelscan.client.sync_job import SyncJob
    from modelscan.types.standing import CallEstimate, LimitStatus

T = TypeVar("T")


class Client:
    """One client for all providers, blocking; works from many threads at once, and inside a notebook.

    It takes what `AsyncClient` takes and gives what that gives. A forked child gets a loop and connections of its own.
    """

    def __init__(self, **arguments: Unpack[ClientArguments]) -> None:
        self._arguments = arguments
        self._background = background()
        self._inner = AsyncClient(**arguments)

    def __repr__(self) -> str:
        return repr(self._inner).replace("AsyncClient", "Client", 1)

    @property
    def settings(self) -> Settings:
        """All settings, each with where it came from."""
        return self._inner.settings

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. Calls under way fail. Any number of times."""
        loop, inner = self._here()
        loop.run(inner.close())

    def context(self, **changes: Any) -> AbstractContextManager[CallContext]:
        """A block whose calls share tags, a principal, a priority, a deadline: the fields of `CallContext`."""
        return self._inner.context(**changes)

    @overload
    def chat(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> ChatReply[None]: ...

    @overload
    def chat(
        self, prompt: Prompt, *, model: Model, returns: type[T], **options: Unpack[ChatOptions]
    ) -> ChatReply[T]: ...

    def chat(self, prompt: Prompt, *, model: Model, returns: Any = None, **options: Unpack[ChatOptions]) -> Any:
        """The model's answer. See `AsyncClient.chat`."""
        loop, inner = self._here()
        return loop.run(inner.chat(prompt, model=model, returns=returns, **options))

    @overload
    def stream(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> SyncChatStream[None]: ...

    @overload
    def stream(
        self, prompt: Prompt, *, model: Model, returns: type[T], **options: Unpack[ChatOptions]
    ) -> SyncChatStream[T]: ...

    def stream(self, prompt: Prompt, *, model: Model, returns: Any = None, **options: Unpack[ChatOptions]) -> Any:
        """The model's answer, piece by piece. See `AsyncClient.stream`."""
        loop, inner = self._here()
        return SyncChatStream(inner.stream(prompt, model=model, returns=returns, **options), loop)

    def embed(
        self,
        inputs: str | Image | Sequence[str | Image] | EmbedRequest,
        *,
        model: Model,
        dimensions: int | None = None,
        purpose: EmbedPurpose | None = None,
        extra: Mapping[str, Any] | None = None,
        **options: Unpack[CallOptions],
    ) -> EmbedReply:
        """One vector per input, in order. See `AsyncClient.embed`."""
        loop, inner = self._here()
        return loop.run(
            inner.embed(inputs, model=model, dimensions=dimensions, purpose=purpose, extra=extra, **options)
        )

    def estimate(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> CallEstimate:
        """What a chat would take; nothing is sent. See `AsyncClient.estimate`."""
        loop, inner = self._here()
        return loop.run(inner.estimate(prompt, model=model, **options))

    def limits(self, provider: str | None = None) -> tuple[LimitStatus, ...]:
        """How limits and budgets stand. See `AsyncClient.limits`."""
        loop, inner = self._here()
        return loop.run(inner.limits(provider))

    def count_tokens(self, prompt: Prompt, *, model: Model, **options: Unpack[ChatOptions]) -> int:
        """How many input tokens the provider counts for a prompt. See `AsyncClient.count_tokens`."""
        loop, inner = self._here()
        return loop.run(inner.count_tokens(prompt, model=model, **options))

    def models(self, provider: str, **options: Unpack[CallOptions]) -> tuple[str, ...]:
        """The models that a provider says it has. See `AsyncClient.models`."""
        loop, inner = self._here()
        return loop.run(inner.models(provider, **options))

    def run(self, request: msgspec.Struct, *, model: Model, **options: Unpack[CallOptions]) -> Any:
        """The reply to any request Struct. See `AsyncClient.run`."""
        loop, inner = self._here()
        return loop.run(inner.run(request, model=model, **options))

    def start(self, request: msgspec.Struct, *, model: Model, **options: Unpack[CallOptions]) -> SyncJob:
        """A job that goes on by itself. See `AsyncClient.start`."""
        from modelscan.client.sync_job import SyncJob

        loop, inner = self._here()
        return SyncJob(loop.run(inner.start(request, model=model, **options)), loop)

    def resume(self, job_id: str, **options: Unpack[CallOptions]) -> SyncJob:
        """A stored job, gone on with. See `AsyncClient.resume`."""
        from modelscan.client.sync_job import SyncJob

        loop, inner = self._here()
        return SyncJob(loop.run(inner.resume(job_id, **options)), loop)

    def _here(self) -> tuple[BackgroundLoop, AsyncClient]:
        """The loop and client of this process: new ones where it was forked off since."""
        loop = background()
        if loop is not self._background:
            self._background = loop
            self._inner = AsyncClient(**self._arguments)
        return loop, self._inner
