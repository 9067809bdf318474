"""What Anthropic's SDK sends for the logical calls of test_anthropic_requests.py. Runs in the oracle's environment.

The one argument is the recorder's address. Each case is the method's arguments, under the case's name.
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import anthropic  # type: ignore[import-not-found]  # the oracle's environment has it
from sdk_lines import Json  # type: ignore[import-not-found]  # beside this script

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n-picture").decode()
PDF = base64.b64encode(b"%PDF-1.7 paper").decode()
WEATHER: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
PERSON: Json = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TOOL: Json = {"name": "weather", "description": "The weather.", "input_schema": WEATHER}


def user(content: Any) -> Json:
    """A user's message."""
    return {"role": "user", "content": content}


def called(call_id: str, city: str) -> Json:
    """A call in an assistant's message."""
    return {"type": "tool_use", "id": call_id, "name": "weather", "input": {"city": city}}


def result(call_id: str, content: Any, **more: Any) -> Json:
    """A tool's result."""
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


HI = [user("Hi")]
MARK = {"type": "ephemeral"}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}

MESSAGES: dict[str, Json] = {
    "plain": {"messages": HI},
    "system": {"system": "Be brief.", "messages": HI},
    "turns": {"messages": [*HI, {"role": "assistant", "content": "Hello."}, user("Bye")]},
    "tools": {
        "messages": HI,
        "tools": [TOOL],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
    "strict_tool": {"messages": HI, "tools": [{**TOOL, "strict": True}]},
    "forced_tool": {"messages": HI, "tools": [TOOL], "tool_choice": {"type": "tool", "name": "weather"}},
    "required_tool": {"messages": HI, "tools": [TOOL], "tool_choice": {"type": "any"}},
    "no_tool": {"messages": HI, "tools": [TOOL], "tool_choice": {"type": "none"}},
    "tool_results": {
        "messages": [
            *HI,
            {"role": "assistant", "content": [called("call_1", "Oslo"), called("call_2", "Rome")]},
            user([result("call_1", "cold"), result("call_2", "warm")]),
        ],
        "tools": [TOOL],
    },
    "tool_error": {
        "messages": [
            *HI,
            {"role": "assistant", "content": [called("call_1", "Oslo")]},
            user([result("call_1", "no such city", is_error=True)]),
        ]
    },
    "picture_result": {
        "messages": [
            *HI,
            {"role": "assistant", "content": [called("call_1", "Oslo")]},
            user([result("call_1", [PICTURE])]),
        ]
    },
    "schema": {"messages": HI, "output_config": {"format": {"type": "json_schema", "schema": PERSON}}},
    "image_url": {
        "messages": [
            user(
                [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image", "source": {"type": "url", "url": "https://example.org/cat.png"}},
                ]
            )
        ]
    },
    "image_bytes": {"messages": [user([{"type": "text", "text": "What is it?"}, PICTURE])]},
    "pdf": {
        "messages": [
            user(
                [
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
                        "title": "paper.pdf",
                        "citations": {"enabled": True},
                    },
                    {"type": "text", "text": "Sum it up."},
                ]
            )
        ]
    },
    "pdf_url": {
        "messages": [
            user([{"type": "document", "source": {"type": "url", "url": "https://example.org/paper.pdf"}}]),
        ]
    },
    "text_document": {
        "messages": [
            user(
                [
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "Once upon a time."},
                        "title": "tale.txt",
                        "context": "A tale.",
                    }
                ]
            )
        ]
    },
    "sampling": {
        "messages": HI,
        # The newest models take none of these three, so that this SDK has no words for them; older models do.
        "extra_body": {"temperature": 0.5, "top_p": 0.9, "top_k": 40},
        "stop_sequences": ["END", "STOP"],
        "metadata": {"user_id": "u1"},
    },
    "max_tokens": {"messages": HI, "max_tokens": 100},
    "effort": {"messages": HI, "thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    "no_thinking": {"messages": HI, "thinking": {"type": "disabled"}},
    "told_thinking": {"messages": HI, "thinking": {"type": "adaptive", "display": "summarized"}},
    "budget": {"messages": HI, "model": "claude-sonnet-4-5", "thinking": {"type": "enabled", "budget_tokens": 2048}},
    "thinking_back": {
        "messages": [
            *HI,
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                    {"type": "redacted_thinking", "data": "secret"},
                    called("call_1", "Oslo"),
                ],
            },
            user([result("call_1", "cold")]),
        ]
    },
    "cache": {
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {**MARK, "ttl": "1h"}}],
        "messages": [user([{"type": "text", "text": "Hi", "cache_control": MARK}])],
        "tools": [{**TOOL, "cache_control": MARK}],
    },
    "server_tool": {
        "messages": HI,
        "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}],
    },
    "extra": {"messages": HI, "service_tier": "standard_only"},
    "stream": {"messages": HI, "stream": True},
}
COUNTED: dict[str, Json] = {
    "c_plain": {"messages": HI},
    "c_tools": {"system": "Be brief.", "messages": HI, "tools": [TOOL]},
    "c_picture": {"messages": [user([PICTURE])]},
}


def main(address: str) -> None:
    """Send every case to the recorder."""
    sdk = anthropic.Anthropic(api_key="oracle", base_url=address, max_retries=0)
    for case, arguments in MESSAGES.items():
        reply = _to(sdk, address, case).messages.create(
            **{"model": "claude-opus-5-5", "max_tokens": 16000, "timeout": 9, **arguments}
        )
        if isinstance(reply, anthropic.Stream):
            list(reply)
    for case, arguments in COUNTED.items():
        _to(sdk, address, case).messages.count_tokens(model="claude-opus-5-5", **arguments)
    case = "files"
    document = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    _to(sdk, address, case).beta.messages.create(
        model="claude-opus-5-5",
        max_tokens=16000,
        timeout=9,
        betas=["files-api-2025-04-14"],
        messages=[user([document])],
    )


def _to(sdk: Any, address: str, case: str) -> Any:
    return sdk.with_options(base_url=f"{address}/{case}")


if __name__ == "__main__":
    main(sys.argv[1])
