"""Gemini's chat with media that are too large for a request: uploaded first, then named in it.

Source: ai.google.dev's page on the Files API and the source of google-genai 1.x (resumable uploads), read 2026-11. An
upload is begun, which gives an address that carries its own right; the bytes go there, and after a break the server
is asked how many it has. A file is first PROCESSING, then ACTIVE, and kept for 48 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final, Literal, TypeGuard

import attrs
import msgspec

from modelscan.contracts.flows import Done, Event, Lost, Send, Wait
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.contracts.provider import Connection, MediaRules, Provider
from modelscan.errors import DecodeError, JobError, OutcomeUnknownError, UnsupportedError
from modelscan.hookspecs import hookimpl
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Media
from modelscan.types.messages import Message
from modelscan.wire.gemini import GeminiErrors, GenerateContent
from modelscan.wire.schemes import HeaderKey
from modelscan.wire.unreadable import UNREADABLE

_JSON: Final[Headers] = (("content-type", "application/json"),)
_BASE: Final = "https://generativelanguage.googleapis.com"
_MOST_BYTES: Final = 2_000_000_000


class _File(msgspec.Struct, rename="camel"):
    name: str
    uri: str = ""
    state: str = "ACTIVE"
    error: dict[str, Any] | None = None  # google.rpc.Status; only `message` is read


class _Uploaded(msgspec.Struct):
    file: _File


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the flow stands: the addresses of the files that are there, and how far the next one is.

    `step` is what was sent last. `url` is the upload's address, good for this one file.
    """

    step: Literal["begin", "ask", "send", "look", "generate"]
    uris: tuple[str, ...] = ()
    url: str = ""
    file: str = ""


@attrs.frozen
class UploadingChat:
    """Chat: media of more than `inline_bytes` are uploaded, and looked at every `poll_s` seconds."""

    inline_bytes: int = 15_000_000
    poll_s: float = 1.0
    errors: GeminiErrors = attrs.field(factory=GeminiErrors)
    chat: GenerateContent = attrs.field(factory=GenerateContent)
    version: int = attrs.field(default=1, init=False)
    state_type: type[Upload] = attrs.field(default=Upload, init=False)

    def start(self, request: ChatRequest, target: Target) -> Send[Upload]:
        """The first upload; the question itself where there is nothing to upload."""
        return self._next((), request, target)

    def resume(
        self, state: Upload, event: Event, request: ChatRequest, target: Target
    ) -> Send[Upload] | Wait[Upload] | Done[ChatReply[None]]:
        """The next step. Raises the errors of the Gemini API, and `OutcomeUnknownError` for an answer that was lost."""
        if not isinstance(event, HttpResponse):
            return self._asked_again(state, event, request, target)
        if state.step == "ask" and event.status in (404, 410):
            return self._begin(state.uris, request, target)
        if (error := self.errors.error(event)) is not None:
            raise error
        if state.step == "begin":
            return self._send(msgspec.structs.replace(state, step="send", url=_upload_url(event)), request, 0)
        if state.step == "ask":
            return self._answered(state, event, request, target)
        if state.step == "send":
            return self._looked_at(state, _read(event, _Uploaded).file, request, target)
        if state.step == "look":
            return self._looked_at(state, _read(event, _File), request, target)
        return Done(self.chat.decode(event, self._with_files(state.uris, request), target))

    def cancel(self, state: Upload, target: Target) -> HttpRequest | None:
        """The request that gives up an upload that has begun; a file that is there goes by itself after two days."""
        if state.step not in ("ask", "send"):
            return None
        return HttpRequest(url=state.url, headers=(("x-goog-upload-command", "cancel"),), auth=None)

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """Gemini calls nobody back for this."""
        raise UnsupportedError("the Gemini API has no webhooks for files")

    def _next(self, uris: tuple[str, ...], request: ChatRequest, target: Target) -> Send[Upload]:
        if len(uris) < sum(1 for _ in self._large(request)):
            return self._begin(uris, request, target)
        return Send(self.chat.encode(self._with_files(uris, request), target), Upload("generate", uris))

    def _begin(self, uris: tuple[str, ...], request: ChatRequest, target: Target) -> Send[Upload]:
        media = list(self._large(request))[len(uris)]
        headers = (
            *_JSON,
            ("x-goog-upload-protocol", "resumable"),
            ("x-goog-upload-command", "start"),
            ("x-goog-upload-header-content-length", str(len(media.data or b""))),
            ("x-goog-upload-header-content-type", media.media_type or "application/octet-stream"),
        )
        body = msgspec.json.encode({"file": {"displayName": media.name or "upload"}})
        url = f"{target.base_urls['upload']}/files"
        return Send(HttpRequest(url=url, headers=headers, body=body, repeat="safe"), Upload("begin", uris))

    def _send(self, state: Upload, request: ChatRequest, offset: int) -> Send[Upload]:
        data = list(self._large(request))[len(state.uris)].data or b""
        headers = (("x-goog-upload-offset", str(offset)), ("x-goog-upload-command", "upload, finalize"))
        return Send(HttpRequest(url=state.url, headers=headers, body=data[offset:], auth=None), state)

    def _answered(
        self, state: Upload, response: HttpResponse, request: ChatRequest, target: Target
    ) -> Send[Upload] | Wait[Upload]:
        """What the server says of an upload that broke: it has all, or some of it, or wants it anew."""
        status = response.header("x-goog-upload-status")
        if status == "final":
            return self._looked_at(state, _read(response, _Uploaded).file, request, target)
        if status != "active":
            return self._begin(state.uris, request, target)
        received = response.header("x-goog-upload-size-received", "0")
        if not received.isdecimal():
            raise DecodeError(f"the upload is said to have {received!r} bytes")
        return self._send(msgspec.structs.replace(state, step="send"), request, int(received))

    def _looked_at(
        self, state: Upload, file: _File, request: ChatRequest, target: Target
    ) -> Send[Upload] | Wait[Upload]:
        if file.state == "PROCESSING":
            return Wait(seconds=self.poll_s, state=Upload("look", state.uris, file=file.name))
        if file.state != "ACTIVE":
            raise JobError(f"the file couldn't be prepared: {(file.error or {}).get('message') or file.state}")
        return self._next((*state.uris, file.uri), request, target)

    def _asked_again(self, state: Upload, event: Event, request: ChatRequest, target: Target) -> Send[Upload]:
        if state.step == "look":
            url = f"{target.base_url}/{state.file}"
            return Send(HttpRequest(method="GET", url=url, repeat="safe"), state)
        if state.step == "begin":
            return self._begin(state.uris, request, target)
        if state.step == "generate":
            why = event.error if isinstance(event, Lost) else "no answer"
            raise OutcomeUnknownError(f"the answer was perhaps made, and nobody has it: {why}")
        ask = HttpRequest(url=state.url, headers=(("x-goog-upload-command", "query"),), auth=None, repeat="safe")
        return Send(ask, msgspec.structs.replace(state, step="ask"))

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


def _upload_url(response: HttpResponse) -> str:
    url = response.header("x-goog-upload-url")
    if not url:
        raise DecodeError("the upload was begun without an address")
    return url


def _read(response: HttpResponse, type_: type[Any]) -> Any:
    try:
        return msgspec.json.decode(response.body, type=type_)
    except UNREADABLE as error:
        raise DecodeError(f"the answer describes no file: {error}") from error


@hookimpl
def modelscan_provider() -> Provider:
    """The provider `gemini`, with uploads."""
    anything = MediaRules(forms=("data", "file_id"), max_bytes=_MOST_BYTES)
    return Provider(
        name="gemini",
        connection=Connection(
            base_urls={"default": f"{_BASE}/v1beta", "upload": f"{_BASE}/upload/v1beta"},
            schemes={"default": HeaderKey("x-goog-api-key")},
            env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        ),
        errors=GeminiErrors(),
        chat=UploadingChat(),
        media=dict.fromkeys(("image", "audio", "video", "file"), anything),
    )
