"""Whole calls through a client, over a real socket to a server of this machine."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from modelscan import AsyncClient, Client
from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest
from modelscan.contracts.provider import Provider
from modelscan.errors import AuthenticationError, ModelScanError
from modelscan.testing.conformance.decoding import differences
from modelscan.testing.conformance.examples import Example
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject, params_for
from modelscan.testing.conformance.samples import CANARY
from modelscan.testing.conformance.suite import counts_for, not_declared
from modelscan.testing.loopback import Conversation, LoopbackServer, Script
from modelscan.types.accounts import Account
from modelscan.types.chat import ChatRequest
from modelscan.types.secret import Secret

_SHOWN = CANARY[:-4]


class CallTests(Fixtures):
    """Calling."""

    @counts_for("gold")
    async def test_a_cancelled_call_closes_its_connection(self, subject: Subject) -> None:
        """While it waits for the head."""
        example = _chat_example(subject)
        async with LoopbackServer(_held(b"", ())) as server, self._client(subject, server) as client:
            call = asyncio.ensure_future(client.chat(_chat(example), model=self._name(subject)))
            await _cancelled_once_asked(call, server)

    @counts_for("gold")
    async def test_a_cancelled_stream_closes_its_connection(self, subject: Subject) -> None:
        """In the middle of the answer."""
        example = _chat_example(subject, streams=True)
        assert example.stream is not None
        head, body = example.stream.head.headers, example.stream.body
        async with (
            LoopbackServer(_held(body[: len(body) // 2], head)) as server,
            self._client(subject, server) as client,
        ):

            async def read() -> None:
                async with client.stream(_chat(example), model=self._name(subject)) as stream:
                    async for _ in stream:
                        pass

            await _cancelled_once_asked(asyncio.ensure_future(read()), server)

    @counts_for("gold")
    async def test_the_blocking_client_gives_the_same(self, subject: Subject) -> None:
        """Whole and streamed, from both clients: four times one answer."""
        example = _chat_example(subject, streams=True)
        assert example.whole is not None
        assert example.stream is not None
        whole, stream = _always(example.whole), _always(example.stream)
        async with LoopbackServer(whole) as server, LoopbackServer(stream) as streams:
            async with self._client(subject, server) as client, self._client(subject, streams) as streaming:
                replies = [await client.chat(_chat(example), model=self._name(subject))]
                async with streaming.stream(_chat(example), model=self._name(subject)) as chunks:
                    replies.append(await chunks.reply())
            replies += await asyncio.to_thread(self._blocking, subject, example, server.url, streams.url)
        for other in replies[1:]:
            wrong = differences(replies[0], other)
            assert not wrong, f"sync and async, whole and streamed answers differ: {'; '.join(wrong)}"

    @counts_for("silver")
    async def test_no_error_and_no_log_shows_the_key(self, subject: Subject, caplog: pytest.LogCaptureFixture) -> None:
        """After a refusal, in all that is printed or logged."""
        caplog.set_level("DEBUG")
        example = _chat_example(subject)
        assert example.whole is not None
        refusal = msgspec.structs.replace(
            example.whole, head=msgspec.structs.replace(example.whole.head, status=401), body=b"{}"
        )
        async with LoopbackServer(_always(refusal)) as server, self._client(subject, server) as client:
            with pytest.raises(ModelScanError) as caught:
                await client.chat(_chat(example), model=self._name(subject))
            shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
            shown += repr(client) + repr(vars(client)) + caplog.text
        assert isinstance(caught.value, AuthenticationError), f"a 401 is a {type(caught.value).__name__}"
        assert _SHOWN not in shown, "the key is shown in an error, a log line or a repr"

    @counts_for("silver")
    def test_no_scheme_and_no_request_shows_the_key_in_its_repr(self, subject: Subject) -> None:
        """A signed request is logged one day."""
        for name, scheme in subject.provider.connection.schemes.items():
            credential = Credential(_secrets(subject.provider))
            if scheme.exchange(credential, subject.target, datetime.now(UTC)) is not None:
                continue
            encoded = next((encode() for _, encode in subject.encoded()), HttpRequest(url=subject.target.base_url))
            signed = scheme.sign(encoded, credential, subject.target, "0" * 64, datetime.now(UTC))
            shown = repr(scheme) + repr(signed) + repr(credential) + repr(subject.provider)
            assert _SHOWN not in shown, f"the scheme {name!r} leaks the key in a repr"

    def _client(self, subject: Subject, server: LoopbackServer) -> AsyncClient:
        return AsyncClient(**self._arguments(subject, server.url))

    def _blocking(self, subject: Subject, example: Example, whole: str, stream: str) -> list[Any]:
        with Client(**self._arguments(subject, whole)) as client:
            replies: list[Any] = [client.chat(_chat(example), model=self._name(subject))]
        with Client(**self._arguments(subject, stream)) as client:
            with client.stream(_chat(example), model=self._name(subject)) as chunks:
                replies.append(chunks.reply())
        return replies

    def _arguments(self, subject: Subject, url: str) -> Any:  # the arguments of a client
        provider = subject.provider
        urls = {name: url + urlsplit(base).path for name, base in subject.target.base_urls.items()}
        account = Account(
            provider=provider.name, params=params_for(provider.connection, type(self).params), base_urls=urls
        )
        return {
            "plugins": [provider],
            "accounts": [account],
            "api_keys": {provider.name: _given(provider)} if provider.connection.schemes else {},
            "settings": {"retries.max_attempts": 1},
            "config": False,
        }

    def _name(self, subject: Subject) -> str:
        return f"{subject.provider.name}/{type(self).model}"


def _chat(example: Example) -> ChatRequest:
    assert isinstance(example.request, ChatRequest)
    return example.request


def _chat_example(subject: Subject, *, streams: bool = False) -> Example:
    found = subject.streams() if streams else subject.wholes()
    chats = [example for example in found if example.capability == "chat" and example.whole is not None]
    if not chats:
        not_declared("it doesn't chat")
    now = datetime.now(UTC)
    for scheme in subject.provider.connection.schemes.values():
        if scheme.exchange(Credential(_secrets(subject.provider)), subject.target, now) is not None:
            not_declared("its key is exchanged for a token by a server of its own")
    return chats[0]


def _names(provider: Provider) -> tuple[str, ...]:
    return ("key",) if provider.connection.env or not provider.connection.forms else provider.connection.forms[0].needed


def _given(provider: Provider) -> Any:  # what `api_keys` takes
    names = _names(provider)
    return CANARY if names == ("key",) else dict.fromkeys(names, CANARY)


def _secrets(provider: Provider) -> Mapping[str, Secret]:
    return dict.fromkeys(_names(provider), Secret(CANARY))


def _always(response: Any) -> Script:  # an HttpResponse
    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        headers = [*response.head.headers, ("Content-Length", str(len(response.body)))]
        await talk.head(response.head.status, headers)
        await talk.write(response.body)
        return True

    return script


def _held(piece: bytes, headers: Any) -> Script:  # Headers
    """A head and a piece, where there is one, and then nothing until the other side closes."""

    async def script(talk: Conversation) -> bool:
        await talk.read_body()
        if piece:
            await talk.head(200, [*headers, ("Transfer-Encoding", "chunked")])
            await talk.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await talk.until_closed()
        return False

    return script


async def _cancelled_once_asked(call: asyncio.Future[Any], server: LoopbackServer) -> None:
    waiting = asyncio.ensure_future(server.until_requests(1))
    await asyncio.wait({call, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if call.done():
        call.result()
    call.cancel()
    try:
        await call
    except asyncio.CancelledError:
        pass
    else:
        pytest.fail("a call that was cancelled went on as if nothing had happened")
    try:
        await server.until_closed()
    except AssertionError:
        pytest.fail("a cancelled call leaves its connection open, and the vendor goes on and bills it")
