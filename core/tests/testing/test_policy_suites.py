"""The suites of the kinds that decide, keep or check, on the smallest components that are right."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from modelscan.contracts.policies import Call, FilterVerdict, StoreItem
from modelscan.hookspecs import hookimpl
from modelscan.testing.conformance import (
    CacheSuite,
    FilterSuite,
    HooksSuite,
    LimiterSuite,
    StoreSuite,
    StrategySuite,
    TokenizerSuite,
)
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import assistant, user

SECRET = "Mellon"
SHOWN = "[secret]"


class Bytes:
    name = "bytes"

    def count(self, text: str, model: str) -> int | None:
        return len(text.encode(errors="surrogatepass")) if model == "bytes" else None


class MemoryCache:
    def __init__(self) -> None:
        self._values: dict[str, tuple[bytes, float]] = {}

    async def get(self, key: str) -> bytes | None:
        value, until = self._values.get(key, (None, 0.0))
        return value if time.monotonic() < until else None

    async def put(self, key: str, value: bytes, ttl_s: float | None) -> None:
        self._values[key] = (value, time.monotonic() + (1e9 if ttl_s is None else ttl_s))

    async def drop(self, key: str) -> None:
        self._values.pop(key, None)


class MemoryStore:
    def __init__(self) -> None:
        self.items: dict[str, StoreItem] = {}

    async def upsert(self, items: Sequence[StoreItem]) -> None:
        self.items |= {item.id: item for item in items}

    async def delete(self, ids: Sequence[str]) -> None:
        for one in ids:
            self.items.pop(one, None)

    async def query(self, vector: Sequence[float], count: int) -> AsyncIterator[tuple[StoreItem, float]]:
        def score(item: StoreItem) -> float:
            return sum(left * right for left, right in zip(item.vector, vector, strict=True))

        for item in sorted(self.items.values(), key=score, reverse=True)[:count]:
            yield item, score(item)


class Redaction:
    """Replaces one word, also where it is torn."""

    def __init__(self) -> None:
        self._held = ""

    def request(self, request: ChatRequest) -> FilterVerdict:
        text = request.messages[0].text
        if SECRET not in text:
            return FilterVerdict()
        messages = (user(text.replace(SECRET, SHOWN)),)
        return FilterVerdict("replace", msgspec.structs.replace(request, messages=messages))

    def reply(self, reply: ChatReply[Any]) -> FilterVerdict:
        if SECRET not in reply.text:
            return FilterVerdict()
        message = assistant(reply.text.replace(SECRET, SHOWN))
        return FilterVerdict("replace", msgspec.structs.replace(reply, message=message))

    def feed(self, chunk: ChatChunk) -> list[ChatChunk]:
        text = (self._held + chunk.text).replace(SECRET, SHOWN)
        keep = next((size for size in range(len(SECRET) - 1, 0, -1) if text.endswith(SECRET[:size])), 0)
        self._held = text[len(text) - keep :]
        return [msgspec.structs.replace(chunk, text=text[: len(text) - keep])]

    def finish(self) -> list[ChatChunk]:
        return [ChatChunk(text=self._held)]


class WordFilter:
    def open(self, call: Call) -> Redaction:
        return Redaction()


class Watching:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @hookimpl
    def modelscan_call_started(self, call: Call) -> None:
        self.seen.append(call.id)


class TestUnlimited(LimiterSuite):
    limiter = "unlimited"


class TestMemory(LimiterSuite):
    limiter = "memory"
    counts = True


class TestFirst(StrategySuite):
    strategy = "first"


class TestBytes(TokenizerSuite):
    tokenizer = Bytes()
    models = ("bytes",)


class TestMemoryCache(CacheSuite):
    cache = MemoryCache


class TestMemoryStore(StoreSuite):
    store = MemoryStore


class TestWordFilter(FilterSuite):
    filter = WordFilter
    catches = (SECRET, f"{SECRET} and {SECRET}")


class TestWatching(HooksSuite):
    hooks = Watching()
