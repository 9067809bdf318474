"""The provider against what every provider must do."""

from __future__ import annotations

from modelscan.testing.conformance import Golden, ProviderSuite
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import system, user
from official_schemas import request_schemas
from recorded_examples import recorded_chats


class TestAnthropic(ProviderSuite):
    provider = "anthropic"
    model = "claude-opus-5-5"
    recordings = recorded_chats("anthropic", ("/v1/messages",))
    schemas = request_schemas("anthropic", {"chat": "/v1/messages"})
    golden = (
        Golden(
            name="a message",
            request=ChatRequest(messages=(system("Be brief."), user("Hello!")), max_output_tokens=64),
            url="https://api.anthropic.com/v1/messages",
            headers=(("anthropic-version", "2023-06-01"),),
            body={
                "model": "claude-opus-5-5",
                "max_tokens": 64,
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "Hello!"}],
            },
        ),
    )
