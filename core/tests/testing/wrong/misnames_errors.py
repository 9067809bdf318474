"""It takes every refusal for a fault of the server."""

from __future__ import annotations

from modelscan.contracts.http import HttpResponse
from modelscan.errors import ProviderError, ServerError
from modelscan.wire.openai_compatible import OpenAIErrors, openai_compatible


class Errors(OpenAIErrors):
    def error(self, response: HttpResponse) -> ProviderError | None:
        found = super().error(response)
        if found is None:
            return None
        return ServerError(found.message, status=found.status, retry_after_s=found.retry_after_s)


modelscan_provider = openai_compatible(
    "wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", errors=Errors()
)
