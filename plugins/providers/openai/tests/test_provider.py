"""The plugin: one provider that speaks both of OpenAI's APIs and tells the account in every request."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import msgspec
import pytest

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Operation, StreamingOperation
from modelscan.errors import ConfigurationError, DecodeError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan_provider_openai import modelscan_provider
from modelscan_provider_openai.chat import OpenAIChat, needs_responses
from modelscan_provider_openai.counting import CountTokens

PROVIDER = modelscan_provider()
CHAT = OpenAIChat()
REQUEST = ChatRequest(messages=(user("Hi"),))
BILLED = {"organization": "org_1", "project": "proj_1"}


def target(model: str = "gpt-4o", **params: str) -> Target:
    return Target(base_urls={"default": "https://api.openai.com/v1"}, model=model, params=params)


def test_the_entry_point_gives_the_provider_of_its_name() -> None:
    (entry,) = entry_points(group="modelscan.providers", name="openai")
    assert entry.load().modelscan_provider() is PROVIDER
    assert PROVIDER.name == "openai"


def test_its_connection_and_what_it_can() -> None:
    connection = PROVIDER.connection
    assert connection.base_urls == {"default": "https://api.openai.com/v1"}
    assert (connection.env, connection.base_url_env) == (("OPENAI_API_KEY",), ("OPENAI_BASE_URL",))
    assert {parameter.name: parameter.env for parameter in connection.parameters} == {
        "api": ("OPENAI_API_STYLE",),
        "organization": ("OPENAI_ORG_ID",),
        "project": ("OPENAI_PROJECT_ID",),
    }
    assert all(parameter.default is not None for parameter in connection.parameters)
    assert PROVIDER.capabilities() == ("chat", "embed", "count_tokens", "models")
    assert isinstance(PROVIDER.chat, StreamingOperation)


@pytest.mark.parametrize(
    "model",
    [
        "gpt-5-codex",
        "gpt-5.1-codex-max",
        "gpt-5.3-codex",
        "codex-mini-latest",
        "gpt-5-pro",
        "gpt-5-pro-2025-10-06",
        "gpt-5.5-pro",
        "o1-pro",
        "o3-pro-2025-06-10",
        "o3-deep-research",
        "o4-mini-deep-research-2025-06-26",
        "computer-use-preview",
        "gpt-daybreak-blue-latest",
    ],
)
def test_a_model_that_only_the_responses_api_has_goes_by_it(model: str) -> None:
    assert needs_responses(model)
    assert CHAT.encode(REQUEST, target(model)).url.endswith("/responses")


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-5.5", "o3", "o4-mini", "gpt-6-sol", "daybreak-blue-latest", "my-production"]
)
def test_any_other_goes_by_chat_completions(model: str) -> None:
    assert not needs_responses(model)
    assert CHAT.encode_stream(REQUEST, target(model)).url.endswith("/chat/completions")


def test_the_account_may_choose_the_api() -> None:
    assert CHAT.encode(REQUEST, target(api="responses")).url.endswith("/responses")
    assert CHAT.encode(REQUEST, target("o3-pro", api="chat")).url.endswith("/chat/completions")
    assert CHAT.encode(REQUEST, target(api="auto")).url.endswith("/chat/completions")
    with pytest.raises(ConfigurationError, match="assistants"):
        CHAT.encode(REQUEST, target(api="assistants"))


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_each_api_reads_its_own_answers_whole_and_streamed(api: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "chat": {"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]},
        "responses": {
            "object": "response",
            "status": "completed",
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}],
        },
    }
    body = json.dumps(bodies[api]).encode()
    head = ResponseHead(200, (("content-type", "application/json"),))
    reply: ChatReply[None] = CHAT.decode(HttpResponse(head, body), REQUEST, target(api=api))
    assert (reply.text, reply.finish_reason) == ("x", "stop")
    decoder = CHAT.decoder(head, REQUEST, target(api=api))
    decoder.framing.feed(body)
    chunks = [chunk for frame in decoder.framing.finish() for chunk in decoder.feed(frame)]
    assert [*chunks, *decoder.finish(cut=False)][-1].finish_reason == "stop"


def requests(**params: str) -> list[HttpRequest]:
    assert isinstance(PROVIDER.embed, Operation)
    assert isinstance(PROVIDER.models, Operation)
    return [
        CHAT.encode(REQUEST, target(**params)),
        CHAT.encode(REQUEST, target(api="responses", **params)),
        PROVIDER.embed.encode(EmbedRequest(inputs=("x",)), target(**params)),
        PROVIDER.models.encode(None, target(**params)),
    ]


def test_the_organisation_and_the_project_are_told_where_they_are_given() -> None:
    for request in requests(**BILLED):
        headers = dict(request.headers)
        assert (headers["openai-organization"], headers["openai-project"]) == ("org_1", "proj_1")
    for request in requests(organization="", project=""):
        assert not [name for name, _ in request.headers if name.startswith("openai-")]


def test_vectors_are_asked_for_in_their_smaller_form() -> None:
    body = requests()[2].body
    assert isinstance(body, bytes)
    assert msgspec.json.decode(body)["encoding_format"] == "base64"


def test_the_responses_api_is_imported_with_the_first_call_that_needs_it() -> None:
    code = """
import sys
from modelscan.contracts.http import Target
from modelscan_provider_openai import modelscan_provider as provider
chat = provider().chat
of = lambda model: type(chat.api_of(Target(base_urls={"default": "https://a.test"}, model=model))).__name__
print(of("gpt-4o"), "modelscan.wire.openai_compatible.responses" in sys.modules, of("gpt-5.3-codex"))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["OpenAIChatCompletions", "False", "OpenAIResponses"]


def test_tokens_are_counted_by_the_responses_api() -> None:
    counting = PROVIDER.count_tokens
    assert isinstance(counting, CountTokens)
    counted = target("gpt-5", project="p")
    request = ChatRequest(messages=(user("hi"),), max_output_tokens=5, extra={"truncation": "auto", "store": True})
    sent = counting.encode(request, counted)
    assert sent.url == "https://api.openai.com/v1/responses/input_tokens"
    assert sent.repeat == "safe"
    assert ("openai-project", "p") in sent.headers
    assert isinstance(sent.body, bytes)
    assert set(json.loads(sent.body)) == {"model", "input", "truncation"}
    head = ResponseHead(200)
    body = b'{"object": "response.input_tokens", "input_tokens": 11}'
    assert counting.decode(HttpResponse(head, body), request, counted) == 11
    with pytest.raises(DecodeError, match="no count of tokens"):
        counting.decode(HttpResponse(head, b"{}"), request, counted)
