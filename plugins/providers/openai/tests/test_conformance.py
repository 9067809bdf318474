"""The provider against what every provider must do."""

from __future__ import annotations

from modelscan.testing.conformance import Golden, ProviderSuite
from modelscan.types.chat import ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import system, user
from official_schemas import request_schemas
from recorded_examples import recorded_chats

REQUEST = ChatRequest(messages=(system("Be brief."), user("Hello!")), max_output_tokens=64, temperature=0.5)
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello!"}]


class TestOpenAI(ProviderSuite):
    provider = "openai"
    model = "gpt-4o"
    recordings = recorded_chats("openai", ("/chat/completions",))
    schemas = request_schemas("openai", {"chat": "/chat/completions", "embed": "/embeddings"})
    golden = (
        Golden(
            name="a chat completion",
            request=REQUEST,
            url="https://api.openai.com/v1/chat/completions",
            body={"model": "gpt-4o", "messages": MESSAGES, "max_completion_tokens": 64, "temperature": 0.5},
        ),
        Golden(
            name="a streamed chat completion",
            request=REQUEST,
            is_stream=True,
            body={
                "model": "gpt-4o",
                "messages": MESSAGES,
                "max_completion_tokens": 64,
                "temperature": 0.5,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        ),
        Golden(
            name="embeddings",
            request=EmbedRequest(inputs=("one", "two"), dimensions=64),
            capability="embed",
            url="https://api.openai.com/v1/embeddings",
            body={"model": "gpt-4o", "input": ["one", "two"], "dimensions": 64, "encoding_format": "base64"},
        ),
    )


class TestOpenAIByResponses(ProviderSuite):
    provider = "openai"
    model = "gpt-5-pro"
    recordings = recorded_chats("openai", ("/responses",))
    schemas = request_schemas("openai", {"chat": "/responses"})
    golden = (
        Golden(
            name="a response",
            request=ChatRequest(messages=(user("Hello!"),), max_output_tokens=64),
            url="https://api.openai.com/v1/responses",
            body={
                "model": "gpt-5-pro",
                "input": [{"role": "user", "content": "Hello!"}],
                "max_output_tokens": 64,
                "store": False,
                "include": ["reasoning.encrypted_content"],
            },
        ),
    )
