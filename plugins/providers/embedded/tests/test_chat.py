"""Chat with the real model: few tokens, at temperature zero."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import aclosing

import msgspec
import pytest

from modelscan.contracts.http import Target
from modelscan.errors import ContextLengthError, UnsupportedError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import Message, assistant, system, tool_result, user
from modelscan.types.tools import ForcedTool, JsonObject, JsonSchema, Tool
from modelscan_provider_embedded import modelscan_provider
from modelscan_provider_embedded.operations import Bounds, Chat, CountTokens

pytestmark = pytest.mark.e2e

CAPITAL = user("What is the capital of France?")
STORY = ChatRequest(messages=(user("Write a very long story about a ship."),), temperature=0, max_output_tokens=800)
WEATHER = Tool(
    "get_weather",
    "Current weather in a city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
ADD = Tool(
    "add",
    "Add two integers",
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]},
)


class City(msgspec.Struct):
    city: str
    population: int


def short(*messages: Message, **fields: object) -> ChatRequest:
    defaults: dict[str, object] = {"temperature": 0, "max_output_tokens": 24}
    return ChatRequest(messages=messages, **{**defaults, **fields})  # type: ignore[arg-type]


async def chunks_of(chat: Chat, request: ChatRequest, target: Target) -> list[ChatChunk]:
    async with aclosing(chat.stream(request, target)) as stream:
        return [chunk async for chunk in stream]


def without_id(reply: ChatReply[None]) -> ChatReply[None]:
    return msgspec.structs.replace(reply, id="", provider="")


async def test_the_capital_of_france_is_paris(chat: Chat, target: Target) -> None:
    reply = await chat.run(short(CAPITAL), target)
    assert "Paris" in reply.text
    assert (reply.provider, reply.model, reply.message.wire) == ("embedded", "smollm2", "llamacpp")
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "stop")
    assert reply.id


async def test_a_stream_folds_to_the_whole_reply(chat: Chat, target: Target) -> None:
    request = short(CAPITAL, seed=7)
    chunks = await chunks_of(chat, request, target)
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    assert sum(1 for chunk in chunks if chunk.text) > 3
    assert all(chunk.raw for chunk in chunks)
    assert without_id(fold.reply()) == without_id(await chat.run(request, target))


async def test_usage_is_measured_and_equals_the_count_beforehand(
    chat: Chat, count_tokens: CountTokens, target: Target
) -> None:
    request = short(system("Be brief."), CAPITAL, assistant("Paris."), user("And of Italy?"))
    usage = (await chat.run(request, target)).usage
    assert usage.is_reported
    assert usage.output_tokens > 0
    assert usage.input_tokens == await count_tokens.run(request, target)
    assert [usage.input_tokens] == [count async for count in count_tokens.stream(request, target)]


@pytest.mark.parametrize(
    "request_",
    [
        short(user("")),
        short(user("a"), assistant("b"), user("c")),
        short(user("Grüße aus Ålesund, 你好 🙂🙃 \ud7ff\x00\t" * 20)),
        short(CAPITAL, tools=(WEATHER, ADD)),
        short(CAPITAL, response_format=JsonSchema({"type": "object", "properties": {"a": {"type": "string"}}})),
    ],
)
async def test_no_prompt_has_more_tokens_than_its_bound(
    request_: ChatRequest, count_tokens: CountTokens, target: Target
) -> None:
    most = Bounds().bound(request_, target)
    assert await count_tokens.run(request_, target) <= (most["input_tokens"] or 0)


def test_a_stream_that_is_left_costs_no_more_than_what_had_arrived() -> None:
    assert modelscan_provider().cut_stream == "arrived"


async def test_the_system_text_is_always_sent(count_tokens: CountTokens, target: Target) -> None:
    said = await count_tokens.run(short(system("You are a helpful assistant."), CAPITAL), target)
    assert await count_tokens.run(short(CAPITAL), target) == said


async def test_an_answer_ends_at_its_limit_and_at_a_stop_word(chat: Chat, target: Target) -> None:
    cut = await chat.run(short(CAPITAL, max_output_tokens=2), target)
    assert (cut.finish_reason, cut.usage.output_tokens) == ("length", 2)
    stopped = await chat.run(short(CAPITAL, stop=("France",)), target)
    assert stopped.text == "The capital of "


async def test_a_seed_gives_the_same_answer_again(chat: Chat, target: Target) -> None:
    request = short(user("Say something odd."), temperature=1.5, seed=42, top_p=0.95, top_k=50, max_output_tokens=12)
    assert (await chat.run(request, target)).text == (await chat.run(request, target)).text


async def test_logprobs_come_for_each_token_with_the_likeliest_others(chat: Chat, target: Target) -> None:
    reply = await chat.run(short(CAPITAL, top_logprobs=2, max_output_tokens=3), target)
    assert len(reply.logprobs) == 3
    assert "".join([each.token for each in reply.logprobs]) == reply.text
    assert all(len(each.top) == 2 and each.logprob <= 0 and each.bytes for each in reply.logprobs)


async def test_json_schema_output_is_of_the_type(chat: Chat, target: Target) -> None:
    schema = JsonSchema(
        {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}, "population": {"type": "integer"}},
            "required": ["city", "population"],
        },
        description="a city",
    )
    reply = await chat.run(short(user("Tell me about Paris."), response_format=schema, max_output_tokens=60), target)
    assert "Paris" in msgspec.json.decode(reply.text, type=City).city


async def test_json_object_output_begins_an_object(chat: Chat, target: Target) -> None:
    reply = await chat.run(short(CAPITAL, response_format=JsonObject(), max_output_tokens=8), target)
    assert reply.text.startswith("{")


async def test_a_schema_without_a_grammar_is_a_clear_error(chat: Chat, target: Target) -> None:
    schema = JsonSchema({"type": "nonsense"})
    with pytest.raises(UnsupportedError, match="embedded/smollm2.*unrecognized type nonsense"):
        await chat.run(short(CAPITAL, response_format=schema), target)


async def test_a_forced_tool_is_called_with_arguments_of_its_schema(chat: Chat, target: Target) -> None:
    request = short(user("What is the weather in Paris?"), tools=(WEATHER, ADD), tool_choice=ForcedTool("get_weather"))
    reply = await chat.run(request, target)
    assert reply.finish_reason == "tool_calls"
    assert [(call.name, call.args) for call in reply.tool_calls] == [("get_weather", {"city": "Paris"})]
    assert reply.text == ""


async def test_required_calls_one_of_the_tools(chat: Chat, target: Target) -> None:
    request = short(
        user("What is 3 plus 5?"), tools=(WEATHER, ADD), tool_choice="required", max_output_tokens=50, seed=1
    )
    reply = await chat.run(request, target)
    assert [(call.name, call.args) for call in reply.tool_calls] == [("add", {"a": 3, "b": 5})]
    fold = ChatFold()
    for chunk in await chunks_of(chat, request, target):
        fold.add(chunk)
    assert fold.reply().tool_calls == reply.tool_calls


async def test_with_auto_the_model_may_answer_in_words(chat: Chat, target: Target) -> None:
    reply = await chat.run(short(CAPITAL, tools=(WEATHER,)), target)
    assert "Paris" in reply.text
    assert not reply.tool_calls


async def test_a_tools_result_is_understood(chat: Chat, target: Target) -> None:
    question = user("What is the weather in Paris?")
    asked = await chat.run(short(question, tools=(WEATHER,), tool_choice=ForcedTool("get_weather")), target)
    result = tool_result(asked.tool_calls[0], "18 degrees and raining")
    reply = await chat.run(short(question, asked.message, result, tools=(WEATHER,), tool_choice="none"), target)
    assert "rain" in reply.text


async def test_a_conversation_that_is_too_long_is_a_context_length_error(
    chat: Chat, count_tokens: CountTokens, target: Target
) -> None:
    request = short(user("a long day " * 4000))
    with pytest.raises(ContextLengthError, match=r"4096 tokens") as caught:
        await chat.run(request, target)
    assert "context_length" in caught.value.advice
    assert await count_tokens.run(request, target) > 12_000


async def stops_at_once(count_tokens: CountTokens, target: Target) -> bool:
    """Whether the model is free for the next call: what is stopped here would take it more than ten seconds.

    Reading one batch of a prompt may take more than one, on a machine that is busy with other things.
    """
    begun = time.monotonic()
    await count_tokens.run(short(CAPITAL), target)
    return time.monotonic() - begun < 5


async def test_closing_a_stream_early_stops_the_model(chat: Chat, count_tokens: CountTokens, target: Target) -> None:
    async with aclosing(chat.stream(STORY, target)) as stream:
        for _ in range(3):
            await anext(stream)
    assert await stops_at_once(count_tokens, target)


async def test_cancelling_a_call_stops_the_model(chat: Chat, count_tokens: CountTokens, target: Target) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(chat.run(STORY, target), 0.5)
    assert await stops_at_once(count_tokens, target)


async def test_cancelling_stops_the_reading_of_a_long_prompt_too(
    chat: Chat, count_tokens: CountTokens, target: Target
) -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(chat.run(short(user("a long day " * 1200)), target), 0.3)
    assert await stops_at_once(count_tokens, target)


async def test_a_call_that_is_cancelled_in_line_is_never_begun(
    chat: Chat, count_tokens: CountTokens, target: Target
) -> None:
    async with aclosing(chat.stream(STORY, target)) as stream:
        await anext(stream)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chat.run(STORY, target), 0.1)
    assert await stops_at_once(count_tokens, target)


def test_two_threads_share_the_model(chat: Chat, target: Target) -> None:
    texts: dict[str, str] = {}

    def ask(country: str) -> None:
        reply = asyncio.run(chat.run(short(user(f"What is the capital of {country}?")), target))
        texts[country] = reply.text

    threads = [threading.Thread(target=ask, args=(country,)) for country in ("France", "Germany")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert "Paris" in texts["France"]
    assert "Berlin" in texts["Germany"]


def test_a_loop_that_was_closed_with_a_call_open_leaves_the_model_free(
    chat: Chat, count_tokens: CountTokens, target: Target
) -> None:
    loop = asyncio.new_event_loop()
    stream = chat.stream(STORY, target)
    loop.run_until_complete(anext(stream))
    loop.close()
    assert asyncio.run(stops_at_once(count_tokens, target))
