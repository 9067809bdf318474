"""A vendor's door: a server on 127.0.0.1 that speaks OpenAI's chat and counts what comes in, when, and what it took.

Between a client and the vendor's counter lies a network: a request is counted some time after it was sent, and its
answer's head comes some time after that. `spread_s` is the most that each of the two takes.
"""

from __future__ import annotations

import asyncio
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final, Literal, Self

import attrs
import msgspec

from modelscan.testing.loopback import Conversation, LoopbackServer

Manner = Literal["answers", "429", "500", "cut", "silent", "hangs up"]
LONGEST: Final = 16_384
"""The longest answer, where a request caps it no lower."""
_PIECES: Final = 8


@attrs.define
class Arrival:
    """One request as the vendor counted it; `tokens` are those that it read, and those that it wrote (None: 0 yet)."""

    at_s: float
    manner: Manner
    is_stream: bool
    most: int | None
    read: int = 0
    written: int = 0
    ended_s: float = float("inf")

    @property
    def tokens(self) -> int:
        """What it is billed for."""
        return self.read + self.written


class Door:
    """Answers with `written` tokens (None: as many as the request allows) to prompts of `read` tokens.

    `manner` says by a request's number, from 0 on, how it fares. `headers` come with every answer.
    """

    def __init__(
        self,
        *,
        written: int | None = 64,
        read: int = 20,
        spread_s: float = 0.0,
        manner: Callable[[int], Manner] = lambda _: "answers",
        headers: Sequence[tuple[str, str]] = (),
        seed: int = 0,
    ) -> None:
        self.arrivals: list[Arrival] = []
        self.open = self.most_open = 0
        self._written = written
        self._read = read
        self._spread_s = spread_s
        self._manner = manner
        self._headers = headers
        self._random = random.Random(seed)
        self._server = LoopbackServer(self._serve)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._server.__aexit__(None, None, None)

    @property
    def url(self) -> str:
        """The base URL of its API."""
        return f"{self._server.url}/v1"

    def most_within(self, window_s: float, worth: Callable[[Arrival], int] = lambda _: 1) -> int:
        """The most that any window of so many seconds held: of requests, or of what each was worth."""
        arrivals = sorted(self.arrivals, key=lambda arrival: arrival.at_s)
        moments = [arrival.at_s for arrival in arrivals]
        sums = [0, *accumulate(map(worth, arrivals))]
        return max(
            (sums[bisect_right(moments, at + window_s)] - sums[place] for place, at in enumerate(moments)), default=0
        )

    @property
    def tokens(self) -> int:
        """All that was billed."""
        return sum(arrival.tokens for arrival in self.arrivals)

    async def _serve(self, talk: Conversation) -> bool:
        await talk.read_body()
        asked = msgspec.json.decode(talk.request.body)
        await self._passes()
        most = asked.get("max_completion_tokens") or asked.get("max_tokens")
        arrival = Arrival(time.monotonic(), self._manner(len(self.arrivals)), bool(asked.get("stream")), most)
        self.arrivals.append(arrival)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self._answer(talk, arrival)
        finally:
            self.open -= 1
            arrival.ended_s = time.monotonic()

    async def _passes(self) -> None:
        if self._spread_s:
            await asyncio.sleep(self._random.random() * self._spread_s)

    async def _answer(self, talk: Conversation, arrival: Arrival) -> bool:
        if arrival.manner == "429":
            return await self._refuse(talk, 429, "rate_limit_exceeded")
        if arrival.manner == "500":
            return await self._refuse(talk, 500, "server_error")
        arrival.read = self._read
        longest = LONGEST if arrival.most is None else min(arrival.most, LONGEST)
        arrival.written = longest if self._written is None else min(self._written, longest)
        await self._passes()
        if arrival.manner == "hangs up":
            return False
        if arrival.manner == "silent":
            await talk.until_closed()
            return False
        if arrival.is_stream:
            return await self._stream(talk, arrival)
        body = msgspec.json.encode(_whole(arrival))
        length = len(body) + 1 if arrival.manner == "cut" else len(body)
        await talk.head(200, [*_JSON, *self._headers, ("content-length", str(length))])
        await talk.write(body)
        return arrival.manner != "cut"

    async def _refuse(self, talk: Conversation, status: int, code: str) -> bool:
        await self._passes()
        error = {"error": {"message": "not now", "type": code, "code": code, "param": None}}
        body = msgspec.json.encode(error)
        await talk.head(status, [*_JSON, *self._headers, ("content-length", str(len(body)))])
        await talk.write(body)
        return True

    async def _stream(self, talk: Conversation, arrival: Arrival) -> bool:
        head = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked")]
        await talk.head(200, [*head, *self._headers])
        events = [_event(text) for text in _texts()]
        if arrival.manner == "cut":
            for event in events[:3]:
                await talk.write(_chunked(event))
            return False
        usage = msgspec.json.encode({**_HEAD, "choices": [], "usage": _usage(arrival)})
        for event in (*events, _event(None), b"data: " + usage + b"\n\n", b"data: [DONE]\n\n"):
            await talk.write(_chunked(event))
        await talk.write(b"0\r\n\r\n")
        return True


_JSON: Final = (("content-type", "application/json"),)
_HEAD: Final = {"id": "chatcmpl-0", "created": 1_700_000_000, "model": "gpt-4o-mini", "object": "chat.completion.chunk"}


def _texts() -> list[str]:
    return [f"word{place} " for place in range(_PIECES)]


def _usage(arrival: Arrival) -> dict[str, int]:
    return {
        "prompt_tokens": arrival.read,
        "completion_tokens": arrival.written,
        "total_tokens": arrival.read + arrival.written,
    }


def _whole(arrival: Arrival) -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(_texts())}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _usage(arrival)}


def _event(text: str | None) -> bytes:
    delta = {} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": "stop" if text is None else None, "logprobs": None}
    return b"data: " + msgspec.json.encode({**_HEAD, "choices": [choice]}) + b"\n\n"


def _chunked(piece: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(piece), piece)
