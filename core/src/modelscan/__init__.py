"""ModelScan: one API for AI providers that respects rate limits, budgets and your time.

Everything public is here; it is imported when it is first used, so that importing the package is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelscan.client.async_client import AsyncClient as AsyncClient
    from modelscan.client.jobs import Job as Job
    from modelscan.client.live import LiveSession as LiveSession
    from modelscan.client.sync_client import Client as Client
    from modelscan.client.sync_stream import SyncChatStream as SyncChatStream
    from modelscan.errors import ModelScanError as ModelScanError
    from modelscan.hookspecs import hookimpl as hookimpl
    from modelscan.streams.stream import ChatStream as ChatStream
    from modelscan.types.accounts import Account as Account
    from modelscan.types.accounts import Candidate as Candidate
    from modelscan.types.accounts import Route as Route
    from modelscan.types.batch import BatchReply as BatchReply
    from modelscan.types.batch import BatchRequest as BatchRequest
    from modelscan.types.chat import AudioOptions as AudioOptions
    from modelscan.types.chat import ChatChunk as ChatChunk
    from modelscan.types.chat import ChatReply as ChatReply
    from modelscan.types.chat import ChatRequest as ChatRequest
    from modelscan.types.chat import ReasoningOptions as ReasoningOptions
    from modelscan.types.content import Audio as Audio
    from modelscan.types.content import Citation as Citation
    from modelscan.types.content import File as File
    from modelscan.types.content import Image as Image
    from modelscan.types.content import Reasoning as Reasoning
    from modelscan.types.content import Refusal as Refusal
    from modelscan.types.content import Text as Text
    from modelscan.types.content import ToolCall as ToolCall
    from modelscan.types.content import ToolResult as ToolResult
    from modelscan.types.content import Video as Video
    from modelscan.types.content import audio as audio
    from modelscan.types.content import file as file
    from modelscan.types.content import image as image
    from modelscan.types.context import CallContext as CallContext
    from modelscan.types.embed import EmbedReply as EmbedReply
    from modelscan.types.embed import EmbedRequest as EmbedRequest
    from modelscan.types.embed import RerankReply as RerankReply
    from modelscan.types.embed import RerankRequest as RerankRequest
    from modelscan.types.knowledge import ModerationReply as ModerationReply
    from modelscan.types.knowledge import ModerationRequest as ModerationRequest
    from modelscan.types.knowledge import SearchReply as SearchReply
    from modelscan.types.knowledge import SearchRequest as SearchRequest
    from modelscan.types.limits import Budget as Budget
    from modelscan.types.limits import Limit as Limit
    from modelscan.types.media import ImageReply as ImageReply
    from modelscan.types.media import ImageRequest as ImageRequest
    from modelscan.types.media import SpeechReply as SpeechReply
    from modelscan.types.media import SpeechRequest as SpeechRequest
    from modelscan.types.media import TranscriptionReply as TranscriptionReply
    from modelscan.types.media import TranscriptionRequest as TranscriptionRequest
    from modelscan.types.media import VideoReply as VideoReply
    from modelscan.types.media import VideoRequest as VideoRequest
    from modelscan.types.messages import Message as Message
    from modelscan.types.messages import assistant as assistant
    from modelscan.types.messages import system as system
    from modelscan.types.messages import tool_result as tool_result
    from modelscan.types.messages import user as user
    from modelscan.types.money import Cost as Cost
    from modelscan.types.money import Money as Money
    from modelscan.types.realtime import LiveInput as LiveInput
    from modelscan.types.realtime import LiveOutput as LiveOutput
    from modelscan.types.realtime import RealtimeConfig as RealtimeConfig
    from modelscan.types.secret import Secret as Secret
    from modelscan.types.standing import CallEstimate as CallEstimate
    from modelscan.types.standing import LimitStatus as LimitStatus
    from modelscan.types.tools import ForcedTool as ForcedTool
    from modelscan.types.tools import JsonObject as JsonObject
    from modelscan.types.tools import JsonSchema as JsonSchema
    from modelscan.types.tools import ProviderTool as ProviderTool
    from modelscan.types.tools import Tool as Tool
    from modelscan.types.tools import tool as tool
    from modelscan.types.usage import Usage as Usage

_MODULES = {
    "client.async_client": ("AsyncClient",),
    "client.jobs": ("Job",),
    "client.live": ("LiveSession",),
    "client.sync_client": ("Client",),
    "client.sync_stream": ("SyncChatStream",),
    "errors": ("ModelScanError",),
    "hookspecs": ("hookimpl",),
    "streams.stream": ("ChatStream",),
    "types.accounts": (
        "Account",
        "Candidate",
        "Route",
    ),
    "types.batch": (
        "BatchReply",
        "BatchRequest",
    ),
    "types.chat": (
        "AudioOptions",
        "ChatChunk",
        "ChatReply",
        "ChatRequest",
        "ReasoningOptions",
    ),
    "types.content": (
        "Audio",
        "Citation",
        "File",
        "Image",
        "Reasoning",
        "Refusal",
        "Text",
        "ToolCall",
        "ToolResult",
        "Video",
        "audio",
        "file",
        "image",
    ),
    "types.context": ("CallContext",),
    "types.embed": (
        "EmbedReply",
        "EmbedRequest",
        "RerankReply",
        "RerankRequest",
    ),
    "types.knowledge": (
        "ModerationReply",
        "ModerationRequest",
        "SearchReply",
        "SearchRequest",
    ),
    "types.limits": (
        "Budget",
        "Limit",
    ),
    "types.media": (
        "ImageReply",
        "ImageRequest",
        "SpeechReply",
        "SpeechRequest",
        "TranscriptionReply",
        "TranscriptionRequest",
        "VideoReply",
        "VideoRequest",
    ),
    "types.messages": (
        "Message",
        "assistant",
        "system",
        "tool_result",
        "user",
    ),
    "types.money": (
        "Cost",
        "Money",
    ),
    "types.realtime": (
        "LiveInput",
        "LiveOutput",
        "RealtimeConfig",
    ),
    "types.secret": ("Secret",),
    "types.tools": (
        "ForcedTool",
        "JsonObject",
        "JsonSchema",
        "ProviderTool",
        "Tool",
        "tool",
    ),
    "types.standing": (
        "CallEstimate",
        "LimitStatus",
    ),
    "types.usage": ("Usage",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - read off the table that the names are loaded by
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
