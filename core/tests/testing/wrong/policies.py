"""Components of the other kinds that are wrong, one fault each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from modelscan.contracts.limiter import Demand
from modelscan.contracts.policies import Call, FilterVerdict, StoreItem
from modelscan.hookspecs import hookimpl
from modelscan.limits.unlimited import Unlimited
from modelscan.types.accounts import Account, Candidate
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.messages import assistant, user


class EternalCache:
    """It knows no time."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self._values.get(key)

    async def put(self, key: str, value: bytes, ttl_s: float | None) -> None:
        self._values[key] = value

    async def drop(self, key: str) -> None:
        self._values.pop(key, None)


class InventiveStrategy:
    """It prefers a model that nobody offered."""

    def rank(self, call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return [Candidate(account=Account(provider="elsewhere"), model="better"), *candidates]


class GuessingTokenizer:
    """It counts for every model, whether it knows it or not."""

    def count(self, text: str, model: str) -> int | None:
        return -(-len(text) // 4)


class WorstFirstStore:
    """It gives the farthest first."""

    def __init__(self) -> None:
        self._items: dict[str, StoreItem] = {}

    async def upsert(self, items: Sequence[StoreItem]) -> None:
        self._items |= {item.id: item for item in items}

    async def delete(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._items.pop(one, None)

    async def query(self, vector: Sequence[float], count: int) -> AsyncIterator[tuple[StoreItem, float]]:
        def score(item: StoreItem) -> float:
            return sum(left * right for left, right in zip(item.vector, vector, strict=True))

        for item in sorted(self._items.values(), key=score)[:count]:
            yield item, score(item)


class ForgetfulSession:
    """It looks at each chunk by itself, so a word that is torn passes."""

    def request(self, request: ChatRequest) -> FilterVerdict:
        return FilterVerdict("replace", ChatRequest(messages=(user("[secret]"),)))

    def reply(self, reply: ChatReply[None]) -> FilterVerdict:
        return FilterVerdict("replace", ChatReply(message=assistant(reply.text.replace("Mellon", "[secret]"))))

    def feed(self, chunk: ChatChunk) -> list[ChatChunk]:
        return [ChatChunk(text=chunk.text.replace("Mellon", "[secret]"))]

    def finish(self) -> list[ChatChunk]:
        return []


class ForgetfulFilter:
    def open(self, call: Call) -> ForgetfulSession:
        return ForgetfulSession()


class ImpatientLimiter(Unlimited):
    """Its waits lie in the past."""

    async def wait_time(self, demand: Demand) -> float:
        return -1.0


class ClumsyHooks:
    """It falls over at every call."""

    @hookimpl
    def modelscan_call_started(self, call: Call) -> None:
        raise ZeroDivisionError("clumsy")
