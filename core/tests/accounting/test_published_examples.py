"""The vendors' own worked examples, to the last digit that they give.

Vendors publish few: ElevenLabs, Deepgram and DeepSeek give prices and no example with a total (looked for 2026-11).
What vendors billed in real answers is in `test_recorded_bills.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest

from modelscan.accounting import cost_of
from modelscan.catalog.answers import PriceList
from modelscan.catalog.format import Factor
from modelscan.types.usage import Usage
from price_lists import listed, row

AT = datetime(2026, 11, 24, tzinfo=UTC)

ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/pricing"
OPUS_5 = listed(
    row(
        {
            "input_tokens": "5",
            "cached_tokens": "0.50",
            "cache_write_tokens": "6.25",
            "cache_write_1h_tokens": "10",
            "output_tokens": "25",
        }
    ),
    row({"session_hours": "0.08"}, 1),
    row({"searches": "10", "web_fetch_requests": "0"}, 1000),
    factors=(Factor(factor=Decimal("0.5"), tier="batch"), Factor(factor=Decimal("1.1"), region="us")),
)
OPENAI_TUNING = "https://platform.openai.com/docs/guides/fine-tuning"
OPENAI_PRICING = "https://openai.com/api/pricing (2024)"
GEMINI = "https://ai.google.dev/gemini-api/docs/pricing"
GEMINI_3_PRO_IMAGE = listed(
    row({"input_tokens": "2", "output_tokens": "12", "image_output_tokens": "120"}),
    factors=(
        Factor(factor=Decimal("0.5"), tier="batch"),
        Factor(factor=Decimal("0.5"), tier="flex"),
        Factor(factor=Decimal("1.8"), tier="priority"),
    ),
)
PERPLEXITY = "https://docs.perplexity.ai/getting-started/pricing"
SONAR_DEEP_RESEARCH = listed(
    # Its reasoning is counted beside the answer, not in it.
    row({"input_tokens": "2", "output_tokens": "8", "citation_tokens": "2", "reasoning_tokens": "3"}),
    row({"searches": "5"}, 1000),
)
XAI = "https://docs.x.ai/docs/guides/live-search (2025)"
BEDROCK = "https://aws.amazon.com/bedrock/pricing/ (2024), as AWS's guidance repeats it"
CARTESIA = "https://docs.cartesia.ai/pricing"

Example = tuple[str, PriceList, Usage, str, str]
EXAMPLES: dict[str, Example] = {
    "an hour's session of Claude Opus 5": (
        ANTHROPIC,
        OPUS_5,
        Usage(input_tokens=50_000, output_tokens=15_000, other={"session_hours": 1}),
        "standard",
        "0.705",
    ),
    "the same with 40,000 tokens read from the cache": (
        ANTHROPIC,
        OPUS_5,
        Usage(input_tokens=50_000, cached_tokens=40_000, output_tokens=15_000, other={"session_hours": 1}),
        "standard",
        "0.525",
    ),
    "a thousand searches, fetches beside them for nothing": (
        ANTHROPIC,
        OPUS_5,
        Usage(searches=1000, other={"web_fetch_requests": 7}),
        "standard",
        "10",
    ),
    "100,000 tokens in three epochs of gpt-3.5-turbo": (
        OPENAI_TUNING,
        listed(row({"training_tokens": "8"})),
        Usage(other={"training_tokens": 300_000}),
        "standard",
        "2.40",
    ),
    "100,000 tokens in three epochs of gpt-4o-mini": (
        OPENAI_TUNING,
        listed(row({"training_tokens": "3"})),
        Usage(other={"training_tokens": 300_000}),
        "standard",
        "0.90",
    ),
    "a picture of four tiles seen by GPT-4 Turbo": (
        OPENAI_PRICING,
        listed(row({"input_tokens": "10", "output_tokens": "30"})),
        Usage(input_tokens=765, image_input_tokens=765),
        "standard",
        "0.00765",
    ),
    "a picture of 4K by Gemini 3 Pro": (
        GEMINI,
        GEMINI_3_PRO_IMAGE,
        Usage(output_tokens=2000, image_output_tokens=2000),
        "standard",
        "0.24",
    ),
    "the same in a batch": (
        GEMINI,
        GEMINI_3_PRO_IMAGE,
        Usage(output_tokens=2000, image_output_tokens=2000),
        "batch",
        "0.12",
    ),
    "a picture of 1K by Gemini 3 Pro": (
        GEMINI,
        GEMINI_3_PRO_IMAGE,
        Usage(output_tokens=1120, image_output_tokens=1120),
        "standard",
        "0.134",
    ),
    "the same at the flexible tier": (
        GEMINI,
        GEMINI_3_PRO_IMAGE,
        Usage(output_tokens=1120, image_output_tokens=1120),
        "flex",
        "0.067",
    ),
    "a million tokens of text at priority": (
        GEMINI,
        GEMINI_3_PRO_IMAGE,
        Usage(input_tokens=1_000_000, output_tokens=1_000_000),
        "priority",
        "25.20",
    ),
    "a deep research": (
        PERPLEXITY,
        SONAR_DEEP_RESEARCH,
        Usage(
            input_tokens=33,
            output_tokens=7163,
            searches=18,
            reasoning_tokens=73_997,
            other={"citation_tokens": 20_016},
        ),
        "standard",
        "0.409393",
    ),
    "four sources of a live search": (
        XAI,
        listed(row({"num_sources_used": "25"}, 1000)),
        Usage(other={"num_sources_used": 4}),
        "standard",
        "0.100",
    ),
    "a summary by Claude 2.1 on Bedrock": (
        BEDROCK,
        listed(row({"input_tokens": "0.01102", "output_tokens": "0.03268"}, 1000)),
        Usage(input_tokens=11_000, output_tokens=4000),
        "standard",
        "0.25",
    ),
    "a minute of agent call with its telephone": (
        CARTESIA,
        listed(row({"seconds": "0.06"}, 60), row({"telephone_seconds": "0.014"}, 60)),
        Usage(seconds=Decimal(60), other={"telephone_seconds": 60}),
        "standard",
        "0.074",
    ),
}


@pytest.mark.parametrize(("source", "prices", "usage", "tier", "published"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_published_example_comes_out_as_published(
    source: str, prices: PriceList, usage: Usage, tier: str, published: str
) -> None:
    total = cost_of(usage, prices, AT, tier=tier).total
    assert total is not None
    assert total.amount.quantize(Decimal(published), ROUND_HALF_UP) == Decimal(published), source


def test_anthropics_discounts_stack_as_its_page_says() -> None:
    usage = Usage(
        input_tokens=3_000_000, cached_tokens=1_000_000, cache_write_tokens=2_000_000, cache_write_1h_tokens=1_000_000
    )
    standard = cost_of(usage, OPUS_5, AT).total
    batch = cost_of(usage, OPUS_5, AT, tier="batch").total
    in_the_us = cost_of(usage, OPUS_5, AT, tier="batch", region="us").total
    assert standard is not None
    assert batch is not None
    assert in_the_us is not None
    assert standard.amount == Decimal("16.75")  # read 0.1, written for 5 minutes 1.25 and for an hour 2 times $5
    assert batch.amount == Decimal("8.375")
    assert in_the_us.amount == Decimal("9.2125")
