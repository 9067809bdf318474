"""For the same logical calls Google's SDK and our client send the same requests."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from modelscan import AsyncClient
from modelscan.types.chat import AudioOptions, ReasoningOptions
from modelscan.types.content import File, Image, Reasoning, Text, ToolCall
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import Message, assistant, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool
from modelscan.wire.gemini import EmbedContent, GeminiServer, GenerateContent
from official_schemas import faults, needs_schemas
from oracle import Default, Json, differences, needs_oracle, passed_on, run
from request_recorder import Received, recorder

CITY: Json = {"city": {"type": "string"}}
WEATHER: Json = {"type": "object", "properties": CITY, "required": ["city"], "additionalProperties": False}
AGED: Json = {"name": {"type": "string"}, "age": {"type": "integer"}}
PERSON: Json = {"type": "object", "properties": AGED, "required": ["name", "age"], "additionalProperties": False}
TOOL = Tool("weather", "The weather.", WEATHER)
PICTURE = Image(data=b"\x89PNG\r\n\x1a\n-picture", media_type="image/png")
PAPER = File(data=b"%PDF-1.7 paper", media_type="application/pdf")
OSLO = ToolCall(id="call_1", name="weather", arguments='{"city":"Oslo"}', signature="c2lnbmF0dXJl")
ROME = ToolCall(id="call_2", name="weather", arguments='{"city":"Rome"}')
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/1"
HARASSMENT = {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}


def ours(*parts: Any) -> Message:
    """A turn that the model wrote."""
    return Message("assistant", parts, wire="gemini")


Call = tuple[Any, Json]
CHAT: dict[str, Call] = {
    "plain": ("Hi", {}),
    "system": ("Hi", {"system": "Be brief."}),
    "turns": ([user("Hi"), assistant("Hello."), user("Bye")], {}),
    "tools": ("Hi", {"tools": [TOOL], "tool_choice": "auto"}),
    "forced_tool": ("Hi", {"tools": [TOOL], "tool_choice": ForcedTool("weather")}),
    "required_tool": ("Hi", {"tools": [TOOL], "tool_choice": "required"}),
    "no_tool": ("Hi", {"tools": [TOOL], "tool_choice": "none"}),
    "strict_tool": ("Hi", {"tools": [msgspec.structs.replace(TOOL, strict=True)]}),
    "tool_results": (
        [user("Hi"), ours(OSLO, ROME), tool_result(OSLO, "cold"), tool_result(ROME, "warm")],
        {"tools": [TOOL]},
    ),
    "tool_error": ([user("Hi"), ours(OSLO), tool_result(OSLO, "no such city", is_error=True)], {}),
    "schema": ("Hi", {"response_format": JsonSchema(PERSON)}),
    "json_object": ("Hi", {"response_format": JsonObject()}),
    "image_id": (["What is it?", Image(file_id=UPLOADED, media_type="image/png")], {}),
    "image_bytes": (["What is it?", PICTURE], {}),
    "image_detail": ([msgspec.structs.replace(PICTURE, detail="high")], {}),
    "pdf": ([PAPER, "Sum it up."], {}),
    "audio_out": ("Hi", {"modalities": ["audio"], "audio": AudioOptions("Kore")}),
    "sampling": (
        "Hi",
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "seed": 7,
            "presence_penalty": 0.1,
            "frequency_penalty": -0.1,
            "stop": ["END", "STOP"],
            "choices": 2,
        },
    ),
    "max_tokens": ("Hi", {"max_output_tokens": 100}),
    "logprobs": ("Hi", {"logprobs": True, "top_logprobs": 3}),
    "effort": ("Hi", {"reasoning": "low"}),
    "older_effort": ("Hi", {"reasoning": "medium"}),
    "budget": ("Hi", {"reasoning": ReasoningOptions(budget_tokens=2048)}),
    "told_thinking": ("Hi", {"reasoning": ReasoningOptions(summary="auto")}),
    "signed_back": (
        [user("Hi"), ours(Reasoning(text="Hm.", signature="dGhvdWdodA=="), Text(text="Hello.")), user("Bye")],
        {},
    ),
    "search": ("Hi", {"tools": [ProviderTool("googleSearch")]}),
    "extra": ("Hi", {"extra": {"safetySettings": [HARASSMENT], "cachedContent": "cachedContents/1"}}),
    "stream": ("Hi", {"stream": True}),
}
EMBEDDINGS: dict[str, EmbedRequest] = {
    "e_one": EmbedRequest(inputs=("Hi",)),
    "e_many": EmbedRequest(inputs=("Hi", "Bye")),
    "e_dimensions": EmbedRequest(inputs=("Hi", "Bye"), dimensions=256),
    "e_purpose": EmbedRequest(inputs=("Hi", "Bye"), purpose="query"),
}
MODELS = {"older_effort": "gemini-2.5-flash", "budget": "gemini-2.5-flash"}
CASES = [*CHAT, *EMBEDDINGS, "c_plain"]

DEFAULTS: tuple[Default, ...] = (
    ("/generationConfig", {}, "an object without fields"),
    ("/systemInstruction/role", "user", "the field `role` of `Content`: blank where there are no turns"),
    ("/requests/*/content/role", "user", "the same"),
)
"""Source: the schemas of Google's OpenAPI description of v1beta, read 2026-11."""


def camel(value: Any) -> Any:
    """A JSON value with its names as we write them: the SDK leaves some as the protocol's definition has them.

    Either is taken (protobuf.dev, "ProtoJSON format", read 2026-11).
    """
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {re.sub("_([a-z])", lambda found: found[1].upper(), name): camel(item) for name, item in value.items()}


SCHEMAS = dict.fromkeys(CHAT, "GenerateContentRequest") | dict.fromkeys(EMBEDDINGS, "BatchEmbedContentsRequest")
SCHEMAS |= {"c_plain": "CountTokensRequest"}


@pytest.fixture(scope="module")
def theirs() -> Iterator[dict[str, Received]]:
    with recorder() as (address, received):
        run("sdk_gemini_requests.py", address)
        yield received


@needs_oracle
def test_there_is_a_call_of_ours_for_each_of_the_sdks(theirs: dict[str, Received]) -> None:
    assert set(theirs) == set(CASES)
    assert len(CHAT) >= 15


@needs_oracle
@pytest.mark.parametrize("case", CASES)
async def test_a_request_is_the_sdks(case: str, theirs: dict[str, Received]) -> None:
    sent_by_us = await sent(case)
    sent_by_sdk = dataclasses.replace(theirs[case], body=camel(theirs[case].body))
    if case == "c_plain":  # the SDK counts contents alone, ours a whole request with its tools
        body = {"generateContentRequest": {"model": "models/gemini-3-pro", **sent_by_sdk.body}}
        sent_by_sdk = dataclasses.replace(sent_by_sdk, body=body)
    assert differences(sent_by_us, sent_by_sdk, DEFAULTS) == {}
    for header in ("x-goog-api-key", "content-type"):
        assert sent_by_us.headers.get(header) == theirs[case].headers.get(header)


@needs_oracle
@pytest.mark.parametrize("case", [*CHAT, *EMBEDDINGS])
def test_what_the_sdk_sends_is_passed_on_as_it_was(case: str, theirs: dict[str, Received]) -> None:
    sent_by_sdk = dataclasses.replace(theirs[case], body=camel(theirs[case].body))
    operation = EmbedContent() if case in EMBEDDINGS else GenerateContent()
    again = passed_on(sent_by_sdk, GeminiServer(), operation, "http://127.0.0.1/v1beta")
    assert differences(again, sent_by_sdk, DEFAULTS) == {}


@needs_schemas
@pytest.mark.parametrize("case", CASES)
async def test_a_request_keeps_to_the_vendors_schema(case: str) -> None:
    body = (await sent(case)).body
    assert faults("gemini", SCHEMAS[case], body) == []


async def sent(case: str) -> Received:
    """What our client sends for a case."""
    with recorder() as (address, received):
        async with AsyncClient(
            base_urls={"gemini": f"{address}/{case}/v1beta"}, api_keys={"gemini": "oracle"}, config=False
        ) as client:
            if case in EMBEDDINGS:
                await client.embed(EMBEDDINGS[case], model="gemini/gemini-embedding-001")
            elif case in CHAT:
                await chat(client, case)
            else:
                await client.count_tokens("Hi", model="gemini/gemini-3-pro")
        return received[case]


async def chat(client: AsyncClient, case: str) -> None:
    prompt, options = CHAT[case]
    options = dict(options)
    model = f"gemini/{MODELS.get(case, 'gemini-3-pro')}"
    if options.pop("stream", False):
        async with client.stream(prompt, model=model, **options) as stream:
            await stream.reply()
    else:
        await client.chat(prompt, model=model, **options)
