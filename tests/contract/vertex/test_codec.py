"""Vertex AI through the whole client: from the key file by way of a signed claim to a token, and to an answer."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from modelscan import Account, AsyncClient
from modelscan.contracts.http import Target
from modelscan.errors import AuthenticationError
from modelscan.testing.loopback import Conversation, LoopbackServer, Script
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import user
from vertex.codec import SCOPE, VertexContent, modelscan_provider

ANSWER = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hello"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r-1",
}
REFUSAL = {
    "error": {"code": 401, "message": "Request had invalid authentication credentials.", "status": "UNAUTHENTICATED"}
}
MODEL = "vertex/gemini-2.5-flash"


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Google:
    """A token endpoint that checks what it is sent, and an API that takes its newest token."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.claims: list[dict[str, Any]] = []
        self.valid = ""

    @property
    def scripts(self) -> dict[str, Script]:
        return {"/token": self.token, "*": self.api}

    async def token(self, talk: Conversation) -> bool:
        await talk.read_body()
        form = parse_qs(talk.request.body.decode())
        signed, _, signature = form["assertion"][0].rpartition(".")
        try:
            key().public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return await _json(talk, 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        self.claims.append(json.loads(_decoded(signed.split(".")[1])))
        self.valid = f"ya29.{len(self.claims)}"
        await asyncio.sleep(0.01)
        return await _json(talk, 200, {"access_token": self.valid, "expires_in": 3599, "token_type": "Bearer"})

    async def api(self, talk: Conversation) -> bool:
        await talk.read_body()
        if talk.request.header("authorization") != f"Bearer {self.valid}":
            return await _json(talk, 401, REFUSAL)
        if "streamGenerateContent" in talk.request.path:
            body = f"data: {json.dumps(ANSWER)}\r\n\r\n".encode()
            await talk.head(200, [("content-type", "text/event-stream"), ("content-length", str(len(body)))])
            await talk.write(body)
            return True
        return await _json(talk, 200, ANSWER)


async def _json(talk: Conversation, status: int, value: object) -> bool:
    body = json.dumps(value).encode()
    await talk.head(status, [("content-type", "application/json"), ("content-length", str(len(body)))])
    await talk.write(body)
    return True


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


KeyFile = Callable[..., None]


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    def write(token_uri: str, signer: rsa.RSAPrivateKey | None = None) -> None:
        pem = (signer or key()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        fields = {
            "type": "service_account",
            "project_id": "p-1",
            "private_key_id": "k-1",
            "private_key": pem.decode(),
            "client_email": "robot@p-1.iam.example.org",
            "token_uri": token_uri,
        }
        path = tmp_path / "robot.json"
        path.write_text(json.dumps(fields))
        monkeypatch.delenv("GOOGLE_VERTEX_API_KEY", raising=False)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return write


def client_of(server: LoopbackServer) -> AsyncClient:
    params = {"location": "europe-west4"}
    account = Account(provider="vertex", project="p-1", params=params, base_urls={"default": server.url})
    return AsyncClient(
        plugins=(SimpleNamespace(modelscan_provider=modelscan_provider),),
        accounts=[account],
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def test_a_service_account_gets_one_token_for_many_calls(key_file: KeyFile) -> None:
    google = Google()
    async with LoopbackServer(google.scripts) as server, client_of(server) as client:
        key_file(f"{server.url}/token")
        replies = await asyncio.gather(*(client.chat("hi", model=MODEL) for _ in range(10)))
        async with client.stream("hi", model=MODEL) as stream:
            streamed = await stream.reply()
    assert {reply.text for reply in replies} == {streamed.text} == {"Hello"}
    assert replies[0].usage.input_tokens == 3
    (claims,) = google.claims
    assert (claims["iss"], claims["scope"], claims["aud"]) == (
        "robot@p-1.iam.example.org",
        SCOPE,
        f"{server.url}/token",
    )
    place = "/v1/projects/p-1/locations/europe-west4/publishers/google/models/gemini-2.5-flash"
    assert {sent.path for sent in server.requests} == {
        "/token",
        f"{place}:generateContent",
        f"{place}:streamGenerateContent?alt=sse",
    }


async def test_a_token_that_was_revoked_is_replaced_within_the_call(key_file: KeyFile) -> None:
    google = Google()
    async with LoopbackServer(google.scripts) as server, client_of(server) as client:
        key_file(f"{server.url}/token")
        await client.chat("hi", model=MODEL)
        google.valid = "revoked"
        assert (await client.chat("hi", model=MODEL)).text == "Hello"
    assert len(google.claims) == 2


async def test_a_key_that_google_doesnt_know_is_refused_with_googles_words(key_file: KeyFile) -> None:
    google = Google()
    async with LoopbackServer(google.scripts) as server, client_of(server) as client:
        key_file(f"{server.url}/token", rsa.generate_private_key(65537, 2048))
        with pytest.raises(AuthenticationError, match="Invalid JWT Signature") as caught:
            await client.chat("hi", model=MODEL)
    assert "PRIVATE" not in f"{caught.value} {vars(caught.value)}"


def test_the_global_location_has_a_host_of_its_own() -> None:
    urls = {"default": "https://europe-west4-aiplatform.example.org", "global": "https://aiplatform.example.org"}
    request = ChatRequest(messages=(user("hi"),))
    for location, host in (("global", "aiplatform"), ("europe-west4", "europe-west4-aiplatform")):
        target = Target(base_urls=urls, model="m", params={"project": "p", "location": location})
        url = VertexContent().encode(request, target).url
        assert (
            url
            == f"https://{host}.example.org/v1/projects/p/locations/{location}/publishers/google/models/m:generateContent"
        )
