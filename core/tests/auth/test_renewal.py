"""Signers that exchange credentials, and what they do after a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import Secret
from modelscan.auth.signer import Signer, utc_now
from modelscan.contracts.auth import AuthScheme, Credential, Token
from modelscan.contracts.flows import Done, Lost, Send, Wait, Woken
from modelscan.contracts.http import Body, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.provider import Connection
from modelscan.errors import AuthenticationError, CredentialError, ServerError, TransportError
from modelscan.wire.oauth2 import ClientCredentials
from modelscan.wire.schemes import Bearer
from modelscan.wire.sigv4 import SigV4

BASE = {"default": "https://api.example.org/v1"}
TARGET = Target(base_urls=BASE, model="m", params={"region": "eu-1"})
REQUEST = HttpRequest(url="https://api.example.org/v1/x")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLIENT = Credential({"client_id": Secret("me"), "client_secret": Secret("client-canary-0123")})
AWS = Credential({"access_key_id": Secret("AKID"), "secret_access_key": Secret("s")})


class Vendor:
    """A token endpoint and a clock."""

    def __init__(self, scheme: AuthScheme, credential: Credential | None) -> None:
        self.now = NOW
        self.credential: Credential | Exception | None = credential
        self.lookups = 0
        self.sent: list[HttpRequest] = []
        self.answer: Callable[[int], HttpResponse] = granted
        connection = Connection(base_urls=BASE, schemes={"default": scheme})
        self.signer = Signer(connection, TARGET, self.find, hashed, self.send, lambda: self.now)

    def find(self) -> Credential | None:
        self.lookups += 1
        if isinstance(self.credential, Exception):
            raise self.credential
        return self.credential

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.sent.append(request)
        await asyncio.sleep(0)
        return self.answer(len(self.sent))

    async def sign(self) -> HttpRequest:
        return await self.signer.sign(REQUEST, TARGET)

    async def renewed(self, signed: HttpRequest, status: int, *, ahead_s: float | None = None) -> HttpRequest | None:
        headers = () if ahead_s is None else (("date", date(self.now + timedelta(seconds=ahead_s))),)
        return await self.signer.renewed(REQUEST, TARGET, signed, ResponseHead(status, headers))


async def hashed(body: Body) -> str:
    return "0" * 64


def date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def granted(number: int) -> HttpResponse:
    return HttpResponse(ResponseHead(200), msgspec.json.encode({"access_token": f"t{number}", "expires_in": 3600}))


def bearer(request: HttpRequest | None) -> str:
    assert request is not None
    return dict(request.headers)["authorization"]


OAUTH = ClientCredentials("https://login.example.org/token")


async def test_a_token_is_exchanged_once_and_put_on_every_request() -> None:
    vendor = Vendor(OAUTH, CLIENT)
    signed = await asyncio.gather(*(vendor.sign() for _ in range(20)))
    assert {bearer(request) for request in signed} == {"Bearer t1"}
    assert len(vendor.sent) == 1
    assert "canary" not in repr(signed[0]) + repr(vendor.sent[0])


async def test_a_refused_token_is_replaced_once_for_all_who_were_refused() -> None:
    vendor = Vendor(OAUTH, CLIENT)
    signed = await vendor.sign()
    again = await asyncio.gather(*(vendor.renewed(signed, 401) for _ in range(10)))
    assert {bearer(request) for request in again} == {"Bearer t2"}
    assert len(vendor.sent) == 2
    late = await vendor.renewed(signed, 401)
    assert (bearer(late), len(vendor.sent)) == ("Bearer t2", 2)


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500])
async def test_only_a_401_costs_a_token(status: int) -> None:
    vendor = Vendor(OAUTH, CLIENT)
    assert await vendor.renewed(await vendor.sign(), status) is None
    assert len(vendor.sent) == 1


async def test_a_key_that_was_changed_in_its_source_signs_the_next_try() -> None:
    vendor = Vendor(Bearer(), Credential({"key": Secret("old")}))
    signed = await vendor.sign()
    assert await vendor.renewed(signed, 401) is None
    vendor.credential = Credential({"key": Secret("new")})
    assert bearer(await vendor.renewed(signed, 401)) == "Bearer new"
    assert bearer(await vendor.sign()) == "Bearer new"


async def test_keys_that_expired_are_replaced_where_the_vendor_says_403() -> None:
    vendor = Vendor(SigV4("bedrock"), AWS)
    signed = await vendor.sign()
    vendor.credential = Credential({"access_key_id": Secret("NEW"), "secret_access_key": Secret("s")})
    assert "Credential=NEW/" in bearer(await vendor.renewed(signed, 403))


async def test_a_key_that_is_gone_from_its_source_stays_in_use() -> None:
    vendor = Vendor(Bearer(), Credential({"key": Secret("old")}))
    signed = await vendor.sign()
    vendor.credential = CredentialError("no key")
    assert await vendor.renewed(signed, 401) is None
    assert bearer(await vendor.sign()) == "Bearer old"


async def test_a_changed_credential_gets_a_token_of_its_own() -> None:
    vendor = Vendor(OAUTH, CLIENT)
    signed = await vendor.sign()
    vendor.credential = Credential({"client_id": Secret("other"), "client_secret": Secret("x")})
    assert bearer(await vendor.renewed(signed, 401)) == "Bearer t2"
    assert b"client_id=other" in bytes(vendor.sent[1].body)  # type: ignore[arg-type]  # a form is bytes


async def test_a_presigned_request_and_one_without_a_key_are_not_renewed() -> None:
    vendor = Vendor(OAUTH, None)
    assert await vendor.renewed(await vendor.sign(), 401) is None
    presigned = msgspec.structs.replace(REQUEST, auth=None)
    assert await vendor.signer.renewed(presigned, TARGET, presigned, ResponseHead(401)) is None


@pytest.mark.parametrize("ahead_s", [-3600, 3600])
async def test_a_signature_by_a_wrong_clock_is_made_anew_by_the_servers(ahead_s: float) -> None:
    vendor = Vendor(SigV4("bedrock"), AWS)
    signed = await vendor.sign()
    again = await vendor.renewed(signed, 403, ahead_s=ahead_s)
    assert again is not None
    there = (NOW + timedelta(seconds=ahead_s)).strftime("%Y%m%dT%H%M%SZ")
    assert dict(again.headers)["x-amz-date"] == there
    assert dict((await vendor.sign()).headers)["x-amz-date"] == there
    assert await vendor.renewed(again, 403, ahead_s=ahead_s) is None


@pytest.mark.parametrize("ahead_s", [None, 0, 59, -59])
async def test_a_clock_that_agrees_or_isnt_told_is_not_to_blame(ahead_s: float | None) -> None:
    vendor = Vendor(SigV4("bedrock"), AWS)
    assert await vendor.renewed(await vendor.sign(), 403, ahead_s=ahead_s) is None


async def test_another_clock_changes_nothing_for_a_plain_key() -> None:
    vendor = Vendor(Bearer(), Credential({"key": Secret("k")}))
    assert await vendor.renewed(await vendor.sign(), 403, ahead_s=3600) is None


async def test_a_token_endpoint_with_another_clock_gets_a_second_request() -> None:
    vendor = Vendor(OAUTH, CLIENT)
    refusal = HttpResponse(ResponseHead(400, (("date", date(NOW + timedelta(hours=2))),)), b'{"error":"invalid_grant"}')
    vendor.answer = lambda number: refusal if number == 1 else granted(number)
    assert bearer(await vendor.sign()) == "Bearer t2"
    vendor.now += timedelta(minutes=50)
    assert bearer(await vendor.sign()) == "Bearer t2"


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (500, ServerError)])
async def test_after_a_failed_exchange_the_key_is_looked_up_anew(status: int, error: type[Exception]) -> None:
    vendor = Vendor(OAUTH, CLIENT)
    vendor.answer = lambda number: HttpResponse(ResponseHead(status)) if number == 1 else granted(number)
    with pytest.raises(error):
        await vendor.sign()
    assert bearer(await vendor.sign()) == "Bearer t2"
    assert vendor.lookups == 2


async def test_an_answer_that_is_lost_is_a_transport_error() -> None:
    vendor = Vendor(OAUTH, CLIENT)

    def lose(number: int) -> HttpResponse:
        raise TransportError("the connection was cut", phase="read")

    vendor.answer = lose
    with pytest.raises(TransportError, match="the connection was cut"):
        await vendor.sign()


@pytest.mark.parametrize("url", ["http://login.example.org/token", "http://localhost.evil.org/token"])
async def test_a_credential_is_exchanged_in_secret_or_not_at_all(url: str) -> None:
    vendor = Vendor(ClientCredentials(url), CLIENT)
    with pytest.raises(CredentialError, match="it isn't encrypted"):
        await vendor.sign()
    assert vendor.sent == []


@attrs.frozen
class TwoSteps:
    """A scheme whose token comes after a wait, from an address in the first answer."""

    second_url: str
    needs_body_hash: bool = False
    version: int = 1
    state_type: type[msgspec.Struct] = msgspec.Struct

    def exchange(self, credential: Credential, target: Target, now: datetime) -> Any:
        return self

    def start(self, request: None, target: Target) -> Send[Any]:
        return Send(HttpRequest(url="https://login.example.org/1", auth=None), None)

    def resume(self, state: Any, event: Any, request: None, target: Target) -> Any:
        if isinstance(event, Woken):
            return Send(HttpRequest(url=self.second_url, auth=None), "second")
        assert not isinstance(event, Lost)
        return Done(Token(Secret("late"))) if state == "second" else Wait(seconds=0, state=None)

    def sign(self, request: HttpRequest, credential: Credential, *others: Any) -> HttpRequest:
        return msgspec.structs.replace(request, headers=(("authorization", credential.secrets["token"].reveal()),))


async def test_a_flow_may_wait_and_go_on_at_the_same_place() -> None:
    vendor = Vendor(TwoSteps("https://login.example.org/2"), Credential({"key": Secret("k")}))
    assert bearer(await vendor.sign()) == "late"
    assert [request.url for request in vendor.sent] == ["https://login.example.org/1", "https://login.example.org/2"]


async def test_an_answer_cant_lead_the_credential_to_another_place() -> None:
    vendor = Vendor(TwoSteps("https://evil.org/2"), Credential({"key": Secret("k")}))
    with pytest.raises(CredentialError, match="evil.org"):
        await vendor.sign()
    assert len(vendor.sent) == 1


def test_the_clock_is_this_machines_in_universal_time() -> None:
    assert abs(utc_now() - datetime.now(UTC)) < timedelta(seconds=5)
