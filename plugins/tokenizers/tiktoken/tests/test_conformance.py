"""The tokenizer passes the suite of its kind."""

from __future__ import annotations

from modelscan.testing.conformance import TokenizerSuite


class TestTiktoken(TokenizerSuite):
    tokenizer = "tiktoken"
    models = ("gpt-4o", "openai/gpt-4", "groq/openai/gpt-oss-20b")
