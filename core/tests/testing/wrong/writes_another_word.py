"""It writes `temp` where the vendor reads `temperature`."""

from __future__ import annotations

from typing import Any, Final

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"temperature": {"type": "number"}},
    "not": {"required": ["temp"]},
}


class Chat(ChatCompletions):
    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        body = super().body(request, target)
        return {"temp" if name == "temperature" else name: value for name, value in body.items()}


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
