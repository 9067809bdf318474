"""One short question to each provider whose key is in the environment, for less than a cent each."""

from __future__ import annotations

import pytest

from modelscan import AsyncClient
from modelscan.testing.spending import Spending, e2e

MODELS = {"anthropic": "claude-haiku-5-5", "gemini": "gemini-2.5-flash-lite", "openai": "gpt-4o-mini"}


@pytest.mark.parametrize("provider", [pytest.param(name, marks=e2e(name)) for name in MODELS])
async def test_a_real_provider_answers(provider: str, test_budget: Spending) -> None:
    async with AsyncClient(config=False) as client:
        reply = await client.chat("Say hi.", model=f"{provider}/{MODELS[provider]}", max_output_tokens=16)
        test_budget.spent(reply)
    assert reply.usage.is_reported
    assert reply.finish_reason is not None
