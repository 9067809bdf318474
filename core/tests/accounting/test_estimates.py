"""Estimates of every type of request, before anything was learned."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from modelscan.accounting.estimates import FIRST_OUTPUT_TOKENS, Estimate, Estimator
from modelscan.types.batch import BatchRequest
from modelscan.types.chat import ChatRequest, ReasoningOptions
from modelscan.types.content import (
    Audio,
    File,
    Image,
    Media,
    ProviderPart,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from modelscan.types.embed import EmbedRequest, RerankRequest
from modelscan.types.knowledge import ModerationRequest, SearchRequest
from modelscan.types.media import ImageRequest, SpeechRequest, TranscriptionRequest, VideoRequest
from modelscan.types.messages import Message, assistant, system, user
from modelscan.types.realtime import RealtimeConfig
from modelscan.types.requests import REQUEST_TYPES
from modelscan.types.tools import JsonObject, JsonSchema, ProviderTool, Tool

MODEL = "provider/model"
CHAT = ChatRequest(messages=(user("Why is the sky blue?"),))
EXAMPLES: dict[str, Any] = {
    "chat": CHAT,
    "embed": EmbedRequest(inputs=("one", Image(data=b"png"))),
    "rerank": RerankRequest(query="Which?", documents=("one", "two")),
    "speech": SpeechRequest(text="Hello there"),
    "transcription": TranscriptionRequest(audio=Audio(data=b"x" * 80_000)),
    "image": ImageRequest(prompt="A cat"),
    "video": VideoRequest(prompt="A cat runs"),
    "moderation": ModerationRequest(inputs=("bad",)),
    "search": SearchRequest(query="cats"),
    "batch": BatchRequest(requests=(CHAT, CHAT)),
}


class ByWords:
    """A tokenizer of one model."""

    name = "words"

    def count(self, text: str, model: str) -> int | None:
        return len(text.split()) if model == MODEL else None


def estimate(request: Any, **given: Any) -> Estimate:
    return Estimator().estimate(request, MODEL, **given)


def read(*content: Any, **fields: Any) -> int:
    """The input tokens of a chat, without the reserve that is held for the first calls."""
    found = estimate(ChatRequest(messages=(Message("user", content),), **fields))
    return round(found["input_tokens"] / found.learned.margins.value)


def test_every_type_of_request_has_an_example_here() -> None:
    assert EXAMPLES.keys() == REQUEST_TYPES.keys()


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_request_takes_whole_numbers_of_tokens_that_add_up(kind: str) -> None:
    found = estimate(EXAMPLES[kind])
    assert all(type(amount) is int and amount >= 0 for amount in found.values())
    assert found["tokens"] == found["input_tokens"] + found["output_tokens"]
    assert found["input_tokens"] > 0
    assert found["requests"] == (2 if kind == "batch" else 1)


def test_a_live_session_is_a_request_of_unknown_length() -> None:
    assert estimate(RealtimeConfig()) == {"requests": 1, "input_tokens": 0, "output_tokens": 0, "tokens": 0}


def test_a_chat_s_text_is_counted_by_its_characters() -> None:
    assert read(Text(text="Why is the sky blue?")) == pytest.approx(12, abs=1)
    assert read(Text(text="Why is the sky blue? " * 1000)) == pytest.approx(5_000, rel=0.1)


@pytest.mark.parametrize(
    ("text", "tokens"),  # by OpenAI's o200k_base
    [
        ("The harbour was quiet when we arrived, and nobody asked us anything.", 14),
        ('{"orders": [{"id": "A-10023", "total": 129.95, "paid": true}]}', 27),
        ("Der Hafen lag still; später wehte ein Wind herüber, und es wurde Nacht.", 18),
        ("Гавань была тихой, когда мы приехали, никто ничего не спросил.", 19),
        ("كان الميناء هادئا عندما وصلنا ولم يسأل أحد من أين جئنا", 21),
        ("जब हम पहुँचे तो बंदरगाह शांत था और किसी ने कुछ नहीं पूछा।", 20),
        ("ნავსადგური წყნარი იყო და არავის უკითხავს საიდან მოვედით", 22),
        ("我们到达的时候港口很安静没有人问我们从哪里来", 19),
        ("우리가 도착했을 때 항구는 조용했고 아무도 묻지 않았다", 17),
        ("🎉🚀🙏👋🎄✨😀", 9),
    ],
)
def test_each_script_has_its_own_ratio(text: str, tokens: int) -> None:
    assert read(Text(text=text)) - 7 == pytest.approx(tokens, rel=0.45)


def test_half_a_surrogate_is_a_character_too() -> None:
    assert read(Text(text="\ud800" * 100)) > 50


def test_all_that_a_message_may_hold_is_counted() -> None:
    before = read(Text(text="Hi"))
    word = "considerable words of text " * 20
    parts: tuple[Any, ...] = (
        Refusal(text=word),
        Reasoning(text=word),
        Reasoning(encrypted=word),
        ToolCall(id="1", name="find", arguments=word),
        ToolResult(call_id="1", content=(Text(text=word), Text(text=""))),
        ProviderPart(kind="search", extra={"found": word}),
        File(data=word.encode(), media_type="text/plain"),
    )
    for part in parts:
        assert read(Text(text="Hi"), part) - before > 100, part


@pytest.mark.parametrize(
    ("medium", "tokens"),
    [
        (Image(data=b"png"), 1_000),
        (Image(url="https://a.example/a.png"), 1_000),
        (Image(data=b"png", detail="low"), 200),
        (Audio(data=b"RIFF" + b"x" * 319_996), 320),
        (Audio(data=b"x" * 320_000, media_type="audio/pcm"), 320),
        (Audio(data=b"x" * 320_000, media_type="audio/mpeg"), 1_280),
        (Audio(url="https://a.example/a.wav"), 1_920),
        (Video(data=b"x" * 1_250_000), 2_950),
        (Video(file_id="f"), 17_700),
        (File(data=b"%PDF", media_type="application/pdf"), 1_500),
        (File(data=b"x" * 90_000, media_type="application/pdf"), 4_500),
        (File(file_id="f"), 15_000),
    ],
)
def test_media_are_counted_by_their_length(medium: Media, tokens: int) -> None:
    assert read(medium) == pytest.approx(tokens, abs=10)
    assert read(medium, medium) == pytest.approx(2 * tokens, abs=10)


def test_tools_and_schemas_are_part_of_the_prompt() -> None:
    before = read(Text(text="Hi"))
    schema = {"type": "object", "properties": {f"field_{number}": {"type": "string"} for number in range(10)}}
    one = read(Text(text="Hi"), tools=(Tool("find", "Finds.", schema),))
    assert one - before > 50
    assert read(Text(text="Hi"), tools=(Tool("find", "Finds.", schema), ProviderTool("web_search"))) > one
    assert read(Text(text="Hi"), response_format=JsonSchema(schema)) - before > 50
    assert read(Text(text="Hi"), response_format=JsonObject()) - before < 20


def test_messages_have_a_frame() -> None:
    one = estimate(ChatRequest(messages=(user("a" * 40),)))["input_tokens"]
    four = estimate(ChatRequest(messages=(system("a" * 10), user("a" * 10), assistant("a" * 10), user("a" * 10))))
    assert four["input_tokens"] - one == pytest.approx(3 * 4 * 1.35, abs=1)


@pytest.mark.parametrize(
    ("fields", "known", "tokens"),
    [
        ({}, None, FIRST_OUTPUT_TOKENS),
        ({"max_output_tokens": 100}, None, 100),
        ({"max_output_tokens": 9_999}, None, FIRST_OUTPUT_TOKENS),
        ({}, 500, 500),
        ({}, 9_999, FIRST_OUTPUT_TOKENS),
        ({"max_output_tokens": 700}, 500, 500),
        ({"max_output_tokens": 100, "choices": 3}, None, 300),
    ],
)
def test_output_is_no_more_than_was_asked_for_or_the_model_can_give(
    fields: dict[str, Any], known: int | None, tokens: int
) -> None:
    request = ChatRequest(messages=(user("Hi"),), **fields)
    assert estimate(request, max_output_tokens=known)["output_tokens"] == tokens


def test_a_tokenizer_counts_for_the_model_that_it_knows() -> None:
    request = ChatRequest(messages=(user("one two three " * 100),))
    counted = Estimator().estimate(request, MODEL, tokenizer=ByWords())
    assert counted["input_tokens"] == round((300 + 7) * 1.35)
    unknown = Estimator().estimate(request, "provider/other", tokenizer=ByWords())
    assert unknown == Estimator().estimate(request, "provider/other")


def test_a_tokenizer_counts_the_beginning_of_a_very_long_text() -> None:
    request = ChatRequest(messages=(user("four " * 20_000),))
    counted = Estimator().estimate(request, MODEL, tokenizer=ByWords())
    assert counted["input_tokens"] == round((12_000 + 0.22 * 40_000 + 7) * 1.35)


def test_an_embedding_has_no_output() -> None:
    assert estimate(EXAMPLES["embed"])["output_tokens"] == 0
    assert estimate(EmbedRequest(inputs=("",)))["input_tokens"] == 0


def test_a_reranker_reads_the_query_with_each_document() -> None:
    one, many = (estimate(RerankRequest(query="q" * 100, documents=("d",) * count)) for count in (1, 201))
    assert many["input_tokens"] > one["input_tokens"] * 190
    assert (one["searches"], many["searches"]) == (1, 3)


def test_units_beside_tokens_are_those_of_the_request() -> None:
    assert estimate(SpeechRequest(text="x" * 280, speed=2.0, instructions="Whisper.")) | {"tokens": 0} == {
        "requests": 1,
        "input_tokens": round((280 + 7) * 0.22 * 1.35 + 0.6 * 1.35),
        "output_tokens": FIRST_OUTPUT_TOKENS,
        "tokens": 0,
        "characters": 280,
        "seconds": 10,
    }
    assert estimate(TranscriptionRequest(audio=Audio(data=b"x" * 80_001), prompt="Names"))["seconds"] == 11
    pictures = ImageRequest(prompt="A cat", count=3, images=(Image(data=b"a"),), mask=Image(data=b"b"))
    assert estimate(pictures)["images"] == 3
    assert estimate(pictures)["input_tokens"] > 2_000
    assert estimate(pictures)["output_tokens"] == 3 * FIRST_OUTPUT_TOKENS
    assert estimate(VideoRequest(prompt="A cat", duration_s=4.5))["seconds"] == 5
    assert estimate(VideoRequest(prompt="A cat", video=Video(data=b"x")))["seconds"] == 8
    assert estimate(SearchRequest(query="cats"))["searches"] == 1


def test_a_batch_takes_what_its_requests_take_together() -> None:
    chat = ChatRequest(messages=(user("Hi", Image(data=b"a")),), max_output_tokens=10)
    thinking = ChatRequest(messages=(user("Hi"),), max_output_tokens=30, reasoning=ReasoningOptions(effort="low"))
    batch = estimate(BatchRequest(requests=(chat, thinking, EmbedRequest(inputs=("Hi",)))))
    assert (batch["requests"], batch["output_tokens"]) == (3, 60)
    assert batch.asked.reasons
    assert batch["input_tokens"] == pytest.approx((1_000 + 2 * 7 + 6 * 0.22) * 1.35, abs=1)
    open_ended = estimate(BatchRequest(requests=(chat, ChatRequest(messages=(user("Hi"),)))))
    assert open_ended["output_tokens"] == 2 * FIRST_OUTPUT_TOKENS
    assert estimate(BatchRequest(requests=(EmbedRequest(inputs=("Hi",)),)))["output_tokens"] == 0


def test_reasoning_that_is_asked_for_is_noted() -> None:
    def reasons(options: ReasoningOptions | None) -> bool:
        return estimate(ChatRequest(messages=(user("Hi"),), reasoning=options)).asked.reasons

    assert [reasons(None), reasons(ReasoningOptions("none")), reasons(ReasoningOptions("low"))] == [False, False, True]


def test_importing_the_estimates_imports_no_tokenizer_and_no_client() -> None:
    code = "import sys, modelscan.accounting.estimates; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"tiktoken", "httpx", "apsw", "yaml", "modelscan.client", "modelscan.plugins"} & set(found)
