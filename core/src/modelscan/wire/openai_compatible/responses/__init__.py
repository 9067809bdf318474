"""OpenAI's Responses API."""

from modelscan.wire.openai_compatible.responses.items import WIRE
from modelscan.wire.openai_compatible.responses.operation import RESPONSES_WORDS, Responses
from modelscan.wire.openai_compatible.responses.stream import ResponsesDecoder

__all__ = ["RESPONSES_WORDS", "WIRE", "Responses", "ResponsesDecoder"]
