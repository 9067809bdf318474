"""What limits and budgets let through at a server's door: ModelScan's beside those of LiteLLM's Router, in one run.

    python tests/benchmarks/litellm_behaviour.py [KIND ...] [--python PATH]

LiteLLM has an environment of its own (`.cache/litellm`, made with uv where it is missing); each of its cases runs in a
process of its own. The server is this one's, and counts arrivals. Of calls that ModelScan makes wait, those are counted
that came through within some seconds, and how many were waiting then.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import attrs

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from door import Arrival, Door, Manner  # noqa: E402 - it stands in the folder that was just named
from modelscan import AsyncClient, Budget, Limit, ModelScanError, Route  # noqa: E402 - the same
from modelscan.types.accounts import Account  # noqa: E402 - the same

OBSERVED_S: Final = 4.0
PATIENCE_S: Final = 240
MODEL: Final = "openai/gpt-4o-mini"
MINUTE_S: Final = 60.0
STRICTEST: Final = "simple-shuffle+enforce_model_rate_limits"
ALL: Final = ("simple-shuffle", STRICTEST, "usage-based-routing-v2", "cost-based-routing", "latency-based-routing")
LIMITING: Final = (STRICTEST, "usage-based-routing-v2")


@attrs.frozen(kw_only=True)
class Case:
    """One thing to be tried: what the limit is, how many calls come, and how the doors answer."""

    kind: str
    title: str
    limit: str
    calls: int = 1
    in_flight: int = 1
    strategies: Sequence[str] = ("",)
    router: Mapping[str, int] = attrs.field(factory=dict)
    limits: Sequence[Limit] = ()
    dollars: str = ""
    retries: int = 0
    most: int | None = None
    written: int | None = 64
    manner: Callable[[int], Manner] = lambda _: "answers"


@attrs.frozen
class Seen:
    """What became of a case: in words, and how many of ModelScan's calls were waiting at the end."""

    let_through: str
    waiting: str = ""


def cases() -> Iterator[Case]:
    """All of them, in the order of the table."""
    for calls, in_flight in ((12, 1), (30, 30)):
        title = f"{calls} calls, {in_flight} in flight"
        minute = [Limit("requests", 5, window_s=MINUTE_S)]
        yield Case(
            kind="rpm",
            title=title,
            limit="5 requests a minute",
            calls=calls,
            in_flight=in_flight,
            strategies=ALL,
            router={"rpm": 5},
            limits=minute,
        )
    for amount, calls, in_flight, is_strict in (
        (200, 12, 1, False),
        (200, 20, 20, False),
        (2_000, 60, 60, False),
        (2_000, 60, 60, True),
    ):
        yield Case(
            kind="tpm",
            title=f"{calls} calls of 84 tokens, {in_flight} in flight",
            limit=f"{amount:,} tokens a minute" + (", strict" if is_strict else ""),
            calls=calls,
            in_flight=in_flight,
            strategies=LIMITING,
            most=64,
            router={"tpm": amount},
            limits=[Limit("tokens", amount, window_s=MINUTE_S, strict=is_strict)],
        )
    for in_flight in (1, 20):
        yield Case(
            kind="budget",
            title=f"60 calls with the longest answers, {in_flight} in flight",
            limit="$0.20 a day",
            calls=60,
            in_flight=in_flight,
            dollars="0.20",
            written=None,
        )
    yield Case(
        kind="edge",
        title="5 calls just before a minute of the clock begins, 5 just after",
        limit="5 requests a minute",
        calls=10,
        strategies=(STRICTEST,),
        router={"rpm": 5},
        limits=[Limit("requests", 5, window_s=MINUTE_S)],
    )
    yield Case(
        kind="fallback",
        title="429 from the first model, a fallback",
        limit="2 retries",
        retries=2,
        manner=lambda _: "429",
    )
    yield Case(kind="cut", title="a stream that is cut, a fallback", limit="", manner=lambda _: "cut")
    yield Case(
        kind="two",
        title="12 calls of a client that holds no limits, beside one that does",
        limit="5 requests a minute, of the other",
        calls=12,
        in_flight=12,
        router={"rpm": 5},
        limits=[Limit("requests", 5, window_s=MINUTE_S)],
    )


# --- LiteLLM's side ---------------------------------------------------------------------------------------------------


async def of_litellm(case: Case, strategy: str, python: str) -> Seen:
    """What LiteLLM lets through."""
    async with Door(written=case.written, spread_s=0.1, manner=case.manner) as door, Door(written=64) as other:
        asked = {
            "kind": case.kind,
            "strategy": strategy,
            "calls": case.calls,
            "in_flight": case.in_flight,
            "limits": dict(case.router),
            "dollars": float(case.dollars or 0),
            "retries": case.retries,
            "options": {} if case.most is None else {"max_tokens": case.most},
            "url": door.url,
            "other": other.url,
        }
        command = (str(HERE / "litellm_behaviour_router.py"), json.dumps(asked))
        process = await asyncio.create_subprocess_exec(
            python, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(PATIENCE_S):
            told, failure = await process.communicate()
        lines = [line[2:] for line in told.decode().splitlines() if line.startswith("@@")]
        if not lines:
            return Seen(f"failed: {failure.decode()[-200:]}")
        return Seen(in_words(case, door, other, json.loads(lines[0])))


def in_words(case: Case, door: Door, other: Door, outcome: dict[str, Any]) -> str:
    """What arrived at the doors."""
    arrived = len(door.arrivals)
    if case.kind == "budget":
        return f"{arrived} calls, ${dollars(door.arrivals):.4f}"
    if case.kind == "tpm":
        return f"{arrived} calls, {door.most_within(MINUTE_S, lambda arrival: arrival.tokens):,} tokens"
    if case.kind == "edge":
        return f"{door.most_within(MINUTE_S, lambda _: 1)} within a minute"
    if case.kind == "fallback":
        return f"{arrived} requests, then {len(other.arrivals)} to the fallback; {outcome['answered']} answered"
    if case.kind == "cut":
        tail = f", then {outcome['error']}" if outcome["error"] else ", and no error"
        return f"{outcome['pieces']} pieces{tail}; {arrived + len(other.arrivals)} requests"
    return f"{arrived} calls"


def dollars(arrivals: Sequence[Arrival]) -> float:
    """The server's bill at gpt-4o-mini's prices."""
    return sum(arrival.read * 0.15 + arrival.written * 0.6 for arrival in arrivals) / 1e6


# --- Ours -------------------------------------------------------------------------------------------------------------


async def of_ours(case: Case) -> Seen:
    """What ModelScan lets through."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSCAN_HOME"] = home
        async with Door(written=case.written, spread_s=0.1, manner=case.manner) as door, Door(written=64) as other:
            outcome, waiting = await _ours(case, door, other)
            return Seen(in_words(case, door, other, outcome), waiting)


async def _ours(case: Case, door: Door, other: Door) -> tuple[dict[str, Any], str]:
    addresses = (("first", door.url), ("other", other.url))
    accounts = [Account(provider="openai", name=name, base_urls={"default": url}) for name, url in addresses]
    model: Any = "openai@first/gpt-4o-mini"
    if case.kind in ("fallback", "cut"):
        model = Route("first", models=("openai@first/gpt-4o-mini", "openai@other/gpt-4o-mini"))
    options: Any = {} if case.most is None else {"max_output_tokens": case.most}
    common: dict[str, Any] = {
        "accounts": accounts,
        "api_keys": {"openai": "k"},
        "config": False,
        "settings": {"retries.max_attempts": case.retries + 1},
    }
    held: dict[str, Any] = {"limits": {"openai": case.limits}} if case.limits else {}
    if case.dollars:
        held["budgets"] = [Budget(case.dollars, per="day")]
    async with AsyncClient(**common, **held) as client, AsyncClient(**common) as beside:
        caller = beside if case.kind == "two" else client

        async def one() -> None:
            await caller.chat("hi", model=model, **options)

        if case.kind == "two":
            await client.chat("hi", model="openai@other/gpt-4o-mini")
        if case.kind == "cut":
            return await _streamed(client, model), ""
        if case.kind == "edge":
            return await _over_the_edge(one)
        return await _counted(case.calls, case.in_flight, one)


async def _counted(calls: int, in_flight: int, one: Callable[[], Awaitable[None]]) -> tuple[dict[str, Any], str]:
    left, over, refused = [calls], [0], [0]

    async def worker() -> None:
        while left[0] > 0:
            left[0] -= 1
            try:
                await one()
            except ModelScanError:
                refused[0] += 1
            over[0] += 1

    workers = [asyncio.ensure_future(worker()) for _ in range(in_flight)]
    with suppress(TimeoutError):
        async with asyncio.timeout(OBSERVED_S):
            await asyncio.gather(*workers)
    waiting, words = calls - over[0], []
    if waiting:
        words.append(f"{waiting} (none refused)" if not refused[0] else str(waiting))
    if refused[0]:
        words.append(f"{refused[0]} refused")
    return {"answered": over[0] - refused[0]}, ", ".join(words)


async def _over_the_edge(one: Callable[[], Awaitable[None]]) -> tuple[dict[str, Any], str]:
    await asyncio.sleep((57.5 - time.time() % 60) % 60)
    before, _ = await _counted(5, 1, one)
    await asyncio.sleep((60.05 - time.time() % 60) % 60)
    after, waiting = await _counted(5, 1, one)
    return {"answered": before["answered"] + after["answered"]}, waiting


async def _streamed(client: AsyncClient, model: Any) -> dict[str, Any]:
    pieces, error = 0, ""
    try:
        async with client.stream("hi", model=model) as stream:
            async for chunk in stream:
                pieces += bool(chunk.text)
    except ModelScanError as caught:
        error = type(caught).__name__
    return {"pieces": pieces, "error": error}


# --- The table --------------------------------------------------------------------------------------------------------


def interpreter() -> str:
    """The Python of an environment that has LiteLLM."""
    folder = ROOT / ".cache" / "litellm"
    python = folder / "bin" / "python"
    if not python.exists():
        wanted = str(HERE / "litellm_behaviour_requirements.txt")
        for command in (
            ("venv", "--quiet", "--python", sys.executable, str(folder)),
            ("pip", "install", "--quiet", "--no-config", "--python", str(python), "--requirements", wanted),
        ):
            subprocess.run(("uv", *command), check=True)
    return str(python)


def show(*cells: str) -> None:
    """A row of the table."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


async def main(kinds: Sequence[str], python: str) -> None:
    """Print the table."""
    show("case", "limit", "LiteLLM's setting", "LiteLLM let through", "ModelScan let through", "of ModelScan's waiting")
    show(*["---"] * 6)
    for case in cases():
        if kinds and case.kind not in kinds:
            continue
        ours = await of_ours(case)
        for place, strategy in enumerate(case.strategies):
            theirs = await of_litellm(case, strategy, python)
            rest = (ours.let_through, ours.waiting) if place == 0 else ('"', '"')
            show(case.title, case.limit, strategy, theirs.let_through, *rest)


if __name__ == "__main__":
    given = sys.argv[1:]
    chosen = given[given.index("--python") + 1] if "--python" in given else interpreter()
    asyncio.run(main([word for word in given if word in {case.kind for case in cases()}], chosen))
