"""What a call can take at most, and what a stream is charged that was cut."""

from __future__ import annotations

from typing import Any

import pytest

from modelscan.accounting.estimates import Charge, Estimate, Estimator, bound_of, charge_of_cut
from modelscan.contracts.http import Target
from modelscan.contracts.provider import CutStream, Provider
from modelscan.types.batch import BatchRequest
from modelscan.types.chat import ChatReply, ChatRequest, Choice, ReasoningOptions
from modelscan.types.content import Audio, Image, Reasoning, Text, ToolCall
from modelscan.types.embed import EmbedRequest
from modelscan.types.messages import Message, user
from modelscan.types.tools import ProviderTool
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.openai_compatible import CompatibleMeter, openai_compatible

MODEL = "provider/model"
TARGET = Target(base_urls={"default": "https://provider.example/v1"}, model="model")
CHAT = ChatRequest(messages=(user("Tell me a story."),))
BOUND = {"requests": 1, "input_tokens": 500, "output_tokens": 4_000, "searches": None}
WORDS = "word " * 100


def estimate(request: Any = CHAT, *taught: Usage) -> Estimate:
    estimator = Estimator()
    for usage in taught:
        estimator.learn(estimator.estimate(request, MODEL), usage)
    return estimator.estimate(request, MODEL)


def reply(*parts: Any, usage: Usage = UNREPORTED, **fields: Any) -> ChatReply[None]:
    return ChatReply(message=Message("assistant", parts), usage=usage, **fields)


# --- Cut streams ------------------------------------------------------------------------------------------------------


def charge(rule: CutStream, came: ChatReply[None], asked: Estimate | None = None, bound: Any = BOUND) -> Charge:
    return charge_of_cut(rule, asked or estimate(), came, bound)


def test_what_had_arrived_is_counted_where_the_vendor_charges_for_that() -> None:
    usage, certainty = charge("arrived", reply(Text(text=WORDS)))
    assert (usage.input_tokens, certainty) == (estimate()["input_tokens"], "estimated")
    assert 100 <= usage.output_tokens <= 160
    assert usage.is_reported


def test_every_part_that_had_arrived_counts_and_every_answer() -> None:
    one = charge("arrived", reply(Text(text=WORDS))).usage.output_tokens
    more = reply(
        Text(text=WORDS),
        Reasoning(text=WORDS),
        ToolCall(id="1", name="f", arguments=WORDS),
        alternatives=(Choice(Message("assistant", (Text(text=WORDS),))),),
    )
    assert charge("arrived", more).usage.output_tokens == pytest.approx(4 * one, abs=4)
    spoken = reply(Audio(data=b"x" * 80_000, media_type="audio/mpeg"))
    assert charge("arrived", spoken).usage.output_tokens == 320


def test_what_was_reported_before_the_cut_is_believed() -> None:
    told = Usage(input_tokens=33, output_tokens=1, cached_tokens=20)
    usage, _ = charge("arrived", reply(Text(text=WORDS), usage=told))
    assert (usage.input_tokens, usage.cached_tokens) == (33, 20)
    assert usage.output_tokens > 99
    assert charge("arrived", reply(usage=Usage(output_tokens=700))).usage.output_tokens == 700


@pytest.mark.parametrize("rule", ["all", "unknown"])
def test_what_can_t_be_known_is_charged_at_its_bound(rule: CutStream) -> None:
    usage, certainty = charge(rule, reply(Text(text=WORDS)))
    assert (usage.input_tokens, usage.output_tokens, certainty) == (500, 4_000, "bound")


def test_the_input_that_was_reported_is_less_than_its_bound() -> None:
    told = Usage(input_tokens=33, output_tokens=1, cached_tokens=20)
    bound = {**BOUND, "cached_tokens": 500, "cache_write_tokens": 500}
    usage, certainty = charge("unknown", reply(usage=told), bound=bound)
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens) == (33, 20, 0)
    assert (usage.output_tokens, certainty) == (4_000, "bound")


def test_without_a_bound_a_stream_is_charged_as_estimated_and_says_so() -> None:
    nothing_known: dict[str, int | None] = {"input_tokens": None, "output_tokens": None}
    usage, certainty = charge("unknown", reply(Text(text=WORDS * 30)), bound=nothing_known)
    assert (usage.input_tokens, certainty) == (estimate()["input_tokens"], "estimated")
    assert usage.output_tokens > 3_000
    assert charge("all", reply(), bound={}).usage.output_tokens == estimate()["output_tokens"]


def test_other_units_are_charged_at_their_bounds_too() -> None:
    assert charge("unknown", reply(), bound={**BOUND, "searches": 3}).usage.searches == 3


THINKING = ChatRequest(messages=CHAT.messages, reasoning=ReasoningOptions(effort="high"))
THOUGHT = Usage(input_tokens=9, output_tokens=900, reasoning_tokens=800)


@pytest.mark.parametrize(
    ("asked", "part", "output"),
    [
        (estimate(THINKING), Text(text=WORDS), 4_000),
        (estimate(CHAT, THOUGHT), Text(text=WORDS), 4_000),
        (estimate(THINKING), Reasoning(text=WORDS), 110),
        (estimate(CHAT), Text(text=WORDS), 110),
    ],
)
def test_hidden_reasoning_can_t_be_counted_as_it_arrives(asked: Estimate, part: Any, output: int) -> None:
    assert charge("arrived", reply(part), asked).usage.output_tokens == pytest.approx(output, rel=0.5)
    assert charge("arrived", reply(part), asked).certainty == ("bound" if output == 4_000 else "estimated")


# --- Bounds -----------------------------------------------------------------------------------------------------------


def provider(**fields: Any) -> Provider:
    exact = {"meter": CompatibleMeter(hidden_tokens=0, tokens_beyond_cap=0)} | fields
    return openai_compatible("provider", base_url="https://provider.example/v1", key="KEY", **exact)()


PICTURE = ChatRequest(messages=(user("What is it?", Image(url="https://a.example/a.png")),))
BY_VENDOR = ChatRequest(messages=CHAT.messages, tools=(ProviderTool("web_search"),))


def bound(request: Any, *, given: Provider | None = None, **known: int) -> dict[str, int | None]:
    return dict(bound_of(given or provider(), request, TARGET, **known))


def test_the_meter_s_bound_comes_first() -> None:
    most = bound(CHAT, max_input_tokens=128_000)
    assert most["requests"] == 1
    assert most["input_tokens"] is not None
    assert most["input_tokens"] < 1_000
    assert most["output_tokens"] is None


def test_the_model_s_own_limits_bound_what_the_meter_can_t() -> None:
    most = bound(PICTURE, max_input_tokens=128_000, max_output_tokens=4_096)
    assert (most["input_tokens"], most["output_tokens"]) == (128_000, 4_096)
    twice = ChatRequest(messages=PICTURE.messages, choices=2)
    assert bound(twice, max_output_tokens=4_096)["output_tokens"] == 8_192
    capped = ChatRequest(messages=CHAT.messages, max_output_tokens=10)
    assert bound(capped, max_output_tokens=4_096)["output_tokens"] == 10


def test_no_call_takes_more_than_its_model_can() -> None:
    long = ChatRequest(messages=(user("word " * 100_000),), max_output_tokens=9_999)
    most = bound(long, max_input_tokens=128_000, max_output_tokens=4_096)
    assert (most["input_tokens"], most["output_tokens"]) == (128_000, 4_096)


@pytest.mark.parametrize("request_", [BY_VENDOR, ChatRequest(messages=PICTURE.messages, extra={"plugins": []})])
def test_a_vendor_s_own_tools_read_more_than_a_prompt(request_: ChatRequest) -> None:
    most = bound(request_, max_input_tokens=128_000, max_output_tokens=4_096)
    assert (most["input_tokens"], most["output_tokens"]) == (None, None)


def test_a_provider_without_a_meter_is_bounded_by_its_model_alone() -> None:
    silent = provider(meter=None)
    assert bound(CHAT, given=silent) == {"requests": 1, "input_tokens": None, "output_tokens": None}
    known = bound(CHAT, given=silent, max_input_tokens=9, max_output_tokens=5)
    assert known == {"requests": 1, "input_tokens": 9, "output_tokens": 5}


def test_a_batch_is_as_many_requests_as_it_has_and_an_embedding_has_no_output() -> None:
    silent = provider(meter=None)
    assert bound(BatchRequest(requests=(CHAT, CHAT)), given=silent)["requests"] == 2
    assert bound(EmbedRequest(inputs=("a",)), max_output_tokens=5)["output_tokens"] == 0
