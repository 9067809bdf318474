"""For the same logical calls Anthropic's SDK and our client send the same requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from modelscan import AsyncClient
from modelscan.types.chat import ReasoningOptions
from modelscan.types.content import File, Image, Reasoning, Text, ToolCall, ToolResult
from modelscan.types.messages import Message, assistant, tool_result, user
from modelscan.types.tools import ForcedTool, JsonSchema, ProviderTool, Tool
from modelscan.wire.anthropic import Messages, MessagesServer
from official_schemas import faults, needs_schemas
from oracle import Json, differences, needs_oracle, passed_on, run
from request_recorder import Received, recorder

CITY: Json = {"city": {"type": "string"}}
WEATHER: Json = {"type": "object", "properties": CITY, "required": ["city"], "additionalProperties": False}
AGED: Json = {"name": {"type": "string"}, "age": {"type": "integer"}}
PERSON: Json = {"type": "object", "properties": AGED, "required": ["name", "age"], "additionalProperties": False}
TOOL = Tool("weather", "The weather.", WEATHER)

OSLO = ToolCall(id="call_1", name="weather", arguments='{"city":"Oslo"}')
ROME = ToolCall(id="call_2", name="weather", arguments='{"city":"Rome"}')
PICTURE = Image(data=b"\x89PNG\r\n\x1a\n-picture", media_type="image/png")
PAPER = File(data=b"%PDF-1.7 paper", media_type="application/pdf", name="paper.pdf", citable=True)
TALE = File(data=b"Once upon a time.", media_type="text/plain", name="tale.txt", context="A tale.")
THOUGHTS = (Reasoning(text="Hm.", signature="sig"), Reasoning(encrypted="secret"))

Call = tuple[Any, Json]
MESSAGES: dict[str, Call] = {
    "plain": ("Hi", {}),
    "system": ("Hi", {"system": "Be brief."}),
    "turns": ([user("Hi"), assistant("Hello."), user("Bye")], {}),
    "tools": ("Hi", {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}),
    "strict_tool": ("Hi", {"tools": [msgspec.structs.replace(TOOL, strict=True)]}),
    "forced_tool": ("Hi", {"tools": [TOOL], "tool_choice": ForcedTool("weather")}),
    "required_tool": ("Hi", {"tools": [TOOL], "tool_choice": "required"}),
    "no_tool": ("Hi", {"tools": [TOOL], "tool_choice": "none"}),
    "tool_results": (
        [user("Hi"), assistant(OSLO, ROME), tool_result(OSLO, "cold"), tool_result(ROME, "warm")],
        {"tools": [TOOL]},
    ),
    "tool_error": ([user("Hi"), assistant(OSLO), tool_result(OSLO, "no such city", is_error=True)], {}),
    "picture_result": (
        [user("Hi"), assistant(OSLO), Message("tool", (ToolResult(call_id="call_1", content=(PICTURE,)),))],
        {},
    ),
    "schema": ("Hi", {"response_format": JsonSchema(PERSON)}),
    "image_url": (["What is it?", Image(url="https://example.org/cat.png")], {}),
    "image_bytes": (["What is it?", PICTURE], {}),
    "pdf": ([PAPER, "Sum it up."], {}),
    "pdf_url": ([File(url="https://example.org/paper.pdf")], {}),
    "text_document": ([TALE], {}),
    "files": ([File(file_id="file_1")], {}),
    "sampling": (
        "Hi",
        {"temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop": ["END", "STOP"], "end_user": "u1"},
    ),
    "max_tokens": ("Hi", {"max_output_tokens": 100}),
    "effort": ("Hi", {"reasoning": "low"}),
    "no_thinking": ("Hi", {"reasoning": "none"}),
    "told_thinking": ("Hi", {"reasoning": ReasoningOptions(summary="auto")}),
    "budget": ("Hi", {"reasoning": ReasoningOptions(budget_tokens=2048), "max_output_tokens": 16000}),
    "thinking_back": (
        [user("Hi"), Message("assistant", (*THOUGHTS, OSLO), wire="anthropic"), tool_result(OSLO, "cold")],
        {},
    ),
    "cache": (
        [
            Message("system", (Text(text="Be brief.", cache="1h"),)),
            user(Text(text="Hi", cache="5m")),
        ],
        {"tools": [msgspec.structs.replace(TOOL, cache="5m")]},
    ),
    "server_tool": (
        "Hi",
        {"tools": [ProviderTool("web_search_20250305", {"name": "web_search", "max_uses": 2})]},
    ),
    "extra": ("Hi", {"extra": {"service_tier": "standard_only"}}),
    "stream": ("Hi", {"stream": True}),
}
COUNTED: dict[str, Call] = {
    "c_plain": ("Hi", {}),
    "c_tools": ("Hi", {"system": "Be brief.", "tools": [TOOL]}),
    "c_picture": ([PICTURE], {}),
}
MODELS = {"budget": "claude-sonnet-4-5"}
CASES = [*MESSAGES, *COUNTED]

SAME_HEADERS = ("anthropic-beta", "content-type")
OTHER_HEADERS = {
    # The newer version refuses temperature, top_p and top_k, which older models have and this family has words for.
    "anthropic-version": ("2023-06-01", "2026-10-21"),
    # Both are documented; clouds and gateways in front of this API know the older one.
    "x-api-key": ("oracle", None),
    "authorization": (None, "Bearer oracle"),
}
"""Headers in which we differ from the SDK on purpose: ours, the SDK's. Source: platform.claude.com's pages on versions
and on migrating to API version 2026-10-21, read 2026-11."""


SCHEMAS = dict.fromkeys(MESSAGES, "CreateMessageParams") | dict.fromkeys(COUNTED, "CountMessageTokensParams")
SCHEMAS |= {"files": "BetaCreateMessageParams"}


@pytest.fixture(scope="module")
def theirs() -> Iterator[dict[str, Received]]:
    with recorder() as (address, received):
        run("sdk_anthropic_requests.py", address)
        yield received


@needs_oracle
def test_there_is_a_call_of_ours_for_each_of_the_sdks(theirs: dict[str, Received]) -> None:
    assert set(theirs) == set(CASES)
    assert len(MESSAGES) >= 15


@needs_oracle
@pytest.mark.parametrize("case", CASES)
async def test_a_request_is_the_sdks(case: str, theirs: dict[str, Received]) -> None:
    ours = await sent(case)
    assert differences(ours, theirs[case]) == {}
    both = {name: (ours.headers.get(name), theirs[case].headers.get(name)) for name in (*SAME_HEADERS, *OTHER_HEADERS)}
    assert {name: both[name] for name in OTHER_HEADERS} == OTHER_HEADERS
    assert [name for name in SAME_HEADERS if both[name][0] != both[name][1]] == []


@needs_oracle
@pytest.mark.parametrize("case", MESSAGES)
def test_what_the_sdk_sends_is_passed_on_as_it_was(case: str, theirs: dict[str, Received]) -> None:
    again = passed_on(theirs[case], MessagesServer(), Messages(), "http://127.0.0.1")
    assert differences(again, theirs[case]) == {}


@needs_schemas
@pytest.mark.parametrize("case", CASES)
async def test_a_request_keeps_to_the_vendors_schema(case: str) -> None:
    body = (await sent(case)).body
    assert faults("anthropic", SCHEMAS[case], body) == []


async def sent(case: str) -> Received:
    """What our client sends for a case."""
    prompt, options = (MESSAGES | COUNTED)[case]
    options = dict(options)
    model = f"anthropic/{MODELS.get(case, 'claude-opus-5-5')}"
    with recorder() as (address, received):
        async with AsyncClient(
            base_urls={"anthropic": f"{address}/{case}"}, api_keys={"anthropic": "oracle"}, config=False
        ) as client:
            if case in COUNTED:
                await client.count_tokens(prompt, model=model, **options)
            elif options.pop("stream", False):
                async with client.stream(prompt, model=model, **options) as stream:
                    await stream.reply()
            else:
                await client.chat(prompt, model=model, **options)
        return received[case]
