"""It sends its requests to an address that it never declared."""

from __future__ import annotations

from modelscan.contracts.http import Target
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def url(self, target: Target) -> str:
        return "https://elsewhere.example.net/v1/chat/completions"


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
