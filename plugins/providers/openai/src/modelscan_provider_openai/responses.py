"""The Responses API with OpenAI's own headers: a module of its own, imported with the first call that needs it."""

from __future__ import annotations

from modelscan.contracts.http import Headers, Target
from modelscan.types.chat import ChatRequest
from modelscan.wire.openai_compatible.responses import Responses
from modelscan_provider_openai.account import account_headers


class OpenAIResponses(Responses):
    """The Responses API as OpenAI itself has it."""

    __slots__ = ()

    def headers(self, request: ChatRequest, target: Target) -> Headers:
        """Every header but the credential's."""
        return super().headers(request, target) + account_headers(target)
