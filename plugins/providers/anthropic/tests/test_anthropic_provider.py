"""The provider: where it is, how it signs, and one conversation with a server of its own format."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import entry_points

import pytest

from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import Errors, Meter, Operation, StreamingOperation
from modelscan.contracts.provider import Provider
from modelscan.errors import QuotaExceededError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Reasoning, Text, ToolCall
from modelscan.types.messages import Message, tool_result, user
from modelscan.types.secret import Secret
from modelscan.types.tools import Tool
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import Messages, MessagesServer


@pytest.fixture
def provider() -> Provider:
    (entry,) = entry_points(group="modelscan.providers", name="anthropic")
    found: Provider = entry.load().modelscan_provider()
    return found


def test_the_entry_s_name_is_the_provider_s(provider: Provider) -> None:
    assert provider.name == "anthropic"
    assert provider.capabilities() == ("chat", "count_tokens", "models")


def test_every_field_keeps_its_contract(provider: Provider) -> None:
    assert isinstance(provider.chat, StreamingOperation)
    assert isinstance(provider.count_tokens, Operation)
    assert isinstance(provider.models, Operation)
    assert isinstance(provider.meter, Meter)
    assert isinstance(provider.errors, Errors)


def test_the_key_travels_in_its_own_header(provider: Provider) -> None:
    credential = Credential({"key": Secret("sk-ant-secret")})
    request = HttpRequest(url="https://api.anthropic.com/v1/messages")
    target = Target(base_urls=provider.connection.base_urls, model="m")
    signed = provider.connection.schemes["default"].sign(request, credential, target, None, datetime.now(UTC))
    assert ("x-api-key", "sk-ant-secret") in signed.headers


def test_media_are_taken_in_the_forms_that_the_codec_writes(provider: Provider) -> None:
    assert provider.media.keys() == {"image", "file"}
    for rules in provider.media.values():
        assert "data" not in rules.url_schemes
        assert set(rules.forms) == {"url", "data", "file_id"}


def test_media_may_be_as_large_as_the_vendor_takes_them(provider: Provider) -> None:
    image, file = provider.media["image"], provider.media["file"]
    assert (image.max_bytes, image.max_file_bytes) == (5_242_880, 5_242_880)
    assert (file.max_bytes, file.max_file_bytes) == (25_165_824, 500_000_000)


def test_a_turn_with_a_tool_goes_on_where_it_stopped(provider: Provider) -> None:
    server = MessagesServer()
    chat = provider.chat
    assert isinstance(chat, Messages)
    target = Target(base_urls=provider.connection.base_urls, model="claude-opus-5-5")
    request = ChatRequest(messages=(user("Weather?"),), tools=(Tool("weather"),))
    thought = Reasoning(text="I'll look.", signature="SIG")
    call = ToolCall(id="toolu_1", name="weather", arguments="{}")
    answer = ChatReply[None](
        message=Message("assistant", (thought, call), wire="anthropic"), usage=Usage(input_tokens=3)
    )
    first = chat.decode(server.reply(answer, server.parse(chat.encode(request, target))), request, target)

    messages = (*request.messages, first.message, tool_result(first.tool_calls[0], "Sun"))
    again = server.parse(chat.encode(ChatRequest(messages=messages, tools=request.tools), target)).request
    assert again.messages[1].content == (thought, call)
    assert again.messages[2].content[0].content == (Text(text="Sun"),)


def test_a_spend_limit_isn_t_waited_for(provider: Provider) -> None:
    body = (
        b'{"type":"error","error":{"type":"rate_limit_error","message":"Spend limit reached",'
        b'"details":{"error_code":"enforced_spend_limit_reached"}},"request_id":"req_1"}'
    )
    error = provider.errors.error(HttpResponse(ResponseHead(429), body))
    assert isinstance(error, QuotaExceededError)
    assert not error.retryable
