"""It takes the tokens of the prompt for those of the answer."""

from __future__ import annotations

import msgspec

from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible import ChatCompletions, openai_compatible
from modelscan.wire.openai_compatible.structs import UsageBlock


class Chat(ChatCompletions):
    def usage(self, block: UsageBlock | None) -> Usage:
        right = super().usage(block)
        return msgspec.structs.replace(right, input_tokens=right.output_tokens, output_tokens=right.input_tokens)


modelscan_provider = openai_compatible("wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", chat=Chat())
