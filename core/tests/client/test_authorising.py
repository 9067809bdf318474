"""What a client does about keys and tokens, seen from the server: exchanges are counted, refusals are mended once."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from types import SimpleNamespace
from typing import Any

import pytest

from modelscan import Account, AsyncClient, hookimpl
from modelscan.contracts.limiter import Demand
from modelscan.contracts.provider import Connection, CredentialForm
from modelscan.errors import AuthenticationError, ModelScanError, PermissionDeniedError
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.testing.loopback import Conversation, LoopbackServer, answer
from modelscan.testing.scripted import plain_provider
from modelscan.wire.oauth2 import ClientCredentials
from modelscan.wire.schemes import Bearer, QueryKey
from modelscan.wire.sigv4 import SigV4

OK = b"hello\nend\n"
CLIENT = {"client_id": "me", "client_secret": "client-canary-0123456789"}


class Counting(Unlimited):
    """The limiter that grants all, and remembers how each lease went."""

    name = "counting"
    leases: list[UnlimitedLease]

    def __init__(self) -> None:
        self.leases = Counting.leases = []

    async def reserve(self, demand: Demand) -> UnlimitedLease:
        self.leases.append(UnlimitedLease())
        return self.leases[-1]


class Vendor:
    """A token endpoint and an API that takes the newest token alone."""

    def __init__(self, *, is_strict: bool = False) -> None:
        self.issued = 0
        self.is_strict = is_strict
        self.valid = ""

    async def token(self, talk: Conversation) -> bool:
        self.issued += 1
        self.valid = f"t{self.issued}"
        await asyncio.sleep(0.01)
        return await answer(json.dumps({"access_token": self.valid, "expires_in": 3600}).encode())(talk)

    async def api(self, talk: Conversation) -> bool:
        is_valid = not self.is_strict and talk.request.header("authorization") == f"Bearer {self.valid}"
        return await answer(OK if is_valid else b"bad token", status=200 if is_valid else 401)(talk)

    @property
    def scripts(self) -> dict[str, Any]:
        return {"/token": self.token, "*": self.api}


def client_of(server: LoopbackServer, scheme: Any, key: Any, *, env: tuple[str, ...] = ()) -> AsyncClient:
    pairs = (("client_id", "client_secret"), ("access_key_id", "secret_access_key"))
    forms = tuple(CredentialForm(env=dict.fromkeys(pair, ())) for pair in pairs)
    connection = Connection(
        base_urls={"default": server.url}, schemes={"default": scheme}, env=env, forms=() if env else forms
    )

    @hookimpl
    def modelscan_limiter() -> type[Counting]:
        return Counting

    return AsyncClient(
        plugins=(plain_provider(connection=connection), SimpleNamespace(modelscan_limiter=modelscan_limiter)),
        api_keys={"plain": key} if key else {},
        accounts=[Account(provider="plain", region="eu-1")],
        settings={"retries.max_attempts": 1, "client.limiter": "counting"},
        config=False,
    )


def oauth(server: LoopbackServer) -> ClientCredentials:
    return ClientCredentials(f"{server.url}/token")


def paths(server: LoopbackServer) -> list[str]:
    return [request.path for request in server.requests]


async def test_many_calls_at_once_exchange_the_credential_once() -> None:
    vendor = Vendor()
    async with LoopbackServer(vendor.scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        replies = await asyncio.gather(*(client.chat("hi", model="plain/m") for _ in range(20)))
    assert [reply.text for reply in replies] == ["hello"] * 20
    assert (vendor.issued, paths(server).count("/token"), len(server.requests)) == (1, 1, 21)


async def test_a_token_that_was_revoked_is_replaced_within_the_call_and_once_for_all() -> None:
    vendor = Vendor()
    async with LoopbackServer(vendor.scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        await client.chat("hi", model="plain/m")
        vendor.valid = "revoked"
        replies = await asyncio.gather(*(client.chat("hi", model="plain/m") for _ in range(5)))
    assert [reply.text for reply in replies] == ["hello"] * 5
    assert vendor.issued == 2


async def test_a_stream_renews_its_token_too() -> None:
    vendor = Vendor()
    async with LoopbackServer(vendor.scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        await client.chat("hi", model="plain/m")
        vendor.valid = "revoked"
        async with client.stream("hi", model="plain/m") as stream:
            assert (await stream.reply()).text == "hello"


async def test_a_refusal_is_mended_once_and_each_request_has_a_lease_of_its_own() -> None:
    vendor = Vendor(is_strict=True)
    async with LoopbackServer(vendor.scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        with pytest.raises(AuthenticationError, match="bad token"):
            await client.chat("hi", model="plain/m")
    assert vendor.issued == 2
    assert [path for path in paths(server) if path != "/token"] == ["/m", "/m"]
    assert [lease.state for lease in Counting.leases] == ["settled", "settled"]


async def test_a_credential_that_is_refused_says_so_and_isnt_shown() -> None:
    scripts = {"/token": answer(b'{"error": "invalid_client"}', status=401), "*": answer(OK)}
    async with LoopbackServer(scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        with pytest.raises(AuthenticationError, match="invalid_client") as caught:
            await client.chat("hi", model="plain/m")
    assert caught.value.provider == "plain"
    assert "canary" not in f"{caught.value} {vars(caught.value)}"
    assert [lease.state for lease in Counting.leases] == ["released"]


async def test_a_key_changed_in_the_environment_is_taken_up_by_the_call_that_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str | None] = []

    async def api(talk: Conversation) -> bool:
        seen.append(talk.request.header("authorization"))
        is_new = seen[-1] == "Bearer new"
        return await answer(OK if is_new else b"old key", status=200 if is_new else 401)(talk)

    monkeypatch.setenv("PLAIN_KEY", "old")
    async with LoopbackServer(api) as server, client_of(server, Bearer(), None, env=("PLAIN_KEY",)) as client:
        with pytest.raises(AuthenticationError):
            await client.chat("hi", model="plain/m")
        monkeypatch.setenv("PLAIN_KEY", "new")
        assert (await client.chat("hi", model="plain/m")).text == "hello"
    assert seen == ["Bearer old", "Bearer old", "Bearer new"]


async def test_a_clock_that_is_wrong_is_set_by_the_servers_within_the_call() -> None:
    seen: list[str] = []

    async def api(talk: Conversation) -> bool:
        seen.append(talk.request.header("x-amz-date") or "")
        is_right = seen[-1].startswith("20010101T")
        date = [("date", "Mon, 01 Jan 2001 00:00:00 GMT")]
        return await answer(OK if is_right else b"too skewed", status=200 if is_right else 403, headers=date)(talk)

    keys = {"access_key_id": "AKID", "secret_access_key": "secret"}
    async with LoopbackServer(api) as server, client_of(server, SigV4("x"), keys) as client:
        assert (await client.chat("hi", model="plain/m")).text == "hello"
        assert (await client.chat("hi", model="plain/m")).text == "hello"
    assert [date[:8] == "20010101" for date in seen] == [False, True, True]


async def test_a_refusal_that_is_not_the_clocks_fault_is_not_sent_again() -> None:
    keys = {"access_key_id": "AKID", "secret_access_key": "secret"}
    async with LoopbackServer(answer(b"no", status=403)) as server, client_of(server, SigV4("x"), keys) as client:
        with pytest.raises(PermissionDeniedError):
            await client.chat("hi", model="plain/m")
        assert len(server.requests) == 1


async def test_a_renewal_that_fails_ends_the_call_with_its_own_error() -> None:
    vendor = Vendor()

    async def token(talk: Conversation) -> bool:
        if vendor.issued:
            return await answer(b'{"error": "invalid_client"}', status=401)(talk)
        return await vendor.token(talk)

    scripts = {"/token": token, "*": vendor.api}
    async with LoopbackServer(scripts) as server, client_of(server, oauth(server), CLIENT) as client:
        await client.chat("hi", model="plain/m")
        vendor.valid = "revoked"
        with pytest.raises(AuthenticationError, match="no token from"):
            await client.chat("hi", model="plain/m")
    assert [lease.state for lease in Counting.leases] == ["settled", "settled"]


@pytest.mark.parametrize("scheme", ["token", "bearer", "query"])
async def test_no_secret_is_logged_or_stands_in_an_error(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refused = answer(b"no", status=500)
    scripts = {"/token": answer(b'{"access_token": "token-canary-0123456789"}'), "*": refused}
    async with LoopbackServer(scripts) as server:
        schemes: dict[str, Any] = {"token": oauth(server), "bearer": Bearer(), "query": QueryKey("key")}
        env = () if scheme == "token" else ("PLAIN_KEY",)
        key = CLIENT if scheme == "token" else "key-canary-0123456789"
        async with client_of(server, schemes[scheme], key, env=env) as client:
            with pytest.raises(ModelScanError) as caught:
                await client.chat("hi", model="plain/m")
    shown = "".join(traceback.format_exception(caught.value))
    assert "canary" not in f"{caplog.text} {shown} {caught.value!r} {vars(caught.value)} {client!r}"
    assert len(server.requests) == (2 if scheme == "token" else 1)


@pytest.mark.parametrize(("status", "is_stream"), [(401, False), (500, False), (401, True), (200, True)])
async def test_a_server_that_repeats_the_key_does_not_give_it_away(status: int, *, is_stream: bool) -> None:
    told = b"hel\nerror of key-canary-0123456789\n" if status == 200 else b"wrong: key-canary-0123456789"
    provider = plain_provider(connection=Connection(base_urls={"default": ""}, schemes={"default": Bearer()}))
    async with LoopbackServer(answer(told, status=status)) as server:
        async with AsyncClient(
            plugins=[provider],
            base_urls={"plain": server.url},
            api_keys={"plain": "key-canary-0123456789"},
            settings={"retries.max_attempts": 1},
            config=False,
        ) as client:
            call = client.stream("hi", model="plain/m").reply() if is_stream else client.chat("hi", model="plain/m")
            with pytest.raises(ModelScanError) as caught:
                await call
    assert "…6789" in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(vars(caught.value))
    assert "canary" not in shown
