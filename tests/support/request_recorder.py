"""A server on 127.0.0.1 that keeps what it is sent and answers with the least that a client takes for a reply.

with recorder() as (url, received):
...  # the case's name is the first step of the path: f"{url}/tools/v1/chat/completions"
assert received["tools"].body["tools"]
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Json = dict[str, Any]

_MESSAGE: Json = {"role": "assistant", "content": "ok", "refusal": None}
_COMPLETION: Json = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
_RESPONSE: Json = {
    "id": "r",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [],
    "tools": [],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
}
_CLAUDE: Json = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None}
_CLAUDE["usage"] = {"input_tokens": 1, "output_tokens": 1}
_CANDIDATE: Json = {"candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}]}

WHOLE: dict[str, Json] = {
    "/chat/completions": {**_COMPLETION, "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}]},
    "/responses": _RESPONSE,
    "/embeddings": {"object": "list", "model": "m", "data": [], "usage": {"prompt_tokens": 1, "total_tokens": 1}},
    "/v1/messages": {**_CLAUDE, "content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn"},
    "/count_tokens": {"input_tokens": 1},
    ":generateContent": _CANDIDATE,
    ":countTokens": {"totalTokens": 1},
    ":batchEmbedContents": {"embeddings": []},
}
STREAMED: dict[str, list[Json]] = {
    "/chat/completions": [{**_COMPLETION, "choices": [{"index": 0, "delta": _MESSAGE, "finish_reason": "stop"}]}],
    "/responses": [
        {"type": "response.created", "sequence_number": 0, "response": {**_RESPONSE, "status": "in_progress"}},
        {"type": "response.completed", "sequence_number": 1, "response": _RESPONSE},
    ],
    "/v1/messages": [
        {"type": "message_start", "message": _CLAUDE},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ],
    ":streamGenerateContent": [_CANDIDATE],
}


@dataclass(frozen=True)
class Received:
    """A request as it arrived; its path is without the case's name, and header names are in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Json


@contextmanager
def recorder() -> Iterator[tuple[str, dict[str, Received]]]:
    """The server's address, and what it received by case."""
    received: dict[str, Received] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
            target, _, query = self.path.partition("?")
            _, case, path = target.split("/", 2)
            headers = {name.lower(): value for name, value in self.headers.items()}
            received[case] = Received(self.command, f"/{path}", query, headers, body)
            kind, content = _answer(f"/{path}", body)
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(path: str, body: Json) -> tuple[str, bytes]:
    if body.get("stream") or ":stream" in path:
        events = next(events for end, events in STREAMED.items() if path.endswith(end))
        return "text/event-stream", "".join(map(_framed, events)).encode()
    reply = next(reply for end, reply in WHOLE.items() if path.endswith(end))
    if path.endswith("/embeddings"):
        count = len(body["input"]) if isinstance(body["input"], list) else 1
        vectors = [{"object": "embedding", "index": index, "embedding": "AACAPw=="} for index in range(count)]
        reply = {**reply, "data": vectors}
    if "requests" in body:
        reply = {"embeddings": [{"values": [1.0]} for _ in body["requests"]]}
    return "application/json", json.dumps(reply).encode()


def _framed(event: Json) -> str:
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"
