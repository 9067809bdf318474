"""Its upper bound is a guess."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.contracts.http import Target
from modelscan.wire.openai_compatible import openai_compatible


class Guess:
    def bound(self, request: Any, target: Target) -> Mapping[str, int | None]:
        return {"input_tokens": None, "output_tokens": 100}


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", meter=Guess())
