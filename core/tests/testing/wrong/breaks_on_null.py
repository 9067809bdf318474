"""It relies on a field that a vendor may leave out."""

from __future__ import annotations

import json

from modelscan.contracts.http import HttpResponse, Target
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible


class Chat(ChatCompletions):
    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        json.loads(response.body)["usage"]["prompt_tokens"]
        return super().decode(response, request, target)


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
