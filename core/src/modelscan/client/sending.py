"""One attempt: encode, reserve, authorise, send, decode, settle. Each ends its lease exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from modelscan.auth.signer import REFUSALS
from modelscan.client.admission import Admission
from modelscan.client.attempts import AttemptError
from modelscan.client.endpoints import Endpoint
from modelscan.client.materialise import Fetch, materialised
from modelscan.client.retry import is_worth_repeating
from modelscan.client.sources import LiveSource, NativeSource, stamped
from modelscan.contracts.http import HttpRequest, HttpResponse, Repeat, ResponseHead, Target
from modelscan.contracts.limiter import Lease
from modelscan.contracts.operations import NativeOperation, StreamingOperation
from modelscan.contracts.policies import Call
from modelscan.contracts.transport import Exchange, Socket, Timeouts, Transport
from modelscan.errors import BudgetExceededError, ModelScanError, TransportError
from modelscan.limits.held import HeldLease, carried
from modelscan.streams.fold import ChatFold
from modelscan.types.usage import REFUSED
from modelscan.wire.failures import provider_error

_PRESSED: Final = 0.5
"""From this part of a rate on, an answer is streamed underneath so that its head comes before it is made."""
_MOST_FITTINGS: Final = 64

if TYPE_CHECKING:
    from modelscan.client.uploading import Uploads


class Sender:
    """Carries out single attempts over one transport, admitted one by one; `uploads` sends media ahead of them."""

    def __init__(
        self,
        transport: Transport,
        admission: Admission,
        timeouts: Timeouts,
        fetch: Fetch,
        uploads: Uploads | None = None,
    ) -> None:
        self._transport = transport
        self._admission = admission
        self._timeouts = timeouts
        self._fetch = fetch
        self._uploads = uploads

    async def whole(self, endpoint: Endpoint, call: Call, extra_headers: Sequence[tuple[str, str]] = ()) -> Any:
        """The reply Struct of one request, told its provider, model and request id. Raises `AttemptError`."""
        lease: HeldLease | None = None
        repeat: Repeat = "unsafe"
        try:
            operation = endpoint.operation(call.capability, "whole")
            asked = await self.asked(endpoint, call)
            if endpoint.is_native(call.capability):
                repeat = "safe"
                lease, asked = await self.admitted(endpoint, call, asked)
                return await _run_native(operation, endpoint, asked, lease)
            target = _target(endpoint, call)
            request: HttpRequest = operation.encode(asked, target)  # what can't be written waits for nothing
            repeat = request.repeat
            lease, admitted = await self.admitted(endpoint, call, asked)
            if lease.pressure > _PRESSED and endpoint.can_stream(call.capability):
                return await self._pieced_together(operation, endpoint, call, admitted, lease, extra_headers)
            if admitted is not asked:
                asked, request = admitted, operation.encode(admitted, target)
            exchange = await self.authorised(endpoint, call, request, lease, extra_headers)
            response = await self.read(exchange)
            self._refuse(endpoint, response, lease)
            reply = operation.decode(response, asked, target)
            lease.settle(getattr(reply, "usage", REFUSED))
            return stamped(reply, endpoint, lease, response)
        except ModelScanError as error:
            if self._uploads is not None:
                self._uploads.doubt(endpoint, error)
            raise failed(error, endpoint, call, repeat, lease) from error
        finally:
            if lease is not None:
                lease.close()

    async def stream(
        self, endpoint: Endpoint, call: Call, extra_headers: Sequence[tuple[str, str]] = ()
    ) -> LiveSource | NativeSource:
        """A source that holds the first chunks already. Raises `AttemptError` for whatever comes before them."""
        lease: HeldLease | None = None
        source: LiveSource | NativeSource | None = None
        repeat: Repeat = "unsafe"
        try:
            operation = endpoint.operation(call.capability, "stream")
            asked = await self.asked(endpoint, call)
            if endpoint.is_native(call.capability):
                repeat = "safe"
                lease, asked = await self.admitted(endpoint, call, asked)
                lease.sent()
                source = NativeSource(operation.stream(asked, endpoint.target), endpoint, lease)
            else:
                request: HttpRequest = operation.encode_stream(asked, _target(endpoint, call))
                repeat = request.repeat
                lease, admitted = await self.admitted(endpoint, call, asked)
                if admitted is not asked:
                    asked, request = admitted, operation.encode_stream(admitted, _target(endpoint, call))
                source = await self._live(operation, endpoint, call, asked, request, lease, extra_headers)
            await source.prime()
            return source
        except ModelScanError as error:
            if self._uploads is not None:
                self._uploads.doubt(endpoint, error)
            raise failed(error, endpoint, call, repeat, lease) from error
        finally:
            if source is None or not source.is_primed:
                if source is not None:
                    await source.close()
                if lease is not None:
                    lease.close()

    async def _live(
        self,
        operation: StreamingOperation[Any, Any, Any],
        endpoint: Endpoint,
        call: Call,
        asked: Any,
        request: HttpRequest,
        lease: HeldLease,
        extra_headers: Sequence[tuple[str, str]],
    ) -> LiveSource:
        """The source of a streamed answer whose head is here."""
        exchange = await self.authorised(endpoint, call, request, lease, extra_headers)
        try:
            if exchange.head.status >= 300:
                self._refuse(endpoint, await self.read(exchange), lease)
            decoder = operation.decoder(exchange.head, asked, _target(endpoint, call))
        except BaseException:
            await exchange.close()
            raise
        return LiveSource(exchange, decoder, endpoint, lease)

    async def _pieced_together(
        self,
        operation: StreamingOperation[Any, Any, Any],
        endpoint: Endpoint,
        call: Call,
        asked: Any,
        lease: HeldLease,
        extra_headers: Sequence[tuple[str, str]],
    ) -> Any:
        """The reply, streamed underneath: its head comes before the answer is made, and the rate is free the sooner."""
        request = operation.encode_stream(asked, _target(endpoint, call))
        source = await self._live(operation, endpoint, call, asked, request, lease, extra_headers)
        fold = ChatFold()
        try:
            while chunks := await source.read():
                for chunk in chunks:
                    fold.add(chunk)
        finally:
            await source.close()
        return stamped(fold.reply(), endpoint, lease, HttpResponse(source.head or ResponseHead(200), b""))

    async def plain(self, request: HttpRequest) -> HttpResponse:
        """The reply to a request that is sent as it is, outside of all limits: for the exchange of credentials."""
        exchange = await self._transport.send(request, timeouts=self._timeouts)
        try:
            return HttpResponse(exchange.head, await exchange.read())
        finally:
            await exchange.close()

    async def asked(self, endpoint: Endpoint, call: Call) -> Any:
        """The call's request Struct with its media in a form that the provider takes.

        Raises `MediaError`, and `AttemptError` where an upload failed.
        """
        if self._uploads is None or endpoint.provider.upload is None:
            return await materialised(call.request, endpoint.provider, self._fetch)
        upload = partial(self._uploads.uploaded, endpoint, call)
        return await materialised(call.request, endpoint.provider, self._fetch, upload)

    async def connect(self, endpoint: Endpoint, request: HttpRequest, extra: Sequence[tuple[str, str]]) -> Socket:
        """A websocket, opened with the signed request."""
        signed = await endpoint.signer.sign(request, endpoint.target)
        return await self._transport.connect(_with_headers(signed, extra), timeouts=self._timeouts)

    async def admitted(self, endpoint: Endpoint, call: Call, asked: Any) -> tuple[HeldLease, Any]:
        """A lease for one attempt, and the request as the budgets afford it.

        Where calls that were under way have left less than the budgets afforded before, it is fitted anew.
        """
        for _ in range(_MOST_FITTINGS):
            ticket = await self._admission.prepared(endpoint, call, asked)
            try:
                return await self._admission.reserve(ticket), ticket.request
            except BudgetExceededError as error:
                if not ticket.is_fitted:
                    raise
                last = error
        raise last

    async def taken_on(self, endpoint: Endpoint, call: Call, asked: Any, token: bytes) -> HeldLease:
        """The lease that another process, or this one, gave a token for, with a ticket as it would have now."""
        own, claims = carried(token)
        ticket = await self._admission.carried(endpoint, call, asked, claims)
        return HeldLease(self._admission.attach(own), ticket, was_sent=True)

    def attach(self, token: bytes) -> Lease:
        """The lease that another process, or this one, gave a token for."""
        return self._admission.attach(token)

    async def authorised(
        self,
        endpoint: Endpoint,
        call: Call,
        request: HttpRequest,
        lease: HeldLease,
        extra: Sequence[tuple[str, str]],
    ) -> Exchange:
        """The answer to the signed request; where a refusal may be the signature's fault, to one signed anew."""
        signed = await endpoint.signer.sign(request, endpoint.target)
        exchange = await self._send(endpoint, signed, lease, extra)
        if exchange.head.status not in REFUSALS:
            return exchange
        lease.settle(REFUSED)
        try:
            again = await endpoint.signer.renewed(request, endpoint.target, signed, exchange.head)
        except BaseException:
            await exchange.close()
            raise
        if again is None:
            return exchange
        await self.read(exchange)
        lease.follow(await self._admission.reserve(lease.ticket.again()))
        return await self._send(endpoint, again, lease, extra)

    async def _send(
        self, endpoint: Endpoint, signed: HttpRequest, lease: HeldLease, extra: Sequence[tuple[str, str]]
    ) -> Exchange:
        signed = _with_headers(signed, extra)
        lease.sent()
        try:
            exchange = await self._transport.send(signed, timeouts=self._timeouts)
        except TransportError as error:
            if error.phase == "connect":
                lease.release()
            raise
        lease.arrived()
        self._admission.heard(endpoint, exchange.head)
        return exchange

    async def read(self, exchange: Exchange) -> HttpResponse:
        """The whole answer."""
        try:
            body = await exchange.read()
        finally:
            await exchange.close()
        return HttpResponse(exchange.head, body)

    def _refuse(self, endpoint: Endpoint, response: HttpResponse, lease: HeldLease) -> None:
        error = endpoint.provider.errors.error(response)
        if error is None and response.status >= 300:
            error = provider_error(response)
        if error is not None:
            lease.settle(REFUSED)
            self._admission.refused(endpoint, response, error)
            raise error


def _with_headers(signed: HttpRequest, extra: Sequence[tuple[str, str]]) -> HttpRequest:
    if not extra:
        return signed
    own = [name.lower() for name, _ in signed.headers]
    added = [header for header in extra if header[0].lower() not in own]
    return msgspec.structs.replace(signed, headers=(*signed.headers, *added))


def _target(endpoint: Endpoint, call: Call) -> Target:
    """Where the call goes, with the caller's idempotency key where there is one."""
    key = call.context.idempotency_key
    return msgspec.structs.replace(endpoint.target, idempotency_key=key) if key else endpoint.target


async def _run_native(
    operation: NativeOperation[Any, Any, Any], endpoint: Endpoint, request: Any, lease: HeldLease
) -> Any:
    lease.sent()
    reply = await operation.run(request, endpoint.target)
    lease.arrived()  # not before: it may have counted the call at any moment until now
    lease.settle(getattr(reply, "usage", REFUSED))
    return stamped(reply, endpoint, lease)


def failed(
    error: ModelScanError, endpoint: Endpoint, call: Call, repeat: Repeat, lease: HeldLease | None
) -> AttemptError:
    """What the attempt loop is told of an error: whom it concerns, and whether the request may be sent once more."""
    endpoint.concerns(error)
    again = is_worth_repeating(
        error,
        repeat,
        has_key=call.context.idempotency_key is not None,
        was_sent=lease is not None and lease.was_sent,
    )
    return AttemptError(error, again=again)
