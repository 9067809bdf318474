"""It tells that something went wrong, and keeps to itself what, and for how long."""

from __future__ import annotations

from modelscan.contracts.http import HttpResponse
from modelscan.errors import ProviderError
from modelscan.wire.openai_compatible import OpenAIErrors, openai_compatible


class Errors(OpenAIErrors):
    def error(self, response: HttpResponse) -> ProviderError | None:
        found = super().error(response)
        return None if found is None else type(found)("something went wrong", status=found.status)


modelscan_provider = openai_compatible(
    "wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", errors=Errors()
)
