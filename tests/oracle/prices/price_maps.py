"""What two public price maps charge, as lines of JSON: runs inside the oracle's environment, which alone has them.

Lines in: our models, `{"provider": "aws", "model": "..."}` with genai-prices' name of the provider. Lines out: one for
each price, `{"map": ..., "provider": ..., "model": ..., "unit": ..., "price": "for one"}` with `tier`, `above` and
`when` where the map has them. Nothing here may import what isn't in that environment: not ModelScan either.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Json = dict[str, Any]

LITELLM_UNITS = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "cache_read_input_token_cost": "cached_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens",
    "cache_creation_input_token_cost_above_12hr": "cache_write_12h_tokens",
    "output_cost_per_reasoning_token": "reasoning_tokens",
    "input_cost_per_audio_token": "audio_input_tokens",
    "output_cost_per_audio_token": "audio_output_tokens",
    "cache_read_input_audio_token_cost": "cached_audio_tokens",
    "cache_creation_input_audio_token_cost": "cache_write_audio_tokens",
    "input_cost_per_image_token": "image_input_tokens",
    "output_cost_per_image_token": "image_output_tokens",
    "cache_read_input_image_token_cost": "cached_image_tokens",
    "input_cost_per_video_token": "video_input_tokens",
    "output_cost_per_video_token": "video_output_tokens",
    "input_cost_per_video_per_second": "video_input_seconds",
    "input_cost_per_audio_per_second": "audio_input_seconds",
    "input_cost_per_character": "characters",
    "output_cost_per_character": "output_characters",
    "input_cost_per_second": "seconds",
    "output_cost_per_second": "seconds",
    "output_cost_per_video_per_second": "seconds",
    "output_cost_per_image": "images",
    "input_cost_per_image": "input_images",
    "input_cost_per_query": "searches",
    "input_cost_per_request": "requests",
    "google_maps_grounding_cost_per_query": "map_searches",
    "ocr_cost_per_page": "pages",
    "annotation_cost_per_page": "annotated_pages",
    "citation_cost_per_token": "citation_tokens",
    "explicit_cache_read_input_token_cost": "explicitly_cached_tokens",
}
"""LiteLLM's names of a price, and the unit that ours has."""

LITELLM_TIERS = {"batches": "batch", "priority": "priority", "flex": "flex", "ultrafast": "ultrafast"}

_ABOVE = re.compile(r"_above_(\d+)k_tokens(?=_|$)")
_RESOLUTION = re.compile(r"_(\d+p|\dk)$")

GENAI_UNITS = {
    "input_mtok": "input_tokens",
    "output_mtok": "output_tokens",
    "cache_read_mtok": "cached_tokens",
    "cache_write_mtok": "cache_write_tokens",
    "cache_write_1h_mtok": "cache_write_1h_tokens",
    "input_audio_mtok": "audio_input_tokens",
    "output_audio_mtok": "audio_output_tokens",
    "cache_audio_read_mtok": "cached_audio_tokens",
    "input_image_mtok": "image_input_tokens",
    "output_image_mtok": "image_output_tokens",
    "cache_image_read_mtok": "cached_image_tokens",
    "input_video_mtok": "video_input_tokens",
    "output_video_mtok": "video_output_tokens",
    "output_reasoning_mtok": "reasoning_tokens",
    "output_citation_mtok": "citation_tokens",
    "input_mchars": "characters",
    "audio_hours": "seconds",
    "input_audio_hours": "seconds",
    "input_document_kpages": "pages",
    "input_annotated_document_kpages": "annotated_pages",
    "input_text_messages_kcount": "messages",
    "requests_kcount": "requests",
    "web_searches_kcount": "searches",
}
"""genai-prices' names of a price; how many of the unit it is for stands in the name's end."""

GENAI_PER = {"mtok": 1000000, "mchars": 1000000, "hours": 3600, "kpages": 1000, "kcount": 1000}
GENAI_TIERS = {
    ("processing", "batch"): "batch",
    ("service_tier", "priority"): "priority",
    ("service_tier", "flex"): "flex",
}


def litellm_prices() -> Iterator[Json]:
    """Every price of LiteLLM's map, from its file: the package itself isn't imported."""
    spec = find_spec("litellm")
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).with_name("model_prices_and_context_window_backup.json").read_text(encoding="utf-8")
    for model, entry in json.loads(text, parse_float=str, parse_int=str).items():
        named = {"map": "litellm", "provider": entry.get("litellm_provider") or "", "model": model}
        if "input_cost_per_second" in entry:  # then the output's is a nought that says nothing
            entry.pop("output_cost_per_second", None)
        for key, value in entry.items():
            for price in _litellm_price(key, value):
                yield {**named, **price}


def _litellm_price(key: str, value: Any) -> Iterator[Json]:
    if key == "search_context_cost_per_query" and isinstance(value, dict):
        for size, price in value.items():
            yield {
                "unit": "searches",
                "price": _plain(price),
                "when": {"search_context": size.removeprefix("search_context_size_")},
            }
        return
    conditions: Json = {}
    tier = key.rpartition("_")[2]
    if tier in LITELLM_TIERS:
        key, conditions["tier"] = key.removesuffix(f"_{tier}"), LITELLM_TIERS[tier]
    if above := _ABOVE.search(key):
        key, conditions["above"] = _ABOVE.sub("", key), int(above[1]) * 1000
    if resolution := _RESOLUTION.search(key):
        key, conditions["when"] = _RESOLUTION.sub("", key), {"resolution": resolution[1]}
    if key in LITELLM_UNITS and isinstance(value, str):
        yield {"unit": LITELLM_UNITS[key], "price": _plain(value), **conditions}


def genai_prices(asked: Mapping[str, set[str]], at: datetime) -> Iterator[Json]:
    """What genai-prices finds for each of these names, at that time."""
    for provider in import_module("genai_prices.data").providers:
        for name in sorted(asked.get(provider.id, ())):
            model = provider.find_model(name)
            if model is None:
                continue
            named = {"map": "genai-prices", "provider": provider.id, "model": name}
            for conditions, prices in _genai_sets(model, at):
                for key, price in vars(prices).items():
                    if price is not None and key in GENAI_UNITS:
                        yield from ({**named, **conditions, **known} for known in _genai_price(key, price))


def _genai_sets(model: Any, at: datetime) -> Iterator[tuple[Json, Any]]:
    yield {}, model.get_prices(at)
    for variant in model.price_variants or ():
        tier = GENAI_TIERS.get(next(iter(variant.when.items())))
        if len(variant.when) == 1 and tier and (variant.constraint is None or variant.constraint.active(at)):
            yield {"tier": tier}, variant.prices


def _genai_price(key: str, price: Any) -> Iterator[Json]:
    per = GENAI_PER[key.rpartition("_")[2]]
    unit = GENAI_UNITS[key]
    if isinstance(price, Decimal):
        yield {"unit": unit, "price": _plain(price / per)}
        return
    yield {"unit": unit, "price": _plain(price.base / per)}
    for tier in price.tiers:
        yield {"unit": unit, "price": _plain(tier.price / per), "above": tier.start}


def _plain(number: Any) -> str:
    return format(Decimal(number), "f")


def main() -> None:
    """Reads our names and writes both maps."""
    asked: dict[str, set[str]] = {}
    for line in sys.stdin:
        ours = json.loads(line)
        asked.setdefault(ours["provider"], set()).add(ours["model"])
    at = datetime.fromisoformat(sys.argv[1])
    for price in (*litellm_prices(), *genai_prices(asked, at)):
        sys.stdout.write(json.dumps(price) + "\n")


if __name__ == "__main__":
    main()
