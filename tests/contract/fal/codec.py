"""fal: pictures made by way of its queue, and fetched from where it keeps them.

Source: the source of fal-client 1.0.3 and docs.fal.ai's pages on the queue and on webhooks, read 2026-11.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import attrs
import msgspec

from fal.webhooks import verified
from modelscan.contracts.flows import Done, Event, Lost, Send, Wait
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.contracts.provider import Connection, MediaRules, Provider
from modelscan.errors import DecodeError, JobError, OutcomeUnknownError, ProviderError, UnsupportedError
from modelscan.hookspecs import hookimpl
from modelscan.types.content import Image
from modelscan.types.media import ImageReply, ImageRequest
from modelscan.types.usage import Usage
from modelscan.wire.failures import provider_error
from modelscan.wire.schemes import HeaderKey
from modelscan.wire.unreadable import UNREADABLE

_JSON: Final[Headers] = (("content-type", "application/json"),)
_NO_WORD: Final = ("quality", "mask")


class _Status(msgspec.Struct):
    status: str
    request_id: str = ""
    status_url: str = ""
    response_url: str = ""
    cancel_url: str = ""
    error: Any = None  # a text, or the validation's list


class _Picture(msgspec.Struct):
    url: str
    content_type: str | None = None


class _Result(msgspec.Struct):
    images: list[_Picture] = []
    image: _Picture | None = None


class _Failure(msgspec.Struct):
    detail: str | list[dict[str, Any]]  # of a list, the validation's, only `msg` and `type` are read


class FalErrors:
    """Errors: `{"detail": ...}`, a text or what the validation of the input found."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response."""
        if response.status < 400:
            return None
        try:
            detail = msgspec.json.decode(response.body, type=_Failure).detail
        except UNREADABLE:
            return provider_error(response)
        code = response.header("x-fal-error-type")
        if isinstance(detail, str):
            return provider_error(response, message=detail, code=code)
        found = detail[0] if detail else {}
        message = "; ".join(str(item.get("msg", "")) for item in detail)
        return provider_error(response, message=message, code=code or str(found.get("type", "")))


class Queued(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a request stands: its addresses once it is queued, then the pictures that are there to be fetched.

    The files that were fetched already are named by path: a process that goes on finds them, or fetches all anew.
    """

    status_url: str = ""
    response_url: str = ""
    cancel_url: str = ""
    is_completed: bool = False
    urls: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@attrs.frozen
class QueuedImages:
    """Pictures by the queue: submitted, asked after every `poll_s` seconds, and downloaded without the key."""

    poll_s: float = 0.5
    errors: FalErrors = attrs.field(factory=FalErrors)
    version: int = attrs.field(default=1, init=False)
    state_type: type[Queued] = attrs.field(default=Queued, init=False)

    def start(self, request: ImageRequest, target: Target) -> Send[Queued]:
        """The submission. Raises `UnsupportedError` for a field without a word."""
        body = msgspec.json.encode(body_of(request))
        return Send(HttpRequest(url=f"{target.base_urls['queue']}/{target.model}", headers=_JSON, body=body), Queued())

    def resume(
        self, state: Queued, event: Event, request: ImageRequest, target: Target
    ) -> Send[Queued] | Wait[Queued] | Done[ImageReply]:
        """The next step. The queue has no way to ask for a submission whose answer was lost."""
        if not isinstance(event, HttpResponse):
            return self._asked_again(state, event)
        if (error := self.errors.error(event)) is not None:
            raise error
        if not state.status_url:
            return self._queued(_read(event, _Status))
        if not state.is_completed:
            return self._polled(state, _read(event, _Status))
        if not state.urls:
            return self._fetched(msgspec.structs.replace(state, urls=_pictures(event)))
        if event.file is None:
            raise DecodeError("the picture came without a file")
        return self._fetched(msgspec.structs.replace(state, files=(*state.files, event.file.path)))

    def cancel(self, state: Queued, target: Target) -> HttpRequest | None:
        """The request that takes it out of the queue, or stops it."""
        if not state.cancel_url or state.is_completed:
            return None
        return HttpRequest(method="PUT", url=state.cancel_url, repeat="safe")

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """A webhook. `keys` is the JSON of rest.fal.ai/.well-known/jwks.json. Raises `CredentialError`."""
        return verified(headers, body, keys, now)

    def _queued(self, status: _Status) -> Wait[Queued]:
        if not (status.status_url and status.response_url):
            raise DecodeError("the answer to the submission names no addresses")
        state = Queued(status.status_url, status.response_url, status.cancel_url)
        return Wait(seconds=self.poll_s, state=state, accepts_webhook=True)

    def _polled(self, state: Queued, status: _Status) -> Send[Queued] | Wait[Queued]:
        if status.status != "COMPLETED":
            return Wait(seconds=self.poll_s, state=state, accepts_webhook=True)
        if status.error:
            raise JobError(f"the model failed: {status.error}")
        return _get(state.response_url, msgspec.structs.replace(state, is_completed=True))

    def _asked_again(self, state: Queued, event: Event) -> Send[Queued]:
        """What a wait's end, a webhook or a loss asks for: the webhook says no more than that it is time to look."""
        if not state.status_url:
            why = event.error if isinstance(event, Lost) else "no answer"
            raise OutcomeUnknownError(f"fal may have queued the request, and can't be asked: {why}")
        if not state.is_completed:
            return _get(state.status_url, state)
        if not state.urls:
            return _get(state.response_url, state)
        return _download(msgspec.structs.replace(state, files=()))

    def _fetched(self, state: Queued) -> Send[Queued] | Done[ImageReply]:
        if len(state.files) < len(state.urls):
            return _download(state)
        images = tuple(Image(path=path) for path in state.files)
        return Done(ImageReply(images=images, usage=Usage(images=len(images))))


def body_of(request: ImageRequest) -> dict[str, Any]:
    """The model's input, in the words that most of fal's image models share. Raises `UnsupportedError`."""
    for name in _NO_WORD:
        if getattr(request, name) is not None:
            raise UnsupportedError(f"fal's image models have no word for {name!r}: put the model's own into extra")
    size = _size(request.size) if request.size else None
    fields = {
        "prompt": request.prompt,
        "num_images": request.count,
        "image_size": size,
        "aspect_ratio": request.aspect_ratio,
        "output_format": request.format,
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "image_urls": [image.url for image in request.images] or None,
    }
    return {name: value for name, value in fields.items() if value is not None} | request.extra


def _size(size: str) -> dict[str, int]:
    width, _, height = size.partition("x")
    try:
        return {"width": int(width), "height": int(height)}
    except ValueError:
        raise UnsupportedError(f"fal takes a size as WIDTHxHEIGHT, not as {size!r}") from None


def _pictures(response: HttpResponse) -> tuple[str, ...]:
    found = _read(response, _Result)
    pictures = found.images or ([found.image] if found.image is not None else [])
    if not pictures:
        raise DecodeError("the result holds no picture")
    return tuple(picture.url for picture in pictures)


def _get(url: str, state: Queued) -> Send[Queued]:
    return Send(HttpRequest(method="GET", url=url, repeat="safe"), state)


def _download(state: Queued) -> Send[Queued]:
    url = state.urls[len(state.files)]
    return Send(HttpRequest(method="GET", url=url, auth=None, repeat="safe", sink=True), state)


def _read(response: HttpResponse, type_: type[Any]) -> Any:
    try:
        return msgspec.json.decode(response.body, type=type_)
    except UNREADABLE as error:
        raise DecodeError(f"fal answered with something else than was asked for: {error}") from error


@hookimpl
def modelscan_provider() -> Provider:
    """The provider `fal`."""
    return Provider(
        name="fal",
        connection=Connection(
            base_urls={"default": "https://fal.run", "queue": "https://queue.fal.run"},
            schemes={"default": HeaderKey("authorization", prefix="Key ")},
            env=("FAL_KEY",),
        ),
        errors=FalErrors(),
        image=QueuedImages(),
        media={"image": MediaRules(forms=("url",), url_schemes=("https", "http"))},
        request_id_headers=("x-fal-request-id",),
    )
