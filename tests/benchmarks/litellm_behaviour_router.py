"""One case of `litellm_behaviour.py` on LiteLLM's side, run by the interpreter that has LiteLLM, in its own process.

LiteLLM's callbacks are those of the process, so routers of one process see each other's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOG="CRITICAL")

MESSAGES: Final = [{"role": "user", "content": "hi"}]
STRICTEST: Final = "simple-shuffle+enforce_model_rate_limits"
STRATEGIES: Final[dict[str, dict[str, Any]]] = {
    "simple-shuffle": {"routing_strategy": "simple-shuffle"},
    STRICTEST: {"routing_strategy": "simple-shuffle", "optional_pre_call_checks": ["enforce_model_rate_limits"]},
    "usage-based-routing-v2": {"routing_strategy": "usage-based-routing-v2"},
    "cost-based-routing": {"routing_strategy": "cost-based-routing"},
    "latency-based-routing": {"routing_strategy": "latency-based-routing"},
}
PLAIN: Final = {"num_retries": 0, "disable_cooldowns": True}
MANY: Final = 1_000


def deployment(url: str, name: str = "m", **more: Any) -> dict[str, Any]:
    return {
        "model_name": name,
        "litellm_params": {"model": "openai/gpt-4o-mini", "api_base": url, "api_key": "k", **more},
    }


async def counted(calls: int, in_flight: int, one: Callable[[], Awaitable[Any]]) -> dict[str, int]:
    """How many calls were answered, with so many under way."""
    left, answered = [calls], [0]

    async def worker() -> None:
        while left[0] > 0:
            left[0] -= 1
            try:
                await one()
                answered[0] += 1
            except Exception:  # noqa: BLE001 - whatever it is: it was no answer
                continue

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return {"answered": answered[0]}


async def carried_out(case: dict[str, Any]) -> dict[str, Any]:
    from litellm import Router  # type: ignore[import-not-found]  # it is in another environment

    url, other, kind = case["url"], case["other"], case["kind"]
    strategy = STRATEGIES[case["strategy"]] if case["strategy"] else {}
    limits = case.get("limits", {})
    if kind == "budget":
        budget = {"openai": {"budget_limit": case["dollars"], "time_period": "1d"}}
        router = Router(model_list=[deployment(url)], provider_budget_config=budget, **PLAIN)
    elif kind in ("fallback", "cut"):
        both = [deployment(url), deployment(other, "fallback")]
        router = Router(model_list=both, fallbacks=[{"m": ["fallback"]}], num_retries=case["retries"])
    elif kind == "two":
        Router(model_list=[deployment(url, **limits)], **PLAIN, **STRATEGIES[STRICTEST])
        router = Router(model_list=[deployment(url, **limits)], **PLAIN)
    else:
        router = Router(model_list=[deployment(url, max_parallel_requests=MANY, **limits)], **PLAIN, **strategy)

    async def one() -> None:
        await router.acompletion(model="m", messages=MESSAGES, **case.get("options", {}))

    if kind == "cut":
        pieces, error = 0, ""
        try:
            async for chunk in await router.acompletion(model="m", messages=MESSAGES, stream=True):
                pieces += bool(chunk.choices and chunk.choices[0].delta.content)
        except Exception as caught:  # noqa: BLE001 - whatever it is
            error = type(caught).__name__
        return {"pieces": pieces, "error": error}
    if kind == "edge":
        await one()  # the first is slow, and counts in the minute before
        await asyncio.sleep(57.5 - time.time() % 60 if time.time() % 60 < 57.5 else 117.5 - time.time() % 60)
        before = await counted(5, 1, one)
        await asyncio.sleep(60.05 - time.time() % 60)
        after = await counted(5, 1, one)
        return {"answered": before["answered"] + after["answered"]}
    if time.time() % 60 > 40 and kind != "two":  # its windows are the clock's minutes: stay inside of one
        await asyncio.sleep(60.05 - time.time() % 60)
    return await counted(case["calls"], case["in_flight"], one)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.stdout.write(f"@@{json.dumps(asyncio.run(carried_out(json.loads(sys.argv[1]))))}\n")
    sys.stdout.flush()
    os._exit(0)  # its threads would keep the process
