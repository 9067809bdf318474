"""It leaves `temperature` out, and says nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def body(self, request: ChatRequest, target: Target) -> dict[str, Any]:
        return super().body(msgspec.structs.replace(request, temperature=None), target)


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
