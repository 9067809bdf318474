"""What the suites ask and what they are answered: small requests and replies with every kind of trouble in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from modelscan.types.chat import AudioOptions, ChatReply, ChatRequest, ReasoningOptions
from modelscan.types.content import Audio, Text, ToolCall
from modelscan.types.embed import EmbedReply, EmbedRequest, RerankRequest
from modelscan.types.knowledge import ModerationRequest, SearchRequest
from modelscan.types.media import ImageRequest, SpeechRequest, TranscriptionRequest, VideoRequest
from modelscan.types.messages import Message, system, user
from modelscan.types.tools import JsonSchema, Tool
from modelscan.types.usage import Usage

CANARY: Final = "sk-canary-5d1e7a90b3c24f68"
MODEL: Final = "conformance-model"
WORDS: Final = "Grüße, 世界 🌍! A line\nand “another”."
"""Two, three and four bytes a character, a line break and quotation marks."""

WEATHER: Final = Tool(
    "weather",
    "The weather of a city.",
    {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
)
CHAT: Final = ChatRequest(messages=(system("Be brief."), user(f"Say: {WORDS}")))
CHAT_WITH_TOOLS: Final = msgspec.structs.replace(CHAT, tools=(WEATHER,))
USAGE: Final = Usage(input_tokens=11, output_tokens=7, cached_tokens=3)

_WAV: Final = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00" + b"\x00" * 20

REQUESTS: Final[Mapping[str, msgspec.Struct | None]] = {
    "chat": CHAT,
    "embed": EmbedRequest(inputs=("first", WORDS)),
    "rerank": RerankRequest(query="Which is blue?", documents=("the sky", WORDS)),
    "speech": SpeechRequest(text=WORDS, voice="voice-1"),
    "transcription": TranscriptionRequest(audio=Audio(data=_WAV, media_type="audio/wav", name="a.wav")),
    "image": ImageRequest(prompt=WORDS),
    "video": VideoRequest(prompt=WORDS),
    "moderation": ModerationRequest(inputs=(WORDS,)),
    "search": SearchRequest(query=WORDS),
    "count_tokens": CHAT,
    "models": None,
}
"""One request for each capability that is an operation."""

_TOOLS: Final = {"tools": (WEATHER,)}
_SPOKEN: Final = {"modalities": ("text", "audio")}

Fields = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]

CHAT_FIELDS: Final[Fields] = {
    "tools": ({}, _TOOLS),
    "tool_choice": (_TOOLS, {"tool_choice": "required"}),
    "parallel_tool_calls": (_TOOLS, {"parallel_tool_calls": False}),
    "response_format": (
        {},
        {
            "response_format": JsonSchema(
                {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "required": ["city"],
                    "additionalProperties": False,
                }
            )
        },
    ),
    "max_output_tokens": ({}, {"max_output_tokens": 333}),
    "temperature": ({}, {"temperature": 0.25}),
    "top_p": ({}, {"top_p": 0.75}),
    "top_k": ({}, {"top_k": 17}),
    "stop": ({}, {"stop": ("END",)}),
    "seed": ({}, {"seed": 23}),
    "presence_penalty": ({}, {"presence_penalty": 0.5}),
    "frequency_penalty": ({}, {"frequency_penalty": 0.5}),
    "logprobs": ({}, {"logprobs": True}),
    "top_logprobs": ({"logprobs": True}, {"top_logprobs": 3}),
    "reasoning": ({}, {"reasoning": ReasoningOptions(effort="low")}),
    "modalities": ({}, {"audio": AudioOptions("voice-1"), **_SPOKEN}),
    "audio": (_SPOKEN, {"audio": AudioOptions("voice-1")}),
    "choices": ({}, {"choices": 2}),
    "end_user": ({}, {"end_user": "user-1"}),
    "extra": ({}, {"extra": {"x_vendor_field": 1}}),
}
"""For each field of `ChatRequest`: what stands beside it, and its value."""

FIELDS: Final[Mapping[str, Fields]] = {
    "chat": CHAT_FIELDS,
    "embed": {
        "dimensions": ({}, {"dimensions": 64}),
        "purpose": ({}, {"purpose": "query"}),
        "truncate": ({}, {"truncate": False}),
        "end_user": ({}, {"end_user": "user-1"}),
        "extra": ({}, {"extra": {"x_vendor_field": 1}}),
    },
    "rerank": {"top": ({}, {"top": 1}), "extra": ({}, {"extra": {"x_vendor_field": 1}})},
    "speech": {
        "format": ({}, {"format": "mp3"}),
        "sample_rate_hz": ({}, {"sample_rate_hz": 16000}),
        "speed": ({}, {"speed": 1.25}),
        "instructions": ({}, {"instructions": "Whisper."}),
        "language": ({}, {"language": "nb"}),
        "extra": ({}, {"extra": {"x_vendor_field": 1}}),
    },
    "image": {
        "count": ({}, {"count": 2}),
        "size": ({}, {"size": "512x512"}),
        "quality": ({}, {"quality": "high"}),
        "seed": ({}, {"seed": 23}),
        "negative_prompt": ({}, {"negative_prompt": "rain"}),
        "extra": ({}, {"extra": {"x_vendor_field": 1}}),
    },
    "search": {
        "count": ({}, {"count": 3}),
        "include_domains": ({}, {"include_domains": ("example.org",)}),
        "exclude_domains": ({}, {"exclude_domains": ("example.com",)}),
        "since": ({}, {"since": "2026-01-01"}),
        "until": ({}, {"until": "2026-06-01"}),
        "extra": ({}, {"extra": {"x_vendor_field": 1}}),
    },
}


def _reply(content: Text | ToolCall, finish: Any) -> ChatReply[None]:
    message = Message("assistant", (content,))
    return ChatReply(message=message, finish_reason=finish, usage=USAGE, id="reply-1", model=MODEL)


CHAT_REPLIES: Final[Mapping[str, tuple[ChatRequest, ChatReply[None]]]] = {
    "a text": (CHAT, _reply(Text(text=WORDS), "stop")),
    "a text that was cut for its length": (CHAT, _reply(Text(text="Grüße"), "length")),
    "a tool call": (
        CHAT_WITH_TOOLS,
        _reply(ToolCall(id="call_1", name="weather", arguments='{"city":"Ålesund","days":2}'), "tool_calls"),
    ),
}
"""Questions and answers of every format that chats."""

EMBEDDING: Final = EmbedReply(
    vectors=((0.5, -0.25), (0.125, 1.0)), usage=Usage(input_tokens=11), model=MODEL, id="reply-1"
)
