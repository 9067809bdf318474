"""The wire family that began with OpenAI and that most of the field speaks: chat completions and embeddings.

`modelscan.wire.openai_compatible.responses` holds the Responses API, `modelscan.wire.openai_compatible.server` the
server's side of both; neither is imported before somebody needs it.
"""

from modelscan.wire.openai_compatible.chat import ChatCompletions
from modelscan.wire.openai_compatible.embeddings import EMBED_WORDS, Embeddings
from modelscan.wire.openai_compatible.encode import COMPATIBLE_WORDS, WORDS
from modelscan.wire.openai_compatible.errors import OpenAIErrors
from modelscan.wire.openai_compatible.meter import CompatibleMeter
from modelscan.wire.openai_compatible.models import Models
from modelscan.wire.openai_compatible.parts import WIRE
from modelscan.wire.openai_compatible.provider import MEDIA, openai_compatible
from modelscan.wire.openai_compatible.stream import ChatDecoder

__all__ = [
    "COMPATIBLE_WORDS",
    "EMBED_WORDS",
    "MEDIA",
    "WIRE",
    "WORDS",
    "ChatCompletions",
    "ChatDecoder",
    "CompatibleMeter",
    "Embeddings",
    "Models",
    "OpenAIErrors",
    "openai_compatible",
]
