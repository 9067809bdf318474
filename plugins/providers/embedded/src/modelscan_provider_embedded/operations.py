"""The embedded model's operations: chat, exact token counts, and which models there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.http import HttpResponse, Target
from modelscan.errors import DecodeError, ModelScanError, ProviderError, UnsupportedError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import ToolCall
from modelscan.wire.failures import provider_error
from modelscan_provider_embedded.replies import ChunkReader, failure, read, refusal
from modelscan_provider_embedded.request import DEFAULT_OUTPUT_TOKENS, encode
from modelscan_provider_embedded.runtime import Job, LoadedModels, reads_llguidance
from modelscan_provider_embedded.settings import FindWeights, bundled_weights, names, settings
from modelscan_provider_embedded.tools import ADVICE_FORCE, Plan, plan, words_or_call

PROVIDER: Final = "embedded"
_LOADED: Final = LoadedModels()
_TEMPLATE_TOKENS: Final = 16  # a turn's frame in a chat template: role, start and end marks, line ends


@attrs.frozen
class Runtime:
    """The models of this process, and where SmolLM2's weights are looked for."""

    models: LoadedModels = _LOADED
    find_weights: FindWeights = bundled_weights

    async def events(self, body: bytes, target: Target, *, takes_one: bool = False) -> AsyncGenerator[bytes, None]:
        """The model's events for a request; closing this stops the model."""
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        job = Job(body, lambda event: _post(loop, arrived, event), takes_one=takes_one)
        self.models.get(settings(target, self.find_weights)).submit(job)
        try:
            while (event := await arrived.get()) is not None:
                if isinstance(event, Exception):
                    raise refusal(event) from event
                yield event
        finally:
            job.stop()


@attrs.frozen
class Chat:
    """Chat in this process: `run` folds what `stream` gives, so both are the same answer."""

    runtime: Runtime = attrs.field(factory=Runtime)

    async def run(self, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply; cancelling it stops the model.

        Raises `UnsupportedError` for fields and schemas the model can't hold to, `ContextLengthError` for a
        conversation that is too long, `ConfigurationError` for weights that aren't there, and other `ProviderError`s.
        """
        fold = ChatFold()
        async with aclosing(self.stream(request, target)) as chunks:
            async for chunk in chunks:
                fold.add(chunk)
        return msgspec.structs.replace(fold.reply(), provider=PROVIDER)

    async def stream(self, request: ChatRequest, target: Target) -> AsyncGenerator[ChatChunk, None]:
        """The reply's chunks, a token each; closing it stops the model at its next token. Errors as in `run`."""
        try:
            offered = plan(request)
            reader = ChunkReader(offered, target.model, _next_call_id(request))
            async with aclosing(self.runtime.events(await _body(request, offered), target)) as events:
                async for event in events:
                    for chunk in reader.feed(event):
                        yield chunk
            reader.finish()
        except ModelScanError as error:
            error.about(provider=PROVIDER, model=target.model)
            raise


@attrs.frozen
class CountTokens:
    """Exact counts: the model's own tokenizer over its own chat template, with what a call would add."""

    runtime: Runtime = attrs.field(factory=Runtime)

    async def run(self, request: ChatRequest, target: Target) -> int:
        """The tokens of the prompt; for a conversation that is longer than the context too. Errors as in `Chat.run`."""
        try:
            body = await _body(request, plan(request))
            async with aclosing(self.runtime.events(body, target, takes_one=True)) as events:
                return _count(await anext(events))
        except ModelScanError as error:
            error.about(provider=PROVIDER, model=target.model)
            raise

    async def stream(self, request: ChatRequest, target: Target) -> AsyncGenerator[int, None]:
        """The count, as the only piece."""
        yield await self.run(request, target)


@attrs.frozen
class Models:
    """The names of the models that can be called."""

    runtime: Runtime = attrs.field(factory=Runtime)

    async def run(self, request: None, target: Target) -> tuple[str, ...]:
        """`smollm2` where its weights are installed, and the name of the user's own file where one is set."""
        return names(target, self.runtime.find_weights)

    async def stream(self, request: None, target: Target) -> AsyncGenerator[tuple[str, ...], None]:
        """The names, as the only piece."""
        yield await self.run(request, target)


@attrs.frozen
class Bounds:
    """The most a chat can use: no token is shorter than a byte, and an answer is never longer than its limit."""

    def bound(self, request: ChatRequest, target: Target) -> Mapping[str, int | None]:
        """Tokens of prompt and answer."""
        prompt = encode(request, plan(request))
        turns = len(request.messages) + 2
        return {
            "input_tokens": len(prompt) + turns * _TEMPLATE_TOKENS,
            "output_tokens": request.max_output_tokens or DEFAULT_OUTPUT_TOKENS,
        }


@attrs.frozen
class Failures:
    """The core asks every provider for a reader of HTTP errors; this one speaks no HTTP, so the status decides."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """An error for every status of 400 or more."""
        return provider_error(response) if response.status >= 400 else None


async def _body(request: ChatRequest, offered: Plan) -> bytes:
    if offered.shape != "words or call" or offered.schema is None:
        return encode(request, offered)
    body = encode(request, offered, words_or_call(offered.schema))
    if not await asyncio.to_thread(reads_llguidance):
        raise UnsupportedError("tool_choice: this build of the runtime can't leave the choice", advice=ADVICE_FORCE)
    return body


def _post(loop: asyncio.AbstractEventLoop, arrived: asyncio.Queue[Any], event: bytes | Exception | None) -> None:
    loop.call_soon_threadsafe(arrived.put_nowait, event)


def _count(data: bytes) -> int:
    event = read(data)
    if event.prompt_progress is not None:
        return event.prompt_progress.total
    if event.error is None:
        raise DecodeError("the runtime didn't say how long the prompt is")
    if event.error.n_prompt_tokens:
        return event.error.n_prompt_tokens
    raise failure(event.error)


def _next_call_id(request: ChatRequest) -> str:
    """An id that is new in the conversation, and the same again for the same conversation."""
    earlier = sum(isinstance(part, ToolCall) for message in request.messages for part in message.content)
    return f"call_{earlier}"
