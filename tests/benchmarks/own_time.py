"""ModelScan's own time: CPU per call and per chunk over a transport without a socket, beside the bare decoding.

The floor does what nobody can do without: encode the request and decode the reply with msgspec. Rounds of the two
alternate, and a figure is the best round, since noise only ever adds. Observers are on. `call` and the chunks are
without limits; `holding` is what three limits, a hard budget and the ledger add to the same call.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec
from raw_aiohttp import AnsweringServer, call_cpu_s

from modelscan import AsyncClient, Budget, Limit, hookimpl
from modelscan.client.client_arguments import ClientArguments
from modelscan.contracts.http import ResponseHead
from modelscan.contracts.observed import Attempt, AttemptWatch, Outcome
from modelscan.contracts.policies import Call
from modelscan.transport.replay import ReplayTransport

CALLS = 1000
CHUNKS = 2000
ROUNDS = 7
REFERENCE_US = 230.0
"""A raw aiohttp call on the machine that the gates were written for; they scale with it."""
GATES_US = {"call": 60.0, "holding": 30.0, "chunk": 4.0, "burst chunk": 4.0}
MODEL = "gpt-4o-mini"
PROMPT = "Say sixty-four words about rate limits."
USAGE = {"prompt_tokens": 20, "completion_tokens": 64, "total_tokens": 84}
ANSWER = " ".join(f"word{number}" for number in range(64))
REPLY = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": ANSWER, "refusal": None}, "finish_reason": "stop"}
        ],
        "usage": USAGE,
    }
).encode()


def _event(choices: list[Any], usage: Any = None) -> bytes:
    chunk = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": choices,
        "usage": usage,
    }
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _delta(content: str | None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    return _event([{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}])


EVENTS = [_delta(f" tok{number}") for number in range(CHUNKS)]
STREAM = [*EVENTS, _delta(None, "stop"), _event([], USAGE), b"data: [DONE]\n\n"]


class Observer:
    """What telemetry does, without its exporter."""

    @hookimpl
    def modelscan_call_started(self, call: Call) -> object:
        return time.perf_counter()

    @hookimpl
    def modelscan_attempt_started(self, call: Call, attempt: Attempt) -> AttemptWatch:
        return AttemptWatch(time.perf_counter(), (("traceparent", "00-0-0-01"),))

    @hookimpl
    def modelscan_attempt_finished(self, outcome: Outcome) -> None:
        assert outcome.error is None

    @hookimpl
    def modelscan_call_finished(self, outcome: Outcome) -> None:
        assert outcome.error is None


FREE: ClientArguments = {"settings": {"client.limiter": "unlimited", "accounting.ledger": False}}
HELD: ClientArguments = {
    "limits": {
        "openai": [
            Limit("requests", 10**7, window_s=60),
            Limit("tokens", 10**9, window_s=60),
            Limit("concurrent", 1000),
        ]
    },
    "budgets": [Budget("1000000")],
    "settings": {"plugins.block": ["tokenizer:tiktoken"]},  # a real vocabulary costs more than all the rest
}


def client(media_type: str, chunks: list[bytes], arguments: ClientArguments = FREE) -> AsyncClient:
    """A client whose network always answers with these chunks."""
    head = ResponseHead(200, (("content-type", media_type), ("x-request-id", "r")))
    transport = ReplayTransport.always(head, chunks)
    own: ClientArguments = {"transport": transport, "api_keys": {"openai": "sk-x"}, "plugins": [Observer()]}
    whole: ClientArguments = {**own, **arguments, "config": False}
    return AsyncClient(**whole)


class _Floor:
    def __init__(self) -> None:
        structs = SimpleNamespace(
            message=msgspec.defstruct("M", [("content", str | None, None)]),
            delta=msgspec.defstruct("D", [("content", str | None, None)]),
        )
        choice = msgspec.defstruct("C", [("message", structs.message)])
        part = msgspec.defstruct("P", [("delta", structs.delta)])
        reply = msgspec.defstruct("R", [("choices", list[choice])])  # type: ignore[valid-type]  # a type made here
        chunk = msgspec.defstruct("K", [("choices", list[part])])  # type: ignore[valid-type]  # the same
        self.reply: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reply)
        self.chunk: msgspec.json.Decoder[Any] = msgspec.json.Decoder(chunk)

    async def call(self) -> None:
        msgspec.json.encode({"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]})
        assert self.reply.decode(REPLY).choices[0].message.content == ANSWER

    async def stream(self) -> None:
        texts = [self.chunk.decode(event[6:-2]).choices[0].delta.content for event in EVENTS]
        assert len(texts) == CHUNKS


async def _cpu_s(work: Callable[[], Awaitable[object]], times: int, parts: int) -> float:
    started = time.process_time()
    for _ in range(times):
        await work()
    return (time.process_time() - started) / times / parts


async def measured() -> dict[str, float]:
    """Microseconds of CPU: `call`, `chunk`, `burst chunk` (all events in one read), their floors, and the yardstick."""
    calls = client("application/json", [REPLY])
    held = client("application/json", [REPLY], HELD)
    each = client("text/event-stream", STREAM)
    burst = client("text/event-stream", [b"".join(STREAM)])
    floor = _Floor()

    async def call() -> None:
        assert (await calls.chat(PROMPT, model=f"openai/{MODEL}")).text == ANSWER

    async def held_call() -> None:
        assert (await held.chat(PROMPT, model=f"openai/{MODEL}")).cost.total is not None

    async def stream_of(source: AsyncClient) -> None:
        count = 0
        async with source.stream(PROMPT, model=f"openai/{MODEL}") as stream:
            async for _ in stream:
                count += 1
        assert count >= CHUNKS

    server = AnsweringServer(REPLY)
    async with aiohttp.ClientSession() as session:

        async def raw() -> float:
            request = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
            return await call_cpu_s(session, f"{server.url}/chat/completions", request, CALLS // 5)

        works: dict[str, Callable[[], Awaitable[float]]] = {
            "raw aiohttp": raw,
            "call": lambda: _cpu_s(call, CALLS, 1),
            "held call": lambda: _cpu_s(held_call, CALLS, 1),
            "call floor": lambda: _cpu_s(floor.call, CALLS, 1),
            "chunk": lambda: _cpu_s(lambda: stream_of(each), 2, CHUNKS),
            "burst chunk": lambda: _cpu_s(lambda: stream_of(burst), 2, CHUNKS),
            "chunk floor": lambda: _cpu_s(floor.stream, 2, CHUNKS),
        }
        best: dict[str, float] = {}
        for _ in range(ROUNDS):
            for name, work in works.items():
                taken = await work() * 1e6
                best[name] = min(taken, best.get(name, taken))
    server.close()
    await held.close()
    best["holding"] = best["held call"] - best["call"]
    return best


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["MODELSCAN_HOME"] = home
        best = asyncio.run(measured())
    scale = best["raw aiohttp"] / REFERENCE_US
    lines = [f"one raw aiohttp call: {best['raw aiohttp']:.1f} us of CPU, {scale:.2f} of the reference machine's"]
    lines.append(f"{'':12}  {'us CPU':>8}  {'gate':>6}  x floor")
    for name, gate in GATES_US.items():
        floor = best["chunk floor" if "chunk" in name else "call floor"]
        lines.append(f"{name:12}  {best[name]:8.2f}  {gate * scale:6.2f}  {best[name] / floor:7.1f}")
    lines.append(f"floors: call {best['call floor']:.2f}, chunk {best['chunk floor']:.2f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
