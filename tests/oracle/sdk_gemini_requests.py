"""What Google's SDK sends for the logical calls of test_gemini_requests.py. Runs in the oracle's environment.

The one argument is the recorder's address. Each case is contents and configuration, under the case's name.
"""

from __future__ import annotations

import sys
from typing import Any

from google import genai  # type: ignore[import-not-found]  # the oracle's environment has it
from google.genai import types  # type: ignore[import-not-found]  # the same
from sdk_lines import Json  # type: ignore[import-not-found]  # beside this script

PNG = b"\x89PNG\r\n\x1a\n-picture"
PDF = b"%PDF-1.7 paper"
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

Part = types.Part
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/1"
OLDER = "gemini-2.5-flash"


def user(*parts: Any) -> Any:
    """A user's turn."""
    return types.UserContent(parts=list(parts))


def model(*parts: Any) -> Any:
    """The model's turn."""
    return types.ModelContent(parts=list(parts))


def call(call_id: str, city: str, signature: bytes | None = None) -> Any:
    """A function call."""
    return Part(
        function_call=types.FunctionCall(id=call_id, name="weather", args={"city": city}), thought_signature=signature
    )


def result(call_id: str, **response: str) -> Any:
    """A function's result."""
    return Part(function_response=types.FunctionResponse(id=call_id, name="weather", response=response))


def calling(mode: str, **more: Any) -> Any:
    """How functions may be called."""
    return types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode, **more))


HI = [user(Part(text="Hi"))]
DECLARED = types.FunctionDeclaration(name="weather", description="The weather.", parameters_json_schema=WEATHER)
TOOLS = [types.Tool(function_declarations=[DECLARED])]
PICTURE = Part.from_bytes(data=PNG, mime_type="image/png")
THINKING = types.ThinkingConfig
NO_LOOP = types.AutomaticFunctionCallingConfig(disable=True)

CHAT: dict[str, tuple[Any, Json]] = {
    "plain": (HI, {}),
    "system": (HI, {"system_instruction": [Part(text="Be brief.")]}),
    "turns": ([*HI, model(Part(text="Hello.")), user(Part(text="Bye"))], {}),
    "tools": (HI, {"tools": TOOLS, "tool_config": calling("AUTO")}),
    "forced_tool": (HI, {"tools": TOOLS, "tool_config": calling("ANY", allowed_function_names=["weather"])}),
    "required_tool": (HI, {"tools": TOOLS, "tool_config": calling("ANY")}),
    "no_tool": (HI, {"tools": TOOLS, "tool_config": calling("NONE")}),
    "strict_tool": (HI, {"tools": TOOLS, "tool_config": calling("VALIDATED")}),
    "tool_results": (
        [
            *HI,
            model(call("call_1", "Oslo", b"signature"), call("call_2", "Rome")),
            user(result("call_1", output="cold"), result("call_2", output="warm")),
        ],
        {"tools": TOOLS},
    ),
    "tool_error": (
        [*HI, model(call("call_1", "Oslo", b"signature")), user(result("call_1", error="no such city"))],
        {},
    ),
    "schema": (HI, {"response_mime_type": "application/json", "response_json_schema": PERSON}),
    "json_object": (HI, {"response_mime_type": "application/json"}),
    "image_id": ([user(Part(text="What is it?"), Part.from_uri(file_uri=UPLOADED, mime_type="image/png"))], {}),
    "image_bytes": ([user(Part(text="What is it?"), PICTURE)], {}),
    "image_detail": (
        [
            user(
                Part(
                    inline_data=types.Blob(data=PNG, mime_type="image/png"),
                    media_resolution=types.PartMediaResolution(level="MEDIA_RESOLUTION_HIGH"),
                )
            )
        ],
        {},
    ),
    "pdf": ([user(Part.from_bytes(data=PDF, mime_type="application/pdf"), Part(text="Sum it up."))], {}),
    "audio_out": (
        HI,
        {
            "response_modalities": ["AUDIO"],
            "speech_config": types.SpeechConfig(
                voice_config=types.VoiceConfig(prebuilt_voice_config=types.PrebuiltVoiceConfig(voice_name="Kore"))
            ),
        },
    ),
    "sampling": (
        HI,
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "seed": 7,
            "presence_penalty": 0.1,
            "frequency_penalty": -0.1,
            "stop_sequences": ["END", "STOP"],
            "candidate_count": 2,
        },
    ),
    "max_tokens": (HI, {"max_output_tokens": 100}),
    "logprobs": (HI, {"response_logprobs": True, "logprobs": 3}),
    "effort": (HI, {"thinking_config": THINKING(thinking_level="LOW")}),
    "older_effort": (HI, {"model": OLDER, "thinking_config": THINKING(thinking_budget=8192)}),
    "budget": (HI, {"model": OLDER, "thinking_config": THINKING(thinking_budget=2048)}),
    "told_thinking": (HI, {"thinking_config": THINKING(include_thoughts=True)}),
    "signed_back": (
        [
            *HI,
            model(Part(text="Hm.", thought=True, thought_signature=b"thought"), Part(text="Hello.")),
            user(Part(text="Bye")),
        ],
        {},
    ),
    "search": (HI, {"tools": [types.Tool(google_search=types.GoogleSearch())]}),
    "extra": (
        HI,
        {
            "safety_settings": [
                types.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_ONLY_HIGH"),
            ],
            "cached_content": "cachedContents/1",
        },
    ),
    "stream": (HI, {}),
}
EMBEDDINGS: dict[str, tuple[Any, Json]] = {
    "e_one": ("Hi", {}),
    "e_many": (["Hi", "Bye"], {}),
    "e_dimensions": (["Hi", "Bye"], {"output_dimensionality": 256}),
    "e_purpose": (["Hi", "Bye"], {"task_type": "RETRIEVAL_QUERY"}),
}


def main(address: str) -> None:
    """Send every case to the recorder."""
    for case, (contents, config) in CHAT.items():
        name = config.pop("model", "gemini-3-pro")
        configured = types.GenerateContentConfig(automatic_function_calling=NO_LOOP, **config)
        sdk = _client(address, case)
        if case == "stream":
            list(sdk.models.generate_content_stream(model=name, contents=contents, config=configured))
        else:
            sdk.models.generate_content(model=name, contents=contents, config=configured)
    for case, (texts, config) in EMBEDDINGS.items():
        sdk = _client(address, case)
        sdk.models.embed_content(
            model="gemini-embedding-001", contents=texts, config=types.EmbedContentConfig(**config)
        )
    sdk = _client(address, "c_plain")
    sdk.models.count_tokens(model="gemini-3-pro", contents=HI)


def _client(address: str, case: str) -> Any:
    # Its own default is v1 since 3.0, which has fewer fields; ours is v1beta.
    options = types.HttpOptions(base_url=f"{address}/{case}", api_version="v1beta")
    return genai.Client(api_key="oracle", http_options=options)


if __name__ == "__main__":
    main(sys.argv[1])
