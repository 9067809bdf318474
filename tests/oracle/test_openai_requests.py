"""For the same logical calls OpenAI's SDK and our client send the same requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from modelscan import AsyncClient
from modelscan.contracts.servers import ServerCodec
from modelscan.types.chat import AudioOptions, ReasoningOptions
from modelscan.types.content import Audio, File, Image, Reasoning, Refusal, ToolCall, ToolResult
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import Message, assistant, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, ProviderTool, Tool
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.openai_compatible.responses.items import WIRE
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer
from official_schemas import faults, needs_schemas
from oracle import Json, differences, needs_oracle, passed_on, run
from request_recorder import Received, recorder

PNG = b"\x89PNG\r\n\x1a\n-picture"
PDF = b"%PDF-1.7 paper"
WAV = b"RIFF----WAVEfmt sound"
CITY: Json = {"city": {"type": "string"}}
WEATHER: Json = {"type": "object", "properties": CITY, "required": ["city"], "additionalProperties": False}
AGED: Json = {"name": {"type": "string"}, "age": {"type": "integer"}}
PERSON: Json = {"type": "object", "properties": AGED, "required": ["name", "age"], "additionalProperties": False}
TOOL = Tool("weather", "The weather.", WEATHER)
STRICT = Tool("weather", "The weather.", WEATHER, strict=True)

OSLO = ToolCall(id="call_1", name="weather", arguments='{"city":"Oslo"}')
ROME = ToolCall(id="call_2", name="weather", arguments='{"city":"Rome"}')
RESULTS = [user("Hi"), assistant(OSLO, ROME), tool_result(OSLO, "cold"), tool_result(ROME, "warm")]
PAPER = File(data=PDF, media_type="application/pdf", name="paper.pdf")
CAT = Image(url="https://example.org/cat.png", detail="low")
PICTURE = Image(data=PNG, media_type="image/png")
PERSONS = JsonSchema(PERSON, name="person")

Call = tuple[Any, Json]
SHARED: dict[str, Call] = {
    "plain": ("Hi", {}),
    "system": ("Hi", {"system": "Be brief."}),
    "turns": ([user("Hi"), assistant("Hello."), user("Bye")], {}),
    "tools": ("Hi", {"tools": [TOOL], "tool_choice": "auto", "parallel_tool_calls": False}),
    "strict_tool": ("Hi", {"tools": [STRICT]}),
    "forced_tool": ("Hi", {"tools": [TOOL], "tool_choice": ForcedTool("weather")}),
    "tool_results": (RESULTS, {"tools": [TOOL]}),
    "schema": ("Hi", {"response_format": PERSONS}),
    "json_object": ("Hi", {"response_format": JsonObject()}),
    "image_url": (["What is it?", CAT], {}),
    "image_bytes": (["What is it?", PICTURE], {}),
    "pdf": ([PAPER, "Sum it up."], {}),
    "max_tokens": ("Hi", {"max_output_tokens": 100}),
    "stream": ("Hi", {"stream": True}),
}
CHAT: dict[str, Call] = {
    **SHARED,
    "required_tool": ("Hi", {"tools": [TOOL], "tool_choice": "required"}),
    "audio_in": ([Audio(data=WAV, media_type="audio/wav")], {}),
    "audio_out": ("Hi", {"modalities": ["text", "audio"], "audio": AudioOptions("alloy", "mp3")}),
    "sampling": (
        "Hi",
        {
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 7,
            "presence_penalty": 0.1,
            "frequency_penalty": -0.1,
            "stop": ["END", "STOP"],
            "choices": 2,
            "end_user": "u1",
        },
    ),
    "effort": ("Hi", {"reasoning": "low"}),
    "logprobs": ("Hi", {"logprobs": True, "top_logprobs": 3}),
    "extra": ("Hi", {"extra": {"service_tier": "flex", "metadata": {"a": "b"}, "verbosity": "low"}}),
    "refused": ([user("Hi"), assistant(Refusal(text="No.")), user("Why?")], {}),
    "named": ([Message("user", user("Hi").content, name="ann")], {}),
}
THOUGHT = Reasoning(text="Hm.", id="rs_1", encrypted="secret")
RESPONSES: dict[str, Call] = {
    **{f"r_{name}": call for name, call in SHARED.items()},
    "r_picture_result": (
        [
            user("Hi"),
            assistant(ToolCall(id="call_1", name="weather", arguments="{}")),
            Message("tool", (ToolResult(call_id="call_1", content=(PICTURE,)),)),
        ],
        {},
    ),
    "r_file_id": ([File(file_id="file-1")], {}),
    "r_sampling": ("Hi", {"temperature": 0.5, "top_p": 0.9, "end_user": "u1"}),
    "r_effort": ("Hi", {"reasoning": ReasoningOptions(effort="low", summary="auto")}),
    "r_logprobs": ("Hi", {"logprobs": True, "top_logprobs": 3}),
    "r_search": ("Hi", {"tools": [ProviderTool("web_search", {"search_context_size": "low"})]}),
    "r_reasoning_back": (
        [
            user("Hi"),
            Message(
                "assistant",
                (THOUGHT, ToolCall(id="call_1", name="weather", arguments="{}", extra={"id": "fc_1"})),
                wire=WIRE,
            ),
            tool_result("call_1", "cold"),
        ],
        {},
    ),
}
EMBEDDINGS: dict[str, EmbedRequest] = {
    "e_one": EmbedRequest(inputs=("Hi",)),
    "e_many": EmbedRequest(inputs=("Hi", "Bye")),
    "e_dimensions": EmbedRequest(inputs=("Hi",), dimensions=256),
    "e_user": EmbedRequest(inputs=("Hi",), end_user="u1"),
}
WRITTEN_OUT = {"r_turns": "an answer in short is written out, for our server's side takes it for the API's own"}
CASES = [*CHAT, *RESPONSES, *EMBEDDINGS]


SCHEMAS = dict.fromkeys(CHAT, "CreateChatCompletionRequest") | dict.fromkeys(RESPONSES, "CreateResponse")
SCHEMAS |= dict.fromkeys(EMBEDDINGS, "CreateEmbeddingRequest")


@pytest.fixture(scope="module")
def theirs() -> Iterator[dict[str, Received]]:
    with recorder() as (address, received):
        run("sdk_openai_requests.py", address)
        yield received


@needs_oracle
def test_there_is_a_call_of_ours_for_each_of_the_sdks(theirs: dict[str, Received]) -> None:
    assert set(theirs) == set(CASES)
    assert min(len(CHAT), len(RESPONSES)) >= 15


@needs_oracle
@pytest.mark.parametrize("case", CASES)
async def test_a_request_is_the_sdks(case: str, theirs: dict[str, Received], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_STYLE", "responses" if case in RESPONSES else "chat")
    ours = await sent(case)
    assert differences(ours, theirs[case]) == {}


@needs_oracle
@pytest.mark.parametrize("case", [case for case in CASES if case not in WRITTEN_OUT])
def test_what_the_sdk_sends_is_passed_on_as_it_was(case: str, theirs: dict[str, Received]) -> None:
    server: ServerCodec = ResponsesServer() if case in RESPONSES else OpenAIServer()
    chat: Any = Responses() if case in RESPONSES else ChatCompletions()
    operation = Embeddings(encoding="base64") if case in EMBEDDINGS else chat
    again = passed_on(theirs[case], server, operation, "http://127.0.0.1/v1")
    assert differences(again, theirs[case]) == {}


@needs_schemas
@pytest.mark.parametrize("case", CASES)
async def test_a_request_keeps_to_the_vendors_schema(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_STYLE", "responses" if case in RESPONSES else "chat")
    body = (await sent(case)).body
    assert faults("openai", SCHEMAS[case], body) == []


async def sent(case: str) -> Received:
    """What our client sends for a case."""
    with recorder() as (address, received):
        async with AsyncClient(
            base_urls={"openai": f"{address}/{case}/v1"}, api_keys={"openai": "sk-oracle"}, config=False
        ) as client:
            if case in EMBEDDINGS:
                await client.embed(EMBEDDINGS[case], model="openai/text-embedding-3-small")
            else:
                await chat(client, case)
        return received[case]


async def chat(client: AsyncClient, case: str) -> None:
    prompt, options = (CHAT | RESPONSES)[case]
    options = dict(options)
    model = "openai/gpt-5.5"
    if options.pop("stream", False):
        async with client.stream(prompt, model=model, **options) as stream:
            await stream.reply()
    else:
        await client.chat(prompt, model=model, **options)
