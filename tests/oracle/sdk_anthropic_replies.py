"""What Anthropic's SDK reads in recorded replies. Runs in the oracle's environment."""

from __future__ import annotations

from typing import Any

import anthropic  # type: ignore[import-not-found]  # the oracle's environment has it
import httpx2  # type: ignore[import-not-found]  # the same
from sdk_lines import Json, answer, plain  # type: ignore[import-not-found]  # beside this script


def client(asked: Json, body: bytes) -> Any:
    """A client whose every request is answered with these bytes."""
    headers = [(name, value) for name, value in asked["headers"] if name in ("content-type", "request-id")]
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    http_client = httpx2.Client(transport=transport)
    return anthropic.Anthropic(api_key="k", base_url="http://127.0.0.1", http_client=http_client, max_retries=0)


def messages(asked: Json, body: bytes) -> Json:
    """A message; the events of a stream are joined by the SDK's own accumulator."""
    ask: Json = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    sdk = client(asked, body)
    if not asked["stream"]:
        return message(sdk.beta.messages.create(**ask))
    with sdk.beta.messages.stream(**ask) as stream:
        return message(stream.get_final_message())


def message(found: Any) -> Json:
    """What is compared of a message: each block by what the SDK's type for it has."""
    blocks = [plain(block) for block in found.content]
    return {
        "id": found.id,
        "model": found.model,
        "finish": found.stop_reason or "",
        "stop_sequence": found.stop_sequence,
        "usage": plain(found.usage),
        "text": "".join(block["text"] for block in blocks if block["type"] == "text"),
        "reasoning": [
            [block["thinking"], block.get("signature") or ""] for block in blocks if block["type"] == "thinking"
        ],
        "redacted": [block["data"] for block in blocks if block["type"] == "redacted_thinking"],
        "calls": [
            [block["id"], block["name"], block.get("input") or {}] for block in blocks if block["type"] == "tool_use"
        ],
        "cited": [one["cited_text"] for block in blocks for one in block.get("citations") or () if _is_cited(block)],
        "others": [block for block in blocks if block["type"] not in KNOWN],
        "kinds": [block["type"] for block in blocks],
    }


KNOWN = ("text", "thinking", "redacted_thinking", "tool_use")


def _is_cited(block: Json) -> bool:
    return bool(block["type"] == "text")


def count_tokens(asked: Json, body: bytes) -> int:
    """A token count."""
    found = client(asked, body).messages.count_tokens(model="m", messages=[{"role": "user", "content": "hi"}])
    tokens: int = found.input_tokens
    return tokens


if __name__ == "__main__":
    answer({"messages": messages, "count_tokens": count_tokens})
