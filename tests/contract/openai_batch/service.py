"""OpenAI's files and batches, on this machine: it counts what is made, and can be told when to break."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import attrs

from modelscan.testing.loopback import Conversation, LoopbackServer

Moment = tuple[str, Literal["before", "after"]]
"""A step of a batch, before it is carried out or after that and before its answer."""


def chat_line(number: int, text: str) -> str:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
    body = {"id": "c", "object": "chat.completion", "model": "gpt-4o-mini", "choices": [choice], "usage": usage}
    return json.dumps(
        {"id": "r", "custom_id": str(number), "response": {"status_code": 200, "body": body}, "error": None}
    )


def error_line(number: int, message: str) -> str:
    body = {"error": {"message": message, "type": "invalid_request_error", "code": "bad"}}
    return json.dumps(
        {"id": "r", "custom_id": str(number), "response": {"status_code": 400, "body": body}, "error": None}
    )


@attrs.define
class Service:
    """The service. `moments` says what happens then: the connection breaks after it."""

    server: LoopbackServer = attrs.field(init=False)
    files: list[bytes] = attrs.field(factory=list)
    batches: list[dict[str, Any]] = attrs.field(factory=list)
    steps: list[str] = attrs.field(factory=list)
    polls: int = 0
    moments: dict[Moment, Callable[[], Awaitable[None]]] = attrs.field(factory=dict)
    ends_as: dict[str, Any] = attrs.field(factory=dict)
    output: str = "\n".join([chat_line(2, "three"), chat_line(0, "one")])
    errors: str = error_line(1, "no such word")
    page: int = 100

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{self.server.url}/v1"

    async def script(self, talk: Conversation) -> bool:
        """Carry out one request."""
        await talk.read_body()
        step, carry_out = self._step(talk)
        self.steps.append(step)
        if (then := self.moments.pop((step, "before"), None)) is not None:
            await then()
            return False
        body = carry_out()
        if (then := self.moments.pop((step, "after"), None)) is not None:
            await then()
            return False
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await talk.head(200, [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        await talk.write(data)
        return True

    def _step(self, talk: Conversation) -> tuple[str, Callable[[], Any]]:
        request = talk.request
        path, _, query = request.path.removeprefix("/v1").partition("?")
        if request.method == "POST" and path == "/files":
            return "upload", lambda: self._upload(request.body)
        if request.method == "POST" and path == "/batches":
            return "create", lambda: self._create(json.loads(request.body))
        if path.endswith("/cancel"):
            return "cancel", lambda: self.batches[-1] | {"status": "cancelling"}
        if path.startswith("/files/"):
            step = path.split("/")[2]
            return step, lambda: getattr(self, step).encode()
        if path == "/batches":
            return "find", lambda: self._find(query)
        self.polls += 1
        return f"poll {self.polls}", lambda: self._poll(path.rpartition("/")[2])

    def _upload(self, form: bytes) -> dict[str, Any]:
        found = re.search(rb"\r\n\r\n(\{.*\}\n)\r\n", form, re.DOTALL)
        assert found is not None
        self.files.append(found[1])
        return {"id": f"file-{len(self.files)}", "object": "file", "purpose": "batch"}

    def _create(self, fields: dict[str, Any]) -> dict[str, Any]:
        batch = fields | {"id": f"batch-{len(self.batches) + 1}", "status": "validating", "object": "batch"}
        self.batches.append(batch)
        return batch

    def _find(self, query: str) -> dict[str, Any]:
        newest = self.batches[::-1]
        found = re.search(r"after=([\w-]+)", query)
        if found:
            newest = newest[[batch["id"] for batch in newest].index(found[1]) + 1 :]
        return {"object": "list", "data": newest[: self.page], "has_more": len(newest) > self.page}

    def _poll(self, identity: str) -> dict[str, Any]:
        batch = next(batch for batch in self.batches if batch["id"] == identity)
        if self.polls == 1:
            return batch | {"status": "in_progress", "request_counts": {"total": 3, "completed": 1, "failed": 0}}
        ended = {"status": "completed", "output_file_id": "output", "error_file_id": "errors"}
        return batch | ended | self.ends_as
