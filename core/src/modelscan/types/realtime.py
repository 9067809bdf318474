"""Live sessions: how one is set up, what goes out and what comes in."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelscan.types.content import ToolCall
from modelscan.types.tools import AnyTool
from modelscan.types.usage import Usage


class RealtimeConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="realtime"):
    """A live session of speech and text. Audio formats are MIME types (`audio/pcm`), rates are in hertz."""

    purpose: Literal["conversation", "transcription"] = "conversation"
    instructions: str | None = None
    modalities: tuple[Literal["text", "audio"], ...] = ()
    voice: str | None = None
    input_format: str = "audio/pcm"
    input_rate_hz: int | None = None
    input_channels: int = 1
    output_format: str = "audio/pcm"
    output_rate_hz: int | None = None
    language: str | None = None
    interim_results: bool = False
    tools: tuple[AnyTool, ...] = ()
    extra: dict[str, Any] = {}


class LiveInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a user sends: audio bytes, text, a tool's result, or the end of a turn."""

    audio: bytes = b""
    text: str = ""
    tool_call_id: str = ""
    tool_result: str = ""
    is_end_of_turn: bool = False
    is_end: bool = False


class LiveOutput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the session says: audio, text, a transcript (final or interim), a tool call, usage, a finished turn."""

    audio: bytes = b""
    text: str = ""
    transcript: str = ""
    is_final: bool = False
    start_s: float | None = None
    end_s: float | None = None
    speaker: str | None = None
    tool_call: ToolCall | None = None
    usage: Usage | None = None
    is_end_of_turn: bool = False
    kind: str = ""
    raw: bytes = b""
