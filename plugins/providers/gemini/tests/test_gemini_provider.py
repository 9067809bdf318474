"""The provider as a whole: what it declares, and a call through its own codec and key."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import modelscan_provider_gemini
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import Target
from modelscan.contracts.operations import Errors, Meter, Operation, StreamingOperation
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import user
from modelscan.types.secret import Secret

PROVIDER = modelscan_provider_gemini.modelscan_provider()
TARGET = Target(base_urls=PROVIDER.connection.base_urls, model="gemini-2.5-flash")
KEY = "AIza-0123456789abcdef"
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_it_declares_what_it_can_do() -> None:
    assert PROVIDER.name == "gemini"
    assert PROVIDER.capabilities() == ("chat", "embed", "count_tokens", "models")
    assert isinstance(PROVIDER.chat, StreamingOperation)
    assert isinstance(PROVIDER.embed, Operation)
    assert isinstance(PROVIDER.errors, Errors)
    assert isinstance(PROVIDER.meter, Meter)


def test_the_key_goes_into_a_header_and_never_into_the_address() -> None:
    scheme = PROVIDER.connection.schemes["default"]
    assert isinstance(scheme, AuthScheme)
    assert isinstance(PROVIDER.chat, StreamingOperation)
    request = PROVIDER.chat.encode_stream(ChatRequest(messages=(user("Hello"),)), TARGET)
    signed = scheme.sign(request, Credential({"key": Secret(KEY)}), TARGET, None, NOW)
    assert dict(signed.headers) == {"content-type": "application/json", "x-goog-api-key": KEY}
    assert signed.url == (
        "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    )
    assert isinstance(signed.body, bytes)
    assert json.loads(signed.body) == {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def test_the_meter_reads_every_request_that_there_is_an_operation_for() -> None:
    assert PROVIDER.meter is not None
    for request in (ChatRequest(messages=(user("a"),)), EmbedRequest(inputs=("a",))):
        assert PROVIDER.meter.bound(request, TARGET)["input_tokens"]


def test_media_that_it_can_not_fetch_are_fetched_for_it() -> None:
    assert {kind: rules.forms[0] for kind, rules in PROVIDER.media.items()} == {
        "image": "data",
        "audio": "data",
        "video": "url",
        "file": "data",
    }
