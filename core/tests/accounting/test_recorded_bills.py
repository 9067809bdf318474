"""Costs beside what vendors themselves billed: real answers that carry their own price, to the last digit.

The prices are those of the vendors' pages at the time of each recording (../shared/reference, read 2026-11).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from modelscan.accounting import cost_of
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible.structs import UsageBlock
from modelscan.wire.openai_compatible.usage import usage_of
from price_lists import listed, row
from recordings import RECORDINGS, needs_recordings

AT = datetime(2026, 11, 24, tzinfo=UTC)
TICKS = Decimal(10**10)
PRICES = {
    ("xai", "grok-3-mini"): row({"input_tokens": "0.30", "cached_tokens": "0.075", "output_tokens": "0.50"}),
    ("xai", "grok-4.3"): row({"input_tokens": "1.25", "cached_tokens": "0.20", "output_tokens": "2.50"}),
    ("openrouter", "anthropic/claude-haiku-4.5"): row({"input_tokens": "1", "output_tokens": "5"}),
    ("openrouter", "google/gemini-2.5-flash"): row(
        {"input_tokens": "0.30", "audio_input_tokens": "1", "output_tokens": "2.50"}
    ),
    ("openrouter", "google/gemini-3-flash-preview-20251217"): row({"input_tokens": "0.50", "output_tokens": "3"}),
    ("openrouter", "openai/gpt-4.1-mini"): row({"input_tokens": "0.40", "output_tokens": "1.60"}),
    ("openrouter", "openai/gpt-4o"): row({"input_tokens": "2.50", "output_tokens": "10"}),
    ("openrouter", "openai/gpt-4o-mini"): row({"input_tokens": "0.15", "output_tokens": "0.60"}),
    ("openrouter", "openai/gpt-5"): row({"input_tokens": "1.25", "output_tokens": "10"}),
    ("openrouter", "openai/o4-mini-2025-04-16"): row({"input_tokens": "1.10", "output_tokens": "4.40"}),
    ("openrouter", "openai/whisper-1"): row({"seconds": "0.006"}, 60),
    ("openrouter", "text-embedding-3-small"): row({"input_tokens": "0.02"}),
    ("openrouter", "text-embedding-ada-002-v2"): row({"input_tokens": "0.10"}),
    ("vercel-gateway", "anthropic/claude-sonnet-4"): row({"input_tokens": "3", "output_tokens": "15"}),
    ("vercel-gateway", "google/gemini-2.5-flash"): row({"input_tokens": "0.30", "output_tokens": "2.50"}),
    ("vercel-gateway", "google/gemini-3-pro-preview"): row({"input_tokens": "2", "output_tokens": "12"}),
    ("vercel-gateway", "openai/gpt-5"): row({"input_tokens": "1.25", "output_tokens": "10"}),
    ("perplexity", "sonar"): row({"input_tokens": "1", "output_tokens": "1"}),
}
REQUEST = row({"requests": "5"}, 1000, when={"search_context_size": "low"})  # what Perplexity adds to each call
Bill = tuple[str, str, dict[str, Any]]


def bills() -> Iterator[Bill]:
    """Every usage in the recordings that tells its cost: the vendor, the model and the block, each once."""
    seen: set[str] = set()
    for vendor in dict.fromkeys(vendor for vendor, _ in PRICES):
        for path in sorted(each for each in (RECORDINGS / vendor).rglob("*") if each.is_file()):
            text = path.read_text(encoding="utf-8", errors="replace")
            for told in (text, text.replace('\\"', '"')):  # recorders keep a body as it is, or as a JSON string
                for bill in bills_in(vendor, told):
                    key = repr(bill)
                    if key not in seen:
                        seen.add(key)
                        yield bill


def bills_in(vendor: str, text: str) -> Iterator[Bill]:
    decoder = json.JSONDecoder(parse_float=Decimal)
    for found in re.finditer(r'"usage":\s*(?=\{)', text):
        try:
            block, _ = decoder.raw_decode(text, found.end())
        except ValueError:
            continue
        model = nearest_model(text, found.start())
        if billed(block) and (vendor, model) in PRICES:
            yield vendor, model, block


def nearest_model(text: str, place: int) -> str:
    """The model named before a block, or else after it: both orders occur."""
    before = re.findall(r'"model":\s*"([^"]+)"', text[max(0, place - 30_000) : place])
    after = re.search(r'"model":\s*"([^"]+)"', text[place : place + 500])
    return str(before[-1]) if before else after.group(1) if after else ""


def billed(block: dict[str, Any]) -> Decimal:
    """What the vendor says that it costs, in dollars."""
    if "cost_in_usd_ticks" in block:
        return Decimal(block["cost_in_usd_ticks"]) / TICKS
    cost = block.get("cost") or 0
    return Decimal(cost["total_cost"] if isinstance(cost, dict) else cost)


def usage(vendor: str, block: dict[str, Any]) -> Usage:
    """The usage as our codecs read it."""
    if "seconds" in block:
        return Usage(seconds=Decimal(block["seconds"]))
    renamed = {re.sub("^input_", "prompt_", re.sub("^output_", "completion_", name)): block[name] for name in block}
    told = {name: value for name, value in renamed.items() if not name.startswith(("cost", "market"))}
    read = usage_of(msgspec.convert(told, UsageBlock))
    if vendor == "vercel-gateway":  # its chat format tells thoughts beside the answer, whatever the total says
        read = msgspec.structs.replace(read, output_tokens=told["completion_tokens"] + read.reasoning_tokens)
    return msgspec.structs.replace(read, requests=1)


@needs_recordings
def test_costs_are_what_the_vendors_billed() -> None:
    checked: Counter[str] = Counter()
    for vendor, model, block in bills():
        prices = listed(PRICES[vendor, model], *([REQUEST] if vendor == "perplexity" else []))
        when = {"search_context_size": block["search_context_size"]} if vendor == "perplexity" else {}
        total = cost_of(usage(vendor, block), prices, AT, when=when).total
        assert total is not None
        amount = total.amount
        if vendor == "perplexity":  # it tells three places or five
            amount = amount.quantize(billed(block), ROUND_HALF_UP)
        assert amount == billed(block), (vendor, model, block)
        checked[vendor] += 1
    assert checked >= Counter({"xai": 27, "openrouter": 28, "vercel-gateway": 50, "perplexity": 16})
