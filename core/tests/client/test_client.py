"""The clients: one loop, one life; calls of every capability; threads, forks and notebooks."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from datetime import datetime
from typing import Any

import attrs
import msgspec
import pytest

import modelscan.client.background as background_module
from modelscan import Account, AsyncClient, Client, EmbedReply, EmbedRequest, Secret, Usage, image
from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.provider import Connection, Parameter, Provider
from modelscan.errors import ConfigurationError, CredentialError, InvalidRequestError, ModelScanError, UnsupportedError
from modelscan.testing.scripted import Answer, ScriptedTransport, plain_provider
from modelscan.types.chat import ChatRequest

OK = Answer(pieces=[b"hello\n", b"end\n"])


class Embeds:
    def encode(self, request: EmbedRequest, target: Target) -> HttpRequest:
        return HttpRequest(url=f"{target.base_url}/embed", body=msgspec.json.encode(request), repeat="safe")

    def decode(self, response: HttpResponse, request: EmbedRequest, target: Target) -> EmbedReply:
        vectors = tuple((float(len(str(text))),) for text in request.inputs)
        return EmbedReply(vectors=vectors, model="m-1", usage=Usage(input_tokens=1))


class Counts:
    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        return HttpRequest(url=f"{target.base_url}/count")

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> int:
        return 7


class Lists:
    def encode(self, request: None, target: Target) -> HttpRequest:
        return HttpRequest(method="GET", url=f"{target.base_url}/models")

    def decode(self, response: HttpResponse, request: None, target: Target) -> tuple[str, ...]:
        return ("a", "b")


def full_provider() -> Provider:
    return attrs.evolve(plain_provider(), embed=Embeds(), count_tokens=Counts(), models=Lists())


def client(**arguments: Any) -> AsyncClient:
    given: dict[str, Any] = {"plugins": [full_provider()], "transport": ScriptedTransport(OK), "config": False}
    return AsyncClient(**given | arguments)


async def test_every_capability_goes_through_the_same_pipeline() -> None:
    async with client() as subject:
        reply = await subject.embed(["a", "bc"], model="plain/m")
        assert (reply.vectors, reply.provider, reply.model) == (((1.0,), (2.0,)), "plain", "m-1")
        assert (await subject.embed("abc", model="plain/m")).vectors == ((3.0,),)
        assert (await subject.run(EmbedRequest(inputs=("abcd",)), model="plain/m")).vectors == ((4.0,),)
        assert (await subject.embed(EmbedRequest(inputs=("x",)), model="plain/m")).vectors == ((1.0,),)
        assert await subject.count_tokens("hi", model="plain/m") == 7
        assert await subject.models("plain") == ("plain/a", "plain/b")


def test_the_blocking_client_has_the_same_surface() -> None:
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:
        assert subject.chat("hi", model="plain/m").text == "hello"
        assert subject.embed("abc", model="plain/m").vectors == ((3.0,),)
        assert subject.run(EmbedRequest(inputs=("abcd",)), model="plain/m").vectors == ((4.0,),)
        assert subject.count_tokens("hi", model="plain/m") == 7
        assert subject.models("plain") == ("plain/a", "plain/b")
        assert subject.settings["client.transport"] == "httpx"
        assert repr(subject) == "<Client transport=httpx>"
        with subject.context(tags={"a": "b"}) as context:
            assert context.tags == {"a": "b"}


async def test_what_a_provider_cannot_do_is_refused_with_what_it_can() -> None:
    async with client(plugins=[plain_provider()]) as subject:
        with pytest.raises(UnsupportedError, match=r"plain/m: this provider has no embed; it can: chat"):
            await subject.embed("a", model="plain/m")
    with pytest.raises(ValueError, match="at least one input"):
        await client().embed([], model="plain/m")


async def test_an_operation_that_cannot_stream_says_so() -> None:
    class Whole:
        encode, decode = Counts.encode, Counts.decode

    whole: Any = Whole()
    async with client(plugins=[attrs.evolve(plain_provider(), chat=whole)]) as subject:
        with pytest.raises(UnsupportedError, match="can't stream chat"):
            async with subject.stream("hi", model="plain/m"):
                pass


async def test_a_name_that_is_no_model_says_how_one_is_written() -> None:
    async with client() as subject:
        for name in ("gpt-4o", "openai/", "/x"):
            with pytest.raises(InvalidRequestError, match="provider/model"):
                await subject.chat("hi", model=name)


async def test_an_account_is_chosen_by_its_name() -> None:
    transport = ScriptedTransport(OK)
    accounts = [
        Account(provider="plain", name="one", base_urls={"default": "https://one.example.org/"}),
        Account(provider="plain", name="two", base_urls={"default": "https://two.example.org"}),
    ]
    async with client(transport=transport, accounts=accounts) as subject:
        await subject.chat("hi", model="plain@two/m")
        await subject.chat("hi", model="plain/m")
        with pytest.raises(ConfigurationError, match="no account 'three'; it has one, two"):
            await subject.chat("hi", model="plain@three/m")
    assert [request.url for request in transport.requests] == ["https://two.example.org/m", "https://one.example.org/m"]


@attrs.frozen
class Key:
    needs_body_hash: bool = True

    def exchange(self, credential: Credential, target: Target, now: datetime) -> None:
        return None

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: Any, now: Any
    ) -> HttpRequest:
        assert len(body_sha256) == 64
        return msgspec.structs.replace(request, headers=(("key", credential.key.reveal()),))


CONNECTION = Connection(
    base_urls={"default": "https://{region}.example.org/{account}"},
    schemes={"default": Key()},
    env=("PLAIN_KEY",),
    base_url_env=("PLAIN_URL",),
    parameters=(Parameter(name="account", env=("PLAIN_ACCOUNT",)), Parameter(name="region", default="eu")),
)


async def test_addresses_are_made_of_parameters_and_keys_are_put_on(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = ScriptedTransport(OK)
    provider = plain_provider(connection=CONNECTION)
    arguments: dict[str, Any] = {"plugins": [provider], "transport": transport, "api_keys": {"plain": Secret("k")}}
    async with client(**arguments) as subject:
        with pytest.raises(ConfigurationError, match=r"needs the parameter 'account'") as caught:
            await subject.chat("hi", model="plain/m")
        assert "$PLAIN_ACCOUNT" in str(caught.value)
    monkeypatch.setenv("PLAIN_ACCOUNT", "a1")
    async with client(**arguments) as subject:
        await subject.chat("hi", model="plain/m")
    async with client(
        **arguments, accounts=[Account(provider="plain", region="us", params={"account": "a2"})]
    ) as subject:
        await subject.chat("hi", model="plain/m")
    monkeypatch.setenv("PLAIN_URL", "http://127.0.0.1:9/v1/")
    async with client(**arguments) as subject:
        await subject.chat("hi", model="plain/m")
    async with client(**arguments, base_urls={"plain": "http://127.0.0.1:8"}) as subject:
        await subject.chat("hi", model="plain/m")
    assert [request.url for request in transport.requests] == [
        "https://eu.example.org/a1/m",
        "https://us.example.org/a2/m",
        "http://127.0.0.1:9/v1/m",
        "http://127.0.0.1:8/m",
    ]
    assert transport.requests[0].headers == (("key", "k"),)


async def test_an_address_with_an_undeclared_parameter_is_a_configuration_error() -> None:
    connection = Connection(base_urls={"default": "https://{nobody}.example.org"})
    async with client(plugins=[plain_provider(connection=connection)]) as subject:
        with pytest.raises(ConfigurationError, match="'nobody' for its address"):
            await subject.chat("hi", model="plain/m")


async def test_a_missing_key_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIN_ACCOUNT", "a1")
    transport = ScriptedTransport(OK)
    async with client(plugins=[plain_provider(connection=CONNECTION)], transport=transport) as subject:
        with pytest.raises(CredentialError, match=r"\$PLAIN_KEY"):
            await subject.chat("hi", model="plain/m")
    assert transport.requests == []


async def test_a_closed_client_says_so() -> None:
    subject = client()
    await subject.close()
    await subject.close()
    with pytest.raises(ModelScanError, match="the client is closed"):
        await subject.chat("hi", model="plain/m")


def test_a_client_stays_on_its_loop() -> None:
    subject = client()
    asyncio.run(_chat(subject))
    with pytest.raises(ModelScanError, match="event loop that it was first used on"):
        asyncio.run(_chat(subject))


async def _chat(subject: AsyncClient) -> None:
    assert (await subject.chat("hi", model="plain/m")).text == "hello"


async def test_the_context_reaches_calls_made_in_it() -> None:
    seen: list[Any] = []

    def answer(request: HttpRequest) -> Answer:
        seen.append(subject)
        return OK

    subject = client(transport=ScriptedTransport(answer))
    async with subject:
        with subject.context(tags={"team": "a"}, deadline=asyncio.get_running_loop().time() - 1):
            with pytest.raises(ModelScanError, match="deadline"):
                await subject.chat("hi", model="plain/m", tags={"feature": "x"})
        await subject.chat("hi", model="plain/m", timeout_s=5)


def test_many_threads_share_one_blocking_client() -> None:
    texts: list[str] = []
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:

        def ask() -> None:
            texts.append(subject.chat("hi", model="plain/m").text)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == ["hello"] * 20


async def test_the_blocking_client_works_beside_a_running_loop() -> None:
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:
        assert subject.chat("hi", model="plain/m").text == "hello"


def test_the_blocking_client_refuses_its_own_loop() -> None:
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:

        async def wrong() -> None:
            subject.chat("hi", model="plain/m")

        with pytest.raises(RuntimeError, match="use AsyncClient there"):
            background_module.background().run(wrong())


def _in_child(subject: Client, results: Any) -> None:
    results.put(subject.chat("hi", model="plain/m").text)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_a_loop_of_its_own() -> None:
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:
        assert subject.chat("hi", model="plain/m").text == "hello"
        child = context.Process(target=_in_child, args=(subject, results), daemon=True)
        child.start()
        child.join(20)
        assert child.exitcode == 0
        assert results.get() == "hello"


def test_a_background_loop_stops_and_cancels_what_runs() -> None:
    loop = background_module.BackgroundLoop()
    task = asyncio.run_coroutine_threadsafe(asyncio.sleep(60), loop.loop)
    loop.run(asyncio.sleep(0))
    loop.stop()
    loop.stop()
    assert task.cancelled()
    loop.loop.close()


def test_an_image_can_be_a_whole_prompt() -> None:
    with Client(plugins=[full_provider()], transport=ScriptedTransport(OK), config=False) as subject:
        assert subject.chat(image(b"\x89PNG"), model="plain/m").text == "hello"
