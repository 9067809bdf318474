"""The judges of our requests condemn what is wrong."""

from __future__ import annotations

import pytest

from official_schemas import faults, needs_schemas
from oracle import Json

pytestmark = needs_schemas
ASKED: Json = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("family", "name", "body"),
    [
        ("openai", "CreateChatCompletionRequest", {"model": "m", "messages": [ASKED], "top_k": 1}),
        ("openai", "CreateChatCompletionRequest", {"model": "m", "messages": [{"role": "tool", "content": "x"}]}),
        ("openai", "CreateResponse", {"model": "m", "input": [{"role": "user", "content": [{"type": "text"}]}]}),
        ("openai", "CreateEmbeddingRequest", {"model": "m", "input": 3}),
        ("anthropic", "CreateMessageParams", {"model": "m", "messages": [ASKED]}),
        ("anthropic", "CreateMessageParams", {"model": "m", "max_tokens": 1, "messages": [ASKED], "seed": 1}),
        ("gemini", "GenerateContentRequest", {"contents": [{"parts": [{"txt": "Hi"}]}]}),
        ("gemini", "GenerateContentRequest", {"contents": [], "generationConfig": {"topK": "many"}}),
    ],
)
def test_a_wrong_request_is_condemned(family: str, name: str, body: Json) -> None:
    assert faults(family, name, body)
