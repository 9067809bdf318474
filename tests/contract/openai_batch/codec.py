"""OpenAI's Batch API: many chats or embeddings in a file, answered within a day at half the price.

Source: the type definitions of openai 2.x (batches, files), platform.openai.com's guides on batches and on webhooks,
read 2026-11. A batch can't be created with an idempotency key: it carries the flow's key in its metadata, and after a
lost answer the list of batches is searched for it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import attrs
import msgspec

from modelscan.contracts.flows import Done, Event, Send, Wait
from modelscan.contracts.http import (
    Field,
    Headers,
    HttpRequest,
    HttpResponse,
    Multipart,
    ResponseHead,
    Target,
    Webhook,
)
from modelscan.contracts.operations import Operation
from modelscan.contracts.provider import Connection, Provider
from modelscan.errors import CredentialError, DecodeError, JobError, UnsupportedError
from modelscan.hookspecs import hookimpl
from modelscan.types.batch import BatchItem, BatchReply, BatchRequest
from modelscan.types.chat import ChatRequest
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings, OpenAIErrors
from modelscan.wire.schemes import Bearer
from modelscan.wire.unreadable import UNREADABLE

_JSON: Final[Headers] = (("content-type", "application/json"),)
_KEY: Final = "modelscan_key"
_PAGE: Final = 100
_RUNNING: Final = ("validating", "in_progress", "finalizing", "cancelling")
_LEEWAY_S: Final = 300


class _Named(msgspec.Struct):
    id: str


class _BatchError(msgspec.Struct):
    message: str = ""
    code: str | None = None
    line: int | None = None


class _BatchErrors(msgspec.Struct):
    data: list[_BatchError] = []


class _Counts(msgspec.Struct):
    total: int = 0
    completed: int = 0
    failed: int = 0


class _Batch(msgspec.Struct):
    id: str
    status: str
    output_file_id: str | None = None
    error_file_id: str | None = None
    errors: _BatchErrors | None = None
    metadata: Mapping[str, str] | None = None
    request_counts: _Counts | None = None


class _Page(msgspec.Struct):
    data: list[_Batch] = []
    has_more: bool = False


class _Answer(msgspec.Struct):
    status_code: int = 0
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _Failure(msgspec.Struct):
    message: str = ""
    code: str | None = None


class _Line(msgspec.Struct):
    custom_id: str
    response: _Answer | None = None
    error: _Failure | None = None


class Failed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request of the batch that failed, by its number."""

    number: int
    status: int | None = None
    code: str = ""
    message: str = ""


class Batch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a batch stands: what was sent last, and what exists at OpenAI's by now.

    `failed` is what the file of errors held: it is fetched first, since of two files only the last can be kept out of
    the state.
    """

    step: Literal["upload", "create", "find", "poll", "errors", "output"]
    file_id: str = ""
    batch_id: str = ""
    after: str = ""
    output_file_id: str = ""
    error_file_id: str = ""
    failed: tuple[Failed, ...] = ()


@attrs.frozen
class Batches:
    """Batches: asked after every `poll_s` seconds. After a lost creation it waits `settle_s` before it searches."""

    poll_s: float = 30.0
    settle_s: float = 5.0
    errors: OpenAIErrors = attrs.field(factory=OpenAIErrors)
    chat: ChatCompletions = attrs.field(factory=ChatCompletions)
    embed: Embeddings = attrs.field(factory=Embeddings)
    version: int = attrs.field(default=1, init=False)
    state_type: type[Batch] = attrs.field(default=Batch, init=False)

    def start(self, request: BatchRequest, target: Target) -> Send[Batch]:
        """The upload: sent twice it leaves an unused file, no more. Raises `UnsupportedError` for a mixed batch."""
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in self._lines(request, target))
        file = Field("file", lines, filename="batch.jsonl", media_type="application/jsonl")
        body = Multipart((Field("purpose", "batch"), file))
        return Send(HttpRequest(url=f"{target.base_url}/files", body=body, repeat="safe"), Batch("upload"))

    def resume(
        self, state: Batch, event: Event, request: BatchRequest, target: Target
    ) -> Send[Batch] | Wait[Batch] | Done[BatchReply]:
        """The next step."""
        if not isinstance(event, HttpResponse):
            return self._without_answer(state, event, request, target)
        if (error := self.errors.error(event)) is not None:
            raise error
        if state.step == "upload":
            return self._create(Batch("create", _read(event, _Named).id), request, target)
        if state.step == "find":
            return self._found(state, _read(event, _Page), request, target)
        if state.step in ("create", "poll"):
            return self._looked_at(state, _read(event, _Batch), request, target)
        if state.step == "errors":
            failed = tuple(self._failure(line) for line in _jsonl(event))
            return self._collected(msgspec.structs.replace(state, failed=failed), request, target)
        return Done(self._reply(_jsonl(event), state.failed, request, target))

    def cancel(self, state: Batch, target: Target) -> HttpRequest | None:
        """The request that stops the batch; what is answered by then is paid for."""
        if state.step != "poll":
            return None
        return HttpRequest(url=f"{target.base_url}/batches/{state.batch_id}/cancel", repeat="safe")

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """A webhook by the Standard Webhooks rules. `keys` is the secret, `whsec_...`. Raises `CredentialError`."""
        found = {name.lower(): value for name, value in headers}
        try:
            secret = base64.b64decode(keys.removeprefix(b"whsec_"), validate=True)
            identity, stamp = found["webhook-id"], int(found["webhook-timestamp"])
            offered = found["webhook-signature"].split()
        except (KeyError, ValueError, binascii.Error) as error:
            raise CredentialError(f"the webhook can't be checked: {error}") from error
        if abs(now.timestamp() - stamp) > _LEEWAY_S:
            raise CredentialError("the webhook is from another time, perhaps sent again by somebody else")
        wanted = hmac.new(secret, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(wanted).decode()}"
        if not any(hmac.compare_digest(signature, one) for one in offered):
            raise CredentialError("the webhook's signature is not OpenAI's")
        return Webhook(headers, body, now)

    def _operation(self, request: BatchRequest) -> ChatCompletions | Embeddings:
        kinds = {type(one) for one in request.requests}
        if len(kinds) != 1:
            raise UnsupportedError("OpenAI takes a batch of one kind: all chats, or all embeddings")
        return self.chat if kinds == {ChatRequest} else self.embed

    def _lines(self, request: BatchRequest, target: Target) -> Sequence[dict[str, Any]]:
        operation: Any = self._operation(request)
        return [
            {
                "custom_id": str(number),
                "method": "POST",
                "url": f"/v1{operation.path}",
                "body": operation.body(one, target) | one.extra,
            }
            for number, one in enumerate(request.requests)
        ]

    def _create(self, state: Batch, request: BatchRequest, target: Target) -> Send[Batch]:
        fields = {
            "input_file_id": state.file_id,
            "endpoint": f"/v1{self._operation(request).path}",
            "completion_window": "24h",
        }
        extra = dict(request.extra)
        metadata = {**extra.pop("metadata", {}), _KEY: target.idempotency_key}
        body = msgspec.json.encode({**fields, **extra, "metadata": metadata})
        return Send(HttpRequest(url=f"{target.base_url}/batches", headers=_JSON, body=body), state)

    def _find(self, state: Batch, target: Target) -> Send[Batch]:
        after = f"&after={state.after}" if state.after else ""
        url = f"{target.base_url}/batches?limit={_PAGE}{after}"
        return Send(HttpRequest(method="GET", url=url, repeat="safe"), state)

    def _found(self, state: Batch, page: _Page, request: BatchRequest, target: Target) -> Send[Batch] | Wait[Batch]:
        """The batch that this flow has made, if it is there; the search ends at the end of the list."""
        for batch in page.data:
            if (batch.metadata or {}).get(_KEY) == target.idempotency_key:
                return self._looked_at(state, batch, request, target)
        if page.has_more and page.data:
            return self._find(msgspec.structs.replace(state, after=page.data[-1].id), target)
        return self._create(Batch("create", state.file_id), request, target)

    def _without_answer(
        self, state: Batch, event: Event, request: BatchRequest, target: Target
    ) -> Send[Batch] | Wait[Batch]:
        if state.step == "upload":
            return self.start(request, target)
        if state.step == "create":
            return Wait(seconds=self.settle_s, state=Batch("find", state.file_id))
        if state.step == "find":
            return self._find(state, target)
        if state.step == "poll":
            url = f"{target.base_url}/batches/{state.batch_id}"
            return Send(HttpRequest(method="GET", url=url, repeat="safe"), state)
        return _content(state, target)

    def _looked_at(
        self, state: Batch, batch: _Batch, request: BatchRequest, target: Target
    ) -> Send[Batch] | Wait[Batch]:
        if batch.status in _RUNNING:
            polled = Batch("poll", state.file_id, batch.id)
            progress = _progress(batch.request_counts)
            return Wait(seconds=self.poll_s, state=polled, progress=progress, accepts_webhook=True)
        has_results = batch.output_file_id or batch.error_file_id
        if batch.status not in ("completed", "expired", "cancelled") or not has_results:
            raise JobError(_why(batch), code=batch.status)
        ended = Batch(
            "errors" if batch.error_file_id else "output",
            state.file_id,
            batch.id,
            output_file_id=batch.output_file_id or "",
            error_file_id=batch.error_file_id or "",
        )
        return _content(ended, target)

    def _collected(self, state: Batch, request: BatchRequest, target: Target) -> Send[Batch] | Done[BatchReply]:
        """After the file of errors: the one of answers, where there is one."""
        if not state.output_file_id:
            return Done(self._reply([], state.failed, request, target))
        return _content(msgspec.structs.replace(state, step="output"), target)

    def _reply(
        self, lines: Sequence[_Line], failed: Sequence[Failed], request: BatchRequest, target: Target
    ) -> BatchReply:
        items = [BatchItem(error="the batch ended before this request was answered")] * len(request.requests)
        for failure in failed:
            _put(items, failure.number, BatchItem(error=failure.message, status=failure.status, code=failure.code))
        for line in lines:
            number = _number(line)
            _put(items, number, self._item(line, number, request, target))
        used = [item.reply.usage for item in items if item.reply is not None]
        return BatchReply(items=tuple(items), usage=sum(used, start=Usage()) if used else UNREPORTED)

    def _item(self, line: _Line, number: int, request: BatchRequest, target: Target) -> BatchItem:
        if line.response is None or line.response.status_code >= 300 or not number < len(request.requests):
            failure = self._failure(line)
            return BatchItem(error=failure.message, status=failure.status, code=failure.code)
        operation: Operation[Any, Any] = self._operation(request)
        answer = HttpResponse(ResponseHead(line.response.status_code), bytes(line.response.body))
        return BatchItem(reply=operation.decode(answer, request.requests[number], target))

    def _failure(self, line: _Line) -> Failed:
        if line.error is not None:
            return Failed(_number(line), code=line.error.code or "", message=line.error.message)
        answer = line.response or _Answer()
        error = self.errors.error(HttpResponse(ResponseHead(answer.status_code), bytes(answer.body)))
        if error is None:
            return Failed(_number(line), answer.status_code, message="failed without a reason")
        return Failed(_number(line), answer.status_code, error.code, error.message)


def _content(state: Batch, target: Target) -> Send[Batch]:
    file_id = state.error_file_id if state.step == "errors" else state.output_file_id
    return Send(HttpRequest(method="GET", url=f"{target.base_url}/files/{file_id}/content", repeat="safe"), state)


def _put(items: list[BatchItem], number: int, item: BatchItem) -> None:
    if not 0 <= number < len(items):
        raise DecodeError(f"the batch holds an answer to request {number}, and there are {len(items)} requests")
    items[number] = item


def _number(line: _Line) -> int:
    if not line.custom_id.isdecimal():
        raise DecodeError(f"the batch holds an answer to {line.custom_id!r}, which was not asked")
    return int(line.custom_id)


def _jsonl(response: HttpResponse) -> list[_Line]:
    return [_decoded(line, _Line) for line in response.body.splitlines() if line.strip()]


def _read(response: HttpResponse, type_: type[Any]) -> Any:
    return _decoded(response.body, type_)


def _decoded(data: bytes, type_: type[Any]) -> Any:
    try:
        return msgspec.json.decode(data, type=type_)
    except UNREADABLE as error:
        raise DecodeError(f"OpenAI answered with something else than was asked for: {error}") from error


def _progress(counts: _Counts | None) -> float | None:
    return None if counts is None or not counts.total else (counts.completed + counts.failed) / counts.total


def _why(batch: _Batch) -> str:
    found = "; ".join(
        f"line {error.line}: {error.message}" if error.line is not None else error.message
        for error in (batch.errors.data if batch.errors is not None else ())
    )
    return f"the batch {batch.id} has {batch.status}: {found or 'no reason is given'}"


@hookimpl
def modelscan_provider() -> Provider:
    """The provider `openai`, with batches."""
    return Provider(
        name="openai",
        connection=Connection(
            base_urls={"default": "https://api.openai.com/v1"},
            schemes={"default": Bearer()},
            env=("OPENAI_API_KEY",),
        ),
        errors=OpenAIErrors(),
        chat=ChatCompletions(),
        batch=Batches(),
    )
