"""The wire family of Google's Gemini API: what the API itself speaks, and Vertex AI under another address."""

from modelscan.wire.gemini.decode import WIRE
from modelscan.wire.gemini.embed import EmbedContent
from modelscan.wire.gemini.errors import GeminiErrors
from modelscan.wire.gemini.media import MEDIA
from modelscan.wire.gemini.meter import GeminiMeter
from modelscan.wire.gemini.operations import CountTokens, GenerateContent, Models
from modelscan.wire.gemini.server import GeminiServer
from modelscan.wire.gemini.stream import GenerateContentDecoder
from modelscan.wire.gemini.upload import ResumableUpload, Upload

__all__ = [
    "MEDIA",
    "WIRE",
    "CountTokens",
    "EmbedContent",
    "GeminiErrors",
    "GeminiMeter",
    "GeminiServer",
    "GenerateContent",
    "GenerateContentDecoder",
    "Models",
    "ResumableUpload",
    "Upload",
]
