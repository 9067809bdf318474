"""It looks for its key while it is imported, and never again."""

from __future__ import annotations

import os

from modelscan.wire.openai_compatible import openai_compatible

KEY = os.environ.get("WRONG_KEY")

modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY")
