"""What OpenAI's SDK sends for the logical calls of test_openai_requests.py. Runs in the oracle's environment.

The one argument is the recorder's address. Each case is a method and its arguments, under the case's name.
"""

from __future__ import annotations

import base64
import sys
from typing import Any

import openai  # type: ignore[import-not-found]  # the oracle's environment has it
from sdk_lines import Json  # type: ignore[import-not-found]  # beside this script

PNG = b"\x89PNG\r\n\x1a\n-picture"
PDF = b"%PDF-1.7 paper"
WAV = b"RIFF----WAVEfmt sound"
PICTURE = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
PAPER = f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"

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
FUNCTION = {"name": "weather", "description": "The weather.", "parameters": WEATHER}


def user(content: Any) -> Json:
    """A user's message."""
    return {"role": "user", "content": content}


def called(call_id: str, city: str) -> Json:
    """A call in an assistant's message."""
    function = {"name": "weather", "arguments": f'{{"city":"{city}"}}'}
    return {"id": call_id, "type": "function", "function": function}


HI = [user("Hi")]
TOOLS = [{"type": "function", "function": FUNCTION}]
FLAT_TOOLS = [{"type": "function", **FUNCTION, "strict": False}]

SEEN = {"type": "input_image", "image_url": PICTURE, "detail": "auto"}

CHAT: dict[str, Json] = {
    "plain": {"messages": HI},
    "system": {"messages": [{"role": "system", "content": "Be brief."}, *HI]},
    "turns": {"messages": [*HI, {"role": "assistant", "content": "Hello."}, user("Bye")]},
    "tools": {"messages": HI, "tools": TOOLS, "tool_choice": "auto", "parallel_tool_calls": False},
    "strict_tool": {"messages": HI, "tools": [{"type": "function", "function": {**FUNCTION, "strict": True}}]},
    "forced_tool": {
        "messages": HI,
        "tools": TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
    },
    "required_tool": {"messages": HI, "tools": TOOLS, "tool_choice": "required"},
    "tool_results": {
        "messages": [
            *HI,
            {"role": "assistant", "content": None, "tool_calls": [called("call_1", "Oslo"), called("call_2", "Rome")]},
            {"role": "tool", "tool_call_id": "call_1", "content": "cold"},
            {"role": "tool", "tool_call_id": "call_2", "content": "warm"},
        ],
        "tools": TOOLS,
    },
    "schema": {
        "messages": HI,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": PERSON, "strict": True},
        },
    },
    "json_object": {"messages": HI, "response_format": {"type": "json_object"}},
    "image_url": {
        "messages": [
            user(
                [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": "https://example.org/cat.png", "detail": "low"}},
                ]
            )
        ]
    },
    "image_bytes": {
        "messages": [
            user([{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": PICTURE}}])
        ]
    },
    "pdf": {
        "messages": [
            user(
                [
                    {"type": "file", "file": {"filename": "paper.pdf", "file_data": PAPER}},
                    {"type": "text", "text": "Sum it up."},
                ]
            )
        ]
    },
    "audio_in": {
        "messages": [
            user([{"type": "input_audio", "input_audio": {"data": base64.b64encode(WAV).decode(), "format": "wav"}}])
        ]
    },
    "audio_out": {"messages": HI, "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "mp3"}},
    "sampling": {
        "messages": HI,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.1,
        "stop": ["END", "STOP"],
        "n": 2,
        "user": "u1",
    },
    "max_tokens": {"messages": HI, "max_completion_tokens": 100},
    "effort": {"messages": HI, "reasoning_effort": "low"},
    "logprobs": {"messages": HI, "logprobs": True, "top_logprobs": 3},
    "extra": {"messages": HI, "service_tier": "flex", "metadata": {"a": "b"}, "verbosity": "low"},
    "stream": {"messages": HI, "stream": True, "stream_options": {"include_usage": True}},
    "refused": {"messages": [*HI, {"role": "assistant", "content": None, "refusal": "No."}, user("Why?")]},
    "named": {"messages": [{"role": "user", "content": "Hi", "name": "ann"}]},
}
RESPONSES: dict[str, Json] = {
    "r_plain": {"input": HI},
    "r_system": {"instructions": "Be brief.", "input": HI},
    "r_turns": {"input": [*HI, {"role": "assistant", "content": "Hello."}, user("Bye")]},
    "r_tools": {"input": HI, "tools": FLAT_TOOLS, "tool_choice": "auto", "parallel_tool_calls": False},
    "r_strict_tool": {"input": HI, "tools": [{"type": "function", **FUNCTION, "strict": True}]},
    "r_forced_tool": {"input": HI, "tools": FLAT_TOOLS, "tool_choice": {"type": "function", "name": "weather"}},
    "r_tool_results": {
        "input": [
            *HI,
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Oslo"}'},
            {"type": "function_call", "call_id": "call_2", "name": "weather", "arguments": '{"city":"Rome"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": "cold"},
            {"type": "function_call_output", "call_id": "call_2", "output": "warm"},
        ],
        "tools": FLAT_TOOLS,
    },
    "r_picture_result": {
        "input": [
            *HI,
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"},
            {
                "type": "function_call_output",
                "call_id": "call_1",
                "output": [SEEN],
            },
        ]
    },
    "r_schema": {
        "input": HI,
        "text": {"format": {"type": "json_schema", "name": "person", "schema": PERSON, "strict": True}},
    },
    "r_json_object": {"input": HI, "text": {"format": {"type": "json_object"}}},
    "r_image_url": {
        "input": [
            user(
                [
                    {"type": "input_text", "text": "What is it?"},
                    {"type": "input_image", "image_url": "https://example.org/cat.png", "detail": "low"},
                ]
            )
        ]
    },
    "r_image_bytes": {
        "input": [
            user(
                [
                    {"type": "input_text", "text": "What is it?"},
                    SEEN,
                ]
            )
        ]
    },
    "r_pdf": {
        "input": [
            user(
                [
                    {"type": "input_file", "filename": "paper.pdf", "file_data": PAPER},
                    {"type": "input_text", "text": "Sum it up."},
                ]
            )
        ]
    },
    "r_file_id": {"input": [user([{"type": "input_file", "file_id": "file-1"}])]},
    "r_sampling": {"input": HI, "temperature": 0.5, "top_p": 0.9, "user": "u1"},
    "r_max_tokens": {"input": HI, "max_output_tokens": 100},
    "r_effort": {"input": HI, "reasoning": {"effort": "low", "summary": "auto"}},
    "r_logprobs": {
        "input": HI,
        "top_logprobs": 3,
        "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    },
    "r_search": {"input": HI, "tools": [{"type": "web_search", "search_context_size": "low"}]},
    "r_stream": {"input": HI, "stream": True},
    "r_reasoning_back": {
        "input": [
            *HI,
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "Hm."}],
                "encrypted_content": "secret",
            },
            {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}", "id": "fc_1"},
            {"type": "function_call_output", "call_id": "call_1", "output": "cold"},
        ]
    },
}
EMBEDDINGS: dict[str, Json] = {
    "e_one": {"input": ["Hi"]},
    "e_many": {"input": ["Hi", "Bye"]},
    "e_dimensions": {"input": ["Hi"], "dimensions": 256},
    "e_user": {"input": ["Hi"], "user": "u1"},
}
STATELESS = {"store": False, "include": ["reasoning.encrypted_content"]}
"""What a caller adds to keep reasoning without the vendor keeping the conversation, as the vendor's guide has it."""


def main(address: str) -> None:
    """Send every case to the recorder."""
    sdk = openai.OpenAI(api_key="sk-oracle", base_url=address, max_retries=0)
    for case, arguments in CHAT.items():
        _take(_to(sdk, address, case).chat.completions.create(model="gpt-5.5", **arguments))
    for case, arguments in RESPONSES.items():
        _take(_to(sdk, address, case).responses.create(model="gpt-5.5", **{**STATELESS, **arguments}))
    for case, arguments in EMBEDDINGS.items():
        _to(sdk, address, case).embeddings.create(model="text-embedding-3-small", **arguments)


def _to(sdk: Any, address: str, case: str) -> Any:
    return sdk.with_options(base_url=f"{address}/{case}/v1")


def _take(reply: Any) -> None:
    if isinstance(reply, openai.Stream):
        list(reply)


if __name__ == "__main__":
    main(sys.argv[1])
