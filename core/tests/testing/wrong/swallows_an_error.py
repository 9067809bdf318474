"""It sees no error in an answer whose body has no `error`."""

from __future__ import annotations

from modelscan.contracts.http import HttpResponse
from modelscan.errors import ProviderError
from modelscan.wire.openai_compatible import OpenAIErrors, openai_compatible


class Errors(OpenAIErrors):
    def error(self, response: HttpResponse) -> ProviderError | None:
        return super().error(response) if b'"error"' in response.body else None


modelscan_provider = openai_compatible(
    "wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", errors=Errors()
)
