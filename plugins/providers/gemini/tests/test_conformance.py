"""The provider against what every provider must do."""

from __future__ import annotations

from modelscan.testing.conformance import Golden, ProviderSuite
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import system, user
from official_schemas import request_schemas
from recorded_examples import recorded_chats


class TestGemini(ProviderSuite):
    provider = "gemini"
    model = "gemini-3.1-pro"
    recordings = recorded_chats("gemini", (":generateContent", ":streamGenerateContent"))
    schemas = request_schemas("gemini", {"chat": "/models/{modelsId}:generateContent"})
    golden = (
        Golden(
            name="an answer",
            request=ChatRequest(messages=(system("Be brief."), user("Hello!")), max_output_tokens=64),
            url="https://generativelanguage.googleapis.com/v1beta/models/gemini-3.1-pro:generateContent",
            body={
                "systemInstruction": {"parts": [{"text": "Be brief."}]},
                "contents": [{"role": "user", "parts": [{"text": "Hello!"}]}],
                "generationConfig": {"maxOutputTokens": 64},
            },
        ),
    )
