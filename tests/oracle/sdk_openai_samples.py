"""Replies of OpenAI's APIs, made from the SDK's types. Runs in the oracle's environment."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from openai.types.chat import ChatCompletion, ChatCompletionChunk  # type: ignore[import-not-found]  # the oracle's
from openai.types.responses import Response, ResponseOutputItem, ResponseStreamEvent  # type: ignore[import-not-found]
from sdk_lines import Json, write  # type: ignore[import-not-found]  # beside this script
from sdk_samples import WAYS, members, sample  # type: ignore[import-not-found]  # the same

_KNOWN_EVENTS = (
    r"^error|response\.(created|completed|failed|incomplete|output_item|output_text|refusal|reasoning)"
    r"|(function_call_arguments|custom_tool_call_input)\.delta"
)


def tell(name: str, api: str, reply: Json | list[Json]) -> None:
    """Write one body; a list is a stream's events."""
    if isinstance(reply, list):
        framed = [f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n" for event in reply]
        body = "".join([*framed, "data: [DONE]\n\n" * (api == "chat")])
    else:
        body = json.dumps(reply)
    encoded = base64.b64encode(body.encode()).decode()
    write({"id": name, "api": api, "stream": isinstance(reply, list), "body": encoded})


def completions() -> Iterator[tuple[str, Json | list[Json]]]:
    """Chat completions, and streams of one piece and an end."""
    for way in WAYS:
        whole = {**sample(ChatCompletion, way), "object": "chat.completion"}
        for call in whole["choices"][0]["message"].get("tool_calls") or ():
            for held in (call.get("function"), call.get("custom")):
                (held or {}).update({"arguments": '{"a": 1}', "input": "free text"})
        yield f"{way} completion", whole
        piece = {**sample(ChatCompletionChunk, way), "object": "chat.completion.chunk"}
        piece["choices"][0]["index"] = 0
        for call in piece["choices"][0]["delta"].get("tool_calls") or ():
            call |= {"index": 0, "id": "call_1", "function": {"name": "f", "arguments": "{}"}}
        end = {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]}
        piece.pop("usage", None)  # it comes with the last piece
        piece["choices"][0]["finish_reason"] = None
        yield f"{way} stream", [piece, end]


def responses() -> Iterator[tuple[str, Json | list[Json]]]:
    """A response of each kind of item, whole and streamed."""
    frame = {**sample(Response, "bare"), "id": "resp_1", "status": "completed", "model": "m"}
    for way in WAYS:
        for kind in members(ResponseOutputItem):
            item = {**sample(kind, way), "status": "completed"}
            if item["type"] == "function_call":
                item["arguments"] = '{"a": 1}'
            whole = {**frame, "output": [item]}
            yield f"{way} {item['type']} ({kind.__name__})", whole
            yield f"{way} {item['type']} ({kind.__name__}) streamed", streamed(frame, item)
        yield (
            f"{way} response",
            {**sample(Response, way), "status": "completed", "output": [], "error": None, "incomplete_details": None},
        )


def streamed(frame: Json, item: Json) -> list[Json]:
    """The events of a response of one item."""
    begun = {**item, "status": "in_progress"}
    begun |= {name: empty for name, empty in (("content", []), ("summary", []), ("arguments", "")) if name in item}
    events: list[Json] = [
        {"type": "response.created", "response": {**frame, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": begun},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**frame, "output": [item]}},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def strange_events() -> Iterator[tuple[str, Json | list[Json]]]:
    """An answer in whose stream each further kind of event stands once."""
    frame = {**sample(Response, "bare"), "id": "resp_1", "status": "completed", "model": "m"}
    said = {"type": "output_text", "text": "ok", "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [said]}
    begin, added, done, end = streamed(frame, item)
    for way in WAYS:
        for kind in members(ResponseStreamEvent):
            event = sample(kind, way)
            if not re.search(_KNOWN_EVENTS, event["type"]):
                yield f"{way} event {event['type']}", [begin, added, {**event, "output_index": 9}, done, end]


def main() -> None:
    """Write every body once."""
    for name, reply in completions():
        tell(name, "chat", reply)
    for name, reply in (*responses(), *strange_events()):
        tell(name, "responses", reply)


if __name__ == "__main__":
    main()
