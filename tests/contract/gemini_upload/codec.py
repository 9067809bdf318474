"""Gemini's chat with media that are too large for a request: uploaded first, then named in it, all of it one flow.

The upload is the library's own (`modelscan.wire.gemini`); here it is a part of a longer flow, which holds its state.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final, TypeGuard

import attrs
import msgspec

from modelscan.contracts.flows import Done, Event, Lost, Send, Wait
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.contracts.provider import Connection, MediaRules, Provider
from modelscan.errors import OutcomeUnknownError
from modelscan.hookspecs import hookimpl
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Media
from modelscan.types.messages import Message
from modelscan.wire.gemini import GeminiErrors, GenerateContent, ResumableUpload, Upload
from modelscan.wire.schemes import HeaderKey

_MOST_BYTES: Final = 2_000_000_000


class Uploading(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the flow stands: the addresses of the files that are there, and how far the next one is.

    With no `upload` the question itself was sent last.
    """

    uris: tuple[str, ...] = ()
    upload: Upload | None = None


Step = Send[Uploading] | Wait[Uploading] | Done[ChatReply[None]]


@attrs.frozen
class UploadingChat:
    """Chat: media of more than `inline_bytes` are uploaded, and looked at every `poll_s` seconds."""

    inline_bytes: int = 15_000_000
    poll_s: float = 1.0
    errors: GeminiErrors = attrs.field(factory=GeminiErrors)
    chat: GenerateContent = attrs.field(factory=GenerateContent)
    version: int = attrs.field(default=1, init=False)
    state_type: type[Uploading] = attrs.field(default=Uploading, init=False)

    def start(self, request: ChatRequest, target: Target) -> Send[Uploading]:
        """The first upload; the question itself where there is nothing to upload."""
        return self._next((), request, target)

    def resume(self, state: Uploading, event: Event, request: ChatRequest, target: Target) -> Step:
        """The next step. Raises the errors of the Gemini API, and `OutcomeUnknownError` for an answer that was lost."""
        if state.upload is None:
            return self._generated(state, event, request, target)
        media = list(self._large(request))[len(state.uris)]
        step = self._uploads.resume(state.upload, event, media, target)
        if isinstance(step, Done):
            return self._next((*state.uris, step.reply.file_id or ""), request, target)
        now = Uploading(state.uris, step.state)
        return Send(step.request, now) if isinstance(step, Send) else Wait(seconds=step.seconds, state=now)

    def cancel(self, state: Uploading, target: Target) -> HttpRequest | None:
        """What the upload under way has to be told."""
        return None if state.upload is None else self._uploads.cancel(state.upload, target)

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """Gemini calls nobody back for this."""
        return self._uploads.verify(headers, body, keys, now)

    @property
    def _uploads(self) -> ResumableUpload:
        return ResumableUpload(self.poll_s, self.errors)

    def _next(self, uris: tuple[str, ...], request: ChatRequest, target: Target) -> Send[Uploading]:
        large = list(self._large(request))
        if len(uris) < len(large):
            begun = self._uploads.start(large[len(uris)], target)
            return Send(begun.request, Uploading(uris, begun.state))
        return Send(self.chat.encode(self._with_files(uris, request), target), Uploading(uris))

    def _generated(self, state: Uploading, event: Event, request: ChatRequest, target: Target) -> Step:
        if not isinstance(event, HttpResponse):
            why = event.error if isinstance(event, Lost) else "no answer"
            raise OutcomeUnknownError(f"the answer was perhaps made, and nobody has it: {why}")
        if (error := self.errors.error(event)) is not None:
            raise error
        return Done(self.chat.decode(event, self._with_files(state.uris, request), target))

    def _large(self, request: ChatRequest) -> Iterator[Media]:
        for message in request.messages:
            for part in message.content:
                if self._is_large(part):
                    yield part

    def _is_large(self, part: object) -> TypeGuard[Media]:
        return isinstance(part, Media) and part.data is not None and len(part.data) > self.inline_bytes

    def _with_files(self, uris: tuple[str, ...], request: ChatRequest) -> ChatRequest:
        left = iter(uris)

        def named(message: Message) -> Message:
            content = [
                msgspec.structs.replace(part, data=None, file_id=next(left)) if self._is_large(part) else part
                for part in message.content
            ]
            return msgspec.structs.replace(message, content=tuple(content))

        return msgspec.structs.replace(request, messages=tuple(named(message) for message in request.messages))


@hookimpl
def modelscan_provider() -> Provider:
    """The provider `gemini`, with uploads in its chat."""
    anything = MediaRules(forms=("data", "file_id"), max_bytes=_MOST_BYTES)
    return Provider(
        name="gemini",
        connection=Connection(
            base_urls={"default": "https://generativelanguage.googleapis.com/v1beta"},
            schemes={"default": HeaderKey("x-goog-api-key")},
            env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ),
        errors=GeminiErrors(),
        chat=UploadingChat(),
        media=dict.fromkeys(("image", "audio", "video", "file"), anything),
    )
