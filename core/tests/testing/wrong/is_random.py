"""It gives each request an id of its own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        return {**super().body(request, target), "request_id": uuid4().hex}


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
