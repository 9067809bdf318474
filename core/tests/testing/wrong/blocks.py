"""It waits while it writes a request."""

from __future__ import annotations

import time

from modelscan.contracts.http import HttpRequest, Target
from modelscan.wire.openai_compatible import Models, openai_compatible


class SlowModels(Models):
    def encode(self, request: None, target: Target) -> HttpRequest:
        time.sleep(0.12)
        return super().encode(request, target)


modelscan_provider = openai_compatible(
    "wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", models=SlowModels()
)
