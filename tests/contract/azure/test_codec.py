"""Azure OpenAI through the whole client: its addresses, and both of its kinds of credential."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from azure.codec import SCOPE, AzureResponses, modelscan_provider
from modelscan import Account, AsyncClient
from modelscan.contracts.http import Target
from modelscan.errors import ContentFilterError
from modelscan.testing.loopback import Conversation, LoopbackServer, Script, answer
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import user

REPLY = json.dumps(
    {
        "id": "c-1",
        "object": "chat.completion",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
    }
).encode()
FILTERED = json.dumps(
    {
        "error": {
            "message": "The response was filtered.",
            "code": "content_filter",
            "status": 400,
            "innererror": {
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {"hate": {"filtered": True}},
            },
        }
    }
).encode()
ENTRA = {"client_id": "app", "client_secret": "entra-canary-0123456789"}


def client_of(server: LoopbackServer, key: Any) -> AsyncClient:
    params = {"tenant": "t-1", "authority": server.url}  # the address that replaces it needs no resource
    return AsyncClient(
        plugins=(SimpleNamespace(modelscan_provider=modelscan_provider),),
        api_keys={"azure": key},
        accounts=[Account(provider="azure", params=params, base_urls={"default": server.url})],
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def test_a_key_goes_into_azures_own_header_and_the_deployment_into_the_path() -> None:
    async with LoopbackServer(answer(REPLY)) as server, client_of(server, "k-1") as client:
        reply = await client.chat("hi", model="azure/my deployment")
    sent = server.requests[0]
    assert sent.path == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
    assert (sent.header("api-key"), sent.header("authorization")) == ("k-1", None)
    assert (reply.text, reply.model) == ("Hello", "gpt-4o-mini-2024-07-18")


async def test_an_application_of_entra_gets_a_token_for_many_calls() -> None:
    forms: list[dict[str, list[str]]] = []

    async def token(talk: Conversation) -> bool:
        await talk.read_body()
        forms.append(parse_qs(talk.request.body.decode()))
        body = b'{"token_type": "Bearer", "expires_in": 3599, "access_token": "entra-token"}'
        await talk.head(200, [("content-length", str(len(body)))])
        await talk.write(body)
        return True

    scripts: dict[str, Script] = {"/t-1/oauth2/v2.0/token": token, "*": answer(REPLY)}
    async with LoopbackServer(scripts) as server, client_of(server, ENTRA) as client:
        for _ in range(3):
            await client.chat("hi", model="azure/d")
    calls = [sent for sent in server.requests if "deployments" in sent.path]
    sent_keys = [(sent.header("authorization"), sent.header("api-key")) for sent in calls]
    assert sent_keys == [("Bearer entra-token", None)] * 3
    assert forms == [
        {
            "grant_type": ["client_credentials"],
            "client_id": ["app"],
            "client_secret": ["entra-canary-0123456789"],
            "scope": [SCOPE],
        }
    ]


@pytest.mark.parametrize("status", [200, 400])
async def test_a_filtered_prompt_is_a_content_filter_error_whatever_its_status(status: int) -> None:
    async with LoopbackServer(answer(FILTERED, status=status)) as server, client_of(server, "k") as client:
        with pytest.raises(ContentFilterError, match="The response was filtered") as caught:
            await client.chat("hi", model="azure/d")
    assert caught.value.code == "content_filter"


def test_the_responses_api_has_the_deployment_in_its_body() -> None:
    target = Target(base_urls={"default": "https://r.example.org"}, model="d", params={"api_version": "v"})
    request = AzureResponses().encode(ChatRequest(messages=(user("hi"),)), target)
    assert request.url == "https://r.example.org/openai/responses?api-version=v"
    assert json.loads(request.body)["model"] == "d"  # type: ignore[arg-type]  # JSON is bytes
