"""Cloudflare Workers AI: the account in the address, and its envelope around errors and vectors."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

import recordings
import splits
from cloudflare.codec import CloudflareErrors, RunEmbedding, modelscan_provider
from modelscan import Account, AsyncClient
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    OverloadedError,
    ProviderError,
    QuotaExceededError,
    ServerError,
    UnsupportedError,
)
from modelscan.streams.fold import ChatFold
from modelscan.testing.loopback import LoopbackServer, answer
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from recordings import needs_recordings

MODEL = "@cf/baai/bge-base-en-v1.5"
VECTORS = b'{"result": {"shape": [2, 2], "data": [[1, 0.5], [0, 1]]}, "success": true, "errors": [], "messages": []}'


def client_of(base_urls: dict[str, str], **params: str) -> AsyncClient:
    return AsyncClient(
        plugins=(SimpleNamespace(modelscan_provider=modelscan_provider),),
        api_keys={"cloudflare": "k"},
        accounts=[Account(provider="cloudflare", params=params, base_urls=base_urls)],
        settings={"retries.max_attempts": 1},
        config=False,
    )


def envelope(*complaints: tuple[int, str]) -> bytes:
    errors = [{"code": code, "message": text} for code, text in complaints]
    return json.dumps({"result": None, "success": False, "errors": errors, "messages": []}).encode()


async def test_the_account_stands_in_the_address_and_vectors_in_an_envelope() -> None:
    async with LoopbackServer(answer(VECTORS)) as server:
        base_urls = {"default": f"{server.url}/accounts/{{account_id}}/ai"}
        async with client_of(base_urls, account_id="a-1") as client:
            reply = await client.embed(["x", "y"], model=f"cloudflare/{MODEL}")
    assert server.requests[0].path == f"/accounts/a-1/ai/run/{MODEL}"
    assert server.requests[0].header("authorization") == "Bearer k"
    assert reply.vectors == ((1.0, 0.5), (0.0, 1.0))


async def test_a_missing_account_is_named_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    async with client_of({}) as client:
        with pytest.raises(ConfigurationError, match=r"(?s)'account_id'.*Set \$CLOUDFLARE_ACCOUNT_ID"):
            await client.chat("hi", model="cloudflare/m")


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (401, envelope((10000, "Authentication error")), AuthenticationError, "10000"),
        (403, envelope((10000, "Authentication error")), AuthenticationError, "10000"),
        (404, envelope((7003, "Could not route")), NotFoundError, "7003"),
        (400, envelope((5006, "bad input"), (0, "and more")), BadRequestError, "5006"),
        (429, envelope((3036, "you have used up your daily free allocation")), QuotaExceededError, "3036"),
        (429, envelope((3040, "Capacity temporarily exceeded")), OverloadedError, "3040"),
        (200, envelope((9999, "new")), ServerError, "9999"),
        (500, envelope(), ServerError, ""),
        (500, b'{"success": true}', ServerError, ""),
        (502, b"<html>bad gateway</html>", ServerError, ""),
    ],
)
def test_errors_are_told_by_their_number(status: int, body: bytes, error: type[ProviderError], code: str) -> None:
    found = CloudflareErrors().error(HttpResponse(ResponseHead(status), body))
    assert type(found) is error
    assert found.code == code
    if b"bad input" in body:
        assert found.message == "bad input; and more"


@pytest.mark.parametrize("body", [VECTORS, b'{"object": "chat.completion"}'])
def test_a_good_answer_is_no_error(body: bytes) -> None:
    assert CloudflareErrors().error(HttpResponse(ResponseHead(200), body)) is None


def test_a_body_without_vectors_is_refused_and_so_is_a_size() -> None:
    target = Target(base_urls={"default": "https://x.org"}, model="m")
    request = EmbedRequest(inputs=("x",))
    with pytest.raises(DecodeError):
        RunEmbedding().decode(HttpResponse(ResponseHead(200), b"{}"), request, target)
    with pytest.raises(UnsupportedError):
        RunEmbedding().encode(EmbedRequest(inputs=("x",), dimensions=8), target)


@needs_recordings
def test_every_recording_decodes_to_what_its_bytes_say_however_it_is_split() -> None:
    found = list(recordings.interactions(provider="cloudflare"))
    chat: Any = modelscan_provider().chat
    for one in found:
        events = [json.loads(line[5:]) for line in one.response.body.decode().splitlines() if line[5:].startswith(" {")]
        head = ResponseHead(200, one.response.headers)

        def decoder(head: ResponseHead = head) -> Any:
            return chat.decoder(head, ChatRequest(messages=(user("hi"),)), Target(base_urls={}, model="m"))

        fold = ChatFold()
        for chunk in splits.chunks_of(decoder(), [one.response.body]):
            fold.add(chunk)
        reply = fold.reply()
        text = "".join(choice["delta"].get("content", "") for event in events for choice in event["choices"])
        usage = events[-1]["usage"]
        assert (reply.text, reply.finish_reason) == (text, "stop")
        assert (reply.usage.input_tokens, reply.usage.output_tokens) == (
            usage["prompt_tokens"],
            usage["completion_tokens"],
        )
        assert splits.assert_splits_change_nothing(decoder, one.response.body, one.path) > 0
    assert len(found) == 1
