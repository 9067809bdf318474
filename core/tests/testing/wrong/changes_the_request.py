"""It takes what it needs out of the caller's own `extra`."""

from __future__ import annotations

from typing import Any

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        request.extra.setdefault("service_tier", "auto")
        return super().body(request, target)


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
