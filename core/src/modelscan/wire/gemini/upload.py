"""Files of the Gemini API: a resumable upload, and the wait until the file can be used.

Source: ai.google.dev's page on the Files API and the source of google-genai 1.x (resumable uploads), read 2026-11. An
upload is begun, which gives an address that carries its own right; the bytes go there, and after a break the server
is asked how many it has. A file is first PROCESSING, then ACTIVE, and kept for 48 hours.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

import attrs
import msgspec

from modelscan.contracts.flows import Done, Event, Send, Wait
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.errors import DecodeError, JobError, UnsupportedError
from modelscan.types.content import Media
from modelscan.wire.gemini.errors import GeminiErrors
from modelscan.wire.unreadable import UNREADABLE

_JSON: Final[Headers] = (("content-type", "application/json"),)


class _File(msgspec.Struct, rename="camel"):
    name: str
    uri: str = ""
    state: str = "ACTIVE"
    error: dict[str, Any] | None = None  # google.rpc.Status; only `message` is read


class _Uploaded(msgspec.Struct):
    file: _File


class Upload(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where an upload stands: `step` is what was sent last, `url` the upload's own address, `file` the file's name."""

    step: Literal["begin", "ask", "send", "look"]
    url: str = ""
    file: str = ""


@attrs.frozen
class ResumableUpload:
    """Uploads a part's bytes, and looks every `poll_s` seconds whether the file is ready; its address is the id."""

    poll_s: float = 1.0
    errors: GeminiErrors = attrs.field(factory=GeminiErrors)
    version: int = attrs.field(default=1, init=False)
    state_type: type[Upload] = attrs.field(default=Upload, init=False)

    def start(self, request: Media, target: Target) -> Send[Upload]:
        """The upload's beginning, which says the size and the type."""
        headers = (
            *_JSON,
            ("x-goog-upload-protocol", "resumable"),
            ("x-goog-upload-command", "start"),
            ("x-goog-upload-header-content-length", str(len(request.data or b""))),
            ("x-goog-upload-header-content-type", request.media_type or "application/octet-stream"),
        )
        body = msgspec.json.encode({"file": {"displayName": request.name or "upload"}})
        return Send(HttpRequest(url=_files_url(target), headers=headers, body=body, repeat="safe"), Upload("begin"))

    def resume(
        self, state: Upload, event: Event, request: Media, target: Target
    ) -> Send[Upload] | Wait[Upload] | Done[Media]:
        """The next step. Raises the errors of the Gemini API, and `JobError` for a file that can't be prepared."""
        if not isinstance(event, HttpResponse):
            return self._asked_again(state, request, target)
        if state.step == "ask" and event.status in (404, 410):
            return self.start(request, target)
        if (error := self.errors.error(event)) is not None:
            raise error
        if state.step == "begin":
            return _send(Upload("send", url=_upload_url(event)), request, 0)
        if state.step == "ask":
            return self._answered(state, event, request, target)
        if state.step == "send":
            return self._looked_at(_read(event, _Uploaded).file, request)
        return self._looked_at(_read(event, _File), request)

    def cancel(self, state: Upload, target: Target) -> HttpRequest | None:
        """The request that gives up an upload that has begun, or deletes the file that nobody will ask about."""
        if state.step == "begin":
            return None
        if state.step == "look":
            return HttpRequest(method="DELETE", url=f"{target.base_url}/{state.file}", repeat="safe")
        return HttpRequest(url=state.url, headers=(("x-goog-upload-command", "cancel"),), auth=None)

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """Gemini calls nobody back for this."""
        raise UnsupportedError("the Gemini API has no webhooks for files")

    def _answered(
        self, state: Upload, response: HttpResponse, request: Media, target: Target
    ) -> Send[Upload] | Wait[Upload] | Done[Media]:
        """What the server says of an upload that broke: it has all, or some of it, or wants it anew."""
        status = response.header("x-goog-upload-status")
        if status == "final":
            return self._looked_at(_read(response, _Uploaded).file, request)
        if status != "active":
            return self.start(request, target)
        received = response.header("x-goog-upload-size-received", "0")
        if not received.isdecimal():
            raise DecodeError(f"the upload is said to have {received!r} bytes")
        return _send(Upload("send", url=state.url), request, int(received))

    def _looked_at(self, file: _File, request: Media) -> Wait[Upload] | Done[Media]:
        if file.state == "PROCESSING":
            return Wait(seconds=self.poll_s, state=Upload("look", file=file.name))
        if file.state != "ACTIVE":
            raise JobError(f"the file couldn't be prepared: {(file.error or {}).get('message') or file.state}")
        return Done(msgspec.structs.replace(request, data=None, file_id=file.uri or file.name))

    def _asked_again(self, state: Upload, request: Media, target: Target) -> Send[Upload]:
        if state.step == "look":
            return Send(HttpRequest(method="GET", url=f"{target.base_url}/{state.file}", repeat="safe"), state)
        if state.step == "begin":
            return self.start(request, target)
        ask = HttpRequest(url=state.url, headers=(("x-goog-upload-command", "query"),), auth=None, repeat="safe")
        return Send(ask, Upload("ask", url=state.url))


def _send(state: Upload, request: Media, offset: int) -> Send[Upload]:
    headers = (("x-goog-upload-offset", str(offset)), ("x-goog-upload-command", "upload, finalize"))
    body = (request.data or b"")[offset:]
    return Send(HttpRequest(url=state.url, headers=headers, body=body, auth=None), state)


def _files_url(target: Target) -> str:
    """Uploads stand beside the API under the same host, so that a gateway's address holds for them too."""
    host, _, version = target.base_url.rpartition("/")
    return f"{host}/upload/{version}/files"


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
