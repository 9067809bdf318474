"""Replies of the Messages API, made from the SDK's types. Runs in the oracle's environment."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from anthropic.types import beta  # type: ignore[import-not-found]  # the oracle's environment has it
from sdk_lines import Json, write  # type: ignore[import-not-found]  # beside this script
from sdk_samples import WAYS, members, sample  # type: ignore[import-not-found]  # the same

USAGE: Json = {"input_tokens": 5, "output_tokens": 3}
MESSAGE: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": USAGE,
}
END: Json = {"type": "message_stop"}


def bodies() -> Iterator[tuple[str, Json | list[Json]]]:
    """A message of each kind of block, whole and streamed, and messages with all that may stand beside the blocks."""
    for way in WAYS:
        for kind in members(beta.BetaContentBlock):
            block = sample(kind, way)
            for field in ("input",):
                if field in block:
                    block[field] = {"a": 1}
            yield f"{way} {block['type']}", {**MESSAGE, "content": [block]}
            yield f"{way} {block['type']} streamed", streamed(block)
        yield f"{way} message", {**sample(beta.BetaMessage, way), "content": []}
        for reason in members(beta.BetaStopReason)[0].__args__:
            yield f"{way} stopped by {reason}", {**MESSAGE, "stop_reason": reason}
        told = sample(beta.BetaRawMessageDeltaEvent, way)
        begun = {**sample(beta.BetaMessage, way), "content": [], "stop_reason": None}
        yield f"{way} end of a stream", [{"type": "message_start", "message": begun}, told, END]
    for kind in members(beta.BetaRawContentBlockDelta):
        delta = sample(kind, "full")
        if delta["type"] == "input_json_delta":
            delta["partial_json"] = '{"a": 1}'
        yield f"{delta['type']} in a stream", streamed(BLOCKS[delta["type"]], delta)


BLOCKS: dict[str, Json] = {
    "text_delta": {"type": "text", "text": ""},
    "citations_delta": {"type": "text", "text": "cited", "citations": None},
    "input_json_delta": {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
    "signature_delta": {"type": "thinking", "thinking": "hm", "signature": ""},
    "compaction_delta": {"type": "compaction", "content": None, "encrypted_content": None},
}


def streamed(block: Json, *deltas: Json) -> list[Json]:
    """The events of a message of one block."""
    return [
        {"type": "message_start", "message": {**MESSAGE, "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
        END,
    ]


def main() -> None:
    """Write every body once."""
    for name, reply in bodies():
        is_stream = isinstance(reply, list)
        if is_stream:
            body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in reply)
        else:
            body = json.dumps(reply)
        encoded = base64.b64encode(body.encode()).decode()
        write({"id": name, "api": "messages", "stream": is_stream, "body": encoded})


if __name__ == "__main__":
    main()
