"""Public tables of limits and prices, put into the format of `catalog.yaml`: what no field holds goes into `more`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from modelscan.types.usage import Usage

Table = Mapping[str, Any]

_LIMITS: Final = {  # limit type: kind, unit, period
    "rpm": ("rate", "requests", ""),
    "rps": ("rate", "requests", ""),
    "rph": ("rate", "requests", ""),
    "rpd": ("rate", "requests", ""),
    "ipm": ("rate", "images", ""),
    "tpm": ("rate", "tokens", ""),
    "tph": ("rate", "tokens", ""),
    "tpd": ("rate", "tokens", ""),
    "itpm": ("rate", "input_tokens", ""),
    "otpm": ("rate", "output_tokens", ""),
    "prompt_tpm": ("rate", "input_tokens", ""),
    "uncached_prompt_tpm": ("rate", "uncached_input_tokens", ""),
    "generated_tpm": ("rate", "output_tokens", ""),
    "inputs_per_minute": ("rate", "inputs", ""),
    "new_sessions_per_minute": ("rate", "sessions", ""),
    "requests_per_window": ("rate", "requests", ""),
    "usd_per_window": ("rate", "USD", ""),
    "neurons_per_day": ("rate", "neurons", ""),
    "concurrent": ("gauge", "concurrent", ""),
    "usd_per_month": ("calendar", "USD", "month"),
    "credits_per_month": ("calendar", "credits", "month"),
    "requests_per_month": ("calendar", "requests", "month"),
    "tokens_per_month": ("calendar", "tokens", "month"),
    "characters_per_month": ("calendar", "characters", "month"),
}
_TRUST: Final = {"official-copy": "official"}
_UNITS: Final = {
    "input_cost_per_token": "input_tokens",
    "input_cost_per_token_cache_hit": "cached_tokens",
    "output_cost_per_token": "output_tokens",
    "output_cost_per_reasoning_token": "reasoning_tokens",
    "cache_read_input_token_cost": "cached_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h_tokens",
    "input_cost_per_audio_token": "audio_input_tokens",
    "output_cost_per_audio_token": "audio_output_tokens",
    "input_cost_per_image_token": "image_input_tokens",
    "output_cost_per_image_token": "image_output_tokens",
    "output_cost_per_image": "images",
    "output_cost_per_second": "seconds",
    "ocr_cost_per_page": "pages",
    "input_cost_per_query": "searches",
    "input_cost_per_request": "requests",
}
_PER_MILLION: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cached_tokens",
    "cache_write": "cache_write_tokens",
    "reasoning": "reasoning_tokens",
}
_SCALES: Final = {"mtok": 1_000_000, "mchars": 1_000_000, "kcount": 1_000, "kpages": 1_000, "hours": 3_600}
_DATED: Final = {
    "input_mtok": "input_tokens",
    "output_mtok": "output_tokens",
    "cache_read_mtok": "cached_tokens",
    "cache_write_mtok": "cache_write_tokens",
    "cache_write_1h_mtok": "cache_write_1h_tokens",
    "output_reasoning_mtok": "reasoning_tokens",
    "input_audio_mtok": "audio_input_tokens",
    "output_audio_mtok": "audio_output_tokens",
    "audio_hours": "seconds",
    "web_searches_kcount": "searches",
    "requests_kcount": "requests",
}
_KNOWN: Final = frozenset(Usage.__struct_fields__)
_TIER: Final = re.compile(r"_(batches|priority|flex|ultrafast|decisions)$")
_ABOVE: Final = re.compile(r"_above_(\d+)(k_tokens|s_interval)$")
_RESOLUTION: Final = re.compile(r"_(\d+p|[\d.]+[Kk]|512|1024|1536)$")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def limits_of(provider: str, rows: list[Table]) -> Table:
    """One provider's rows of a table of limits as a catalog."""
    plans: dict[str, list[Table]] = defaultdict(list)
    sources: dict[tuple[str, ...], Table] = {}
    units = set()
    for row in rows:
        kind, unit, period = _LIMITS[row["limit_type"]]
        where = (row["source_url"], row["as_of"], row["confidence"])
        source = sources.setdefault(where, _source(f"s{len(sources) + 1}", *where))
        scope = row["applies_to"].replace("-", "_").split("+")
        units.add(unit)
        optional = {
            "amount": row.get("limit_value"),
            "window_s": row.get("window_seconds", 60) if kind == "rate" else None,
            "period": period or None,
            "models": row["model"].split("|") if "model" in row else None,
            "is_shared": "|" in row.get("model", "") or None,
            "endpoints": [row["endpoint"]] if "endpoint" in row else None,
            "note": row.get("note"),
        }
        present = {key: value for key, value in optional.items() if value is not None}
        plans[row["plan"]].append({"kind": kind, "unit": unit, "scope": scope, "source": source["id"], **present})
    own = units - _KNOWN - {"tokens", "concurrent", "sessions", "inputs", "USD"}
    return {
        "format": 1,
        "provider": _slug(provider),
        "sources": list(sources.values()),
        "units": [{"name": unit, "about": "as the vendor counts"} for unit in sorted(own)],
        "plans": [{"id": plan, "limits": limits} for plan, limits in plans.items()],
    }


def models_of(provider: str, document: Table) -> Table:
    """One provider's table of models as a catalog."""
    models = [_model(name, dict(row)) for name, row in document["models"].items()]
    return _catalog(provider, models, document["as_of"], document["source"])


def dated_prices_of(provider: str, models: Table, *, read: str) -> Table:
    """One provider's dated prices as a catalog."""
    made = []
    for name, model in models.items():
        listed = model.get("prices") or []
        steps = listed if isinstance(listed, list) else [{"prices": listed}]
        prices = [row for step in steps for row in _dated(step)]
        more = {key: value for key, value in model.items() if key not in ("prices", "name")}
        made.append({"id": name, "name": model.get("name", ""), "prices": prices, "more": more})
    return _catalog(provider, made, read, "a public list of prices")


def _catalog(provider: str, models: list[dict[str, Any]], verified: str, note: str) -> Table:
    used = {unit for model in models for row in model["prices"] for unit in (*row["units"], *row.get("above", {}))}
    used |= {allowance["unit"] for model in models for allowance in model.get("free", ())}
    return {
        "format": 1,
        "provider": _slug(provider),
        "sources": [{"id": "table", "verified": verified, "trust": "secondary", "note": note}],
        "units": [{"name": unit, "about": "as the vendor counts"} for unit in sorted(used - _KNOWN)],
        "models": models,
    }


def _model(name: str, row: dict[str, Any]) -> dict[str, Any]:
    prices = [*_flat(row), *_listed(row), *_by_hour(row), *_by_range(row)]
    factors = [
        {"factor": _exact(row.pop(key)), "region": region}
        for key, region in (
            ("regional_endpoint_uplift_multiplier", "any"),
            ("regional_processing_uplift_multiplier_eu", "eu"),
            ("regional_processing_uplift_multiplier_us", "us"),
        )
        if key in row
    ]
    free = row.pop("search_free_requests", None)
    allowances = free and [
        {"unit": "searches", "amount": free["count"], "period": free["period"], "group": free["shared_group"]}
    ]
    bounds, words = row.pop("limit", {}), row.pop("modalities", {})
    told = {
        "name": row.pop("name", None),
        "family": row.pop("family", None),
        "status": row.pop("status", None),
        "capabilities": [row.pop("mode")] if row.get("mode") else None,
        "features": [key.removeprefix("supports_") for key in list(row) if _is_feature(row, key)],
        "input": words.get("input") or row.pop("supported_modalities", None),
        "output": words.get("output") or row.pop("supported_output_modalities", None),
        "context_tokens": bounds.get("context"),
        "max_input_tokens": row.pop("max_input_tokens", None),
        "max_output_tokens": row.pop("max_output_tokens", bounds.get("output")),
        "cache_min_tokens": _whole(row.pop("prompt_cache_min_tokens", None)),
        "dimensions": row.pop("output_vector_size", None),
        "released": row.pop("release_date", None),
        "retires": row.pop("deprecation_date", None),
        "knowledge": row.pop("knowledge", None),
        "regions": row.pop("supported_regions", None),
        "endpoints": row.pop("supported_endpoints", None),
        "factors": factors,
        "free": allowances,
    }
    present = {key: value for key, value in told.items() if value}
    return {"id": name, **present, "prices": prices, "more": row}


def _is_feature(row: dict[str, Any], key: str) -> bool:
    if not (key.startswith("supports_") and row[key] is True):
        return False
    del row[key]
    return True


def _flat(row: dict[str, Any]) -> Iterator[Table]:
    """One price a key, its conditions in the key's name."""
    for key in [key for key in row if "cost" in key and isinstance(row[key], (int, float))]:
        yield _priced(key, row.pop(key))
    for size, price in row.pop("search_context_cost_per_query", {}).items():
        when = {"search_context": size.rpartition("_")[2]}
        yield {"units": {"searches": _exact(price)}, "when": when}
    for unit, price in row.pop("guardrail_cost_per_unit", {}).items():
        yield {"units": {_snake(unit): _exact(price)}}


def _priced(key: str, price: float) -> dict[str, Any]:
    rest, result = key, {}
    if match := _TIER.search(rest):
        result["tier"], rest = "batch" if match[1] == "batches" else match[1], rest[: match.start()]
    if match := _ABOVE.search(rest):
        tokens = match[2] == "k_tokens"
        result["above"] = {"input_tokens": int(match[1]) * 1000} if tokens else {"seconds": int(match[1])}
        rest = rest[: match.start()]
    if match := _RESOLUTION.search(rest):
        result["when"], rest = {"resolution": match[1]}, rest[: match.start()]
    return {**result, "units": {_unit(rest): _exact(price)}}


def _unit(key: str) -> str:
    if key in _UNITS:
        return _UNITS[key]
    return _snake(key.replace("_cost_per_", "_").replace("_cost", ""))


def _listed(row: dict[str, Any]) -> Iterator[Table]:
    """Prices for a million, with tiers by the prompt's size."""
    cost = row.pop("cost", None)
    if cost is None:
        return
    yield {"per": 1_000_000, "units": {_PER_MILLION[key]: _exact(cost[key]) for key in cost if key != "tiers"}}
    for tier in cost.get("tiers", ()):
        units = {_PER_MILLION[key]: _exact(price) for key, price in tier.items() if key != "tier"}
        yield {"per": 1_000_000, "above": {"input_tokens": tier["tier"]["size"]}, "units": units}


def _by_hour(row: dict[str, Any]) -> Iterator[Table]:
    cheap = row.pop("off_peak_pricing", None)
    if cheap is None:
        return
    hours = []
    for window in cheap["windows"]:
        spans = window["hours_utc"]
        for span in [spans] if isinstance(spans, str) else spans:
            start, end = span.split("-")
            hours.append({"start": start, "end": end, "days": [_DAYS[day - 1] for day in window["weekdays"]]})
    yield {"hours": hours, "units": {_unit(key): _exact(cheap[key]) for key in cheap if key != "windows"}}


def _by_range(row: dict[str, Any]) -> Iterator[Table]:
    for step in row.pop("tiered_pricing", ()):
        spans = {"range": "input_tokens", "max_results_range": "results"}
        ((span, unit),) = [(step[key], unit) for key, unit in spans.items() if key in step]
        units = {_unit(key): _exact(price) for key, price in step.items() if key not in spans}
        least = int(span[0])
        yield {"units": units, **({"above": {unit: least - (unit == "results")}} if least else {})}


def _dated(step: Table) -> Iterator[Table]:
    constraint = step.get("constraint") or {}
    holds: dict[str, Any] = {}
    if "start_date" in constraint:
        holds["since"] = constraint["start_date"]
    if "start_time" in constraint:
        holds["hours"] = [{"start": constraint["start_time"][:5], "end": constraint["end_time"][:5]}]
    for key, price in step["prices"].items():
        scale = _SCALES[key.rpartition("_")[2]]
        unit = _DATED.get(key) or key.rpartition("_")[0] + ("_seconds" if scale == _SCALES["hours"] else "")
        base = price["base"] if isinstance(price, dict) else price
        yield {**holds, "per": scale, "units": {unit: _exact(base)}}
        for tier in price["tiers"] if isinstance(price, dict) else ():
            above = {"input_tokens": tier["start"]}
            yield {**holds, "per": scale, "above": above, "units": {unit: _exact(tier["price"])}}


def _source(name: str, url: str, verified: str, confidence: str) -> Table:
    return {
        "id": name,
        "url": url,
        "verified": verified.removesuffix("-late"),
        "trust": _TRUST.get(confidence, confidence),
    }


def _exact(number: float) -> Decimal:
    return Decimal(repr(number))


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _slug(name: str) -> str:
    return name.replace("_", "-")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().replace(".", "_")


FAMILIES: Final = {"openai": "openai-compatible", "anthropic": "anthropic", "gemini": "gemini"}
"""The families of a table of vendors that the template has codecs for."""


def definition_of(vendor: Table, catalog: Table) -> Table:
    """A vendor's row of a table of connections, and its catalog, as a definition."""
    keys = [name for name in vendor["env"] if re.search(r"KEY|TOKEN", name)]
    header, prefix = vendor["auth_header"].lower(), vendor.get("auth_scheme") or ""
    auth: dict[str, Any] = {"scheme": "none"}
    if keys and prefix == "Bearer":
        auth = {"env": keys}
    elif keys:
        auth = {"scheme": "header", "name": header, "prefix": f"{prefix} " if prefix else "", "env": keys}
    parameters = [
        {"name": name, "env": [one for one in vendor["env"] if one.endswith(name.upper())]}
        for name in re.findall(r"\{(\w+)\}", vendor["base_url"])
    ]
    return {
        **catalog,
        "name": _slug(vendor["id"]).title(),
        "family": FAMILIES[vendor["wire"]],
        "connection": {"base_urls": {"default": vendor["base_url"]}},
        "auth": auth,
        "parameters": parameters,
        "capabilities": ["chat", "models"],
    }
