"""It takes the key from the environment by itself, and puts it into the address."""

from __future__ import annotations

import os

from modelscan.contracts.http import Target
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def url(self, target: Target) -> str:
        return f"{super().url(target)}?key={os.environ.get('WRONG_KEY', '')}"


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
