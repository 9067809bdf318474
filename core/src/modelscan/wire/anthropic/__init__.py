"""The wire family of Anthropic's Messages API: what Anthropic itself speaks, and the clouds that host its models."""

from modelscan.wire.anthropic.decode import WIRE
from modelscan.wire.anthropic.errors import AnthropicErrors
from modelscan.wire.anthropic.meter import MessagesMeter
from modelscan.wire.anthropic.operations import VERSION, CountTokens, Messages, Models
from modelscan.wire.anthropic.server import MessagesServer
from modelscan.wire.anthropic.stream import MessagesDecoder
from modelscan.wire.anthropic.upload import FileUpload

__all__ = [
    "VERSION",
    "WIRE",
    "AnthropicErrors",
    "CountTokens",
    "FileUpload",
    "Messages",
    "MessagesDecoder",
    "MessagesMeter",
    "MessagesServer",
    "Models",
]
