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


PIECE: Json = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
USAGE: Json = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}


def piece(index: int = 0, finish: str | None = None, logprobs: Json | None = None, **delta: object) -> Json:
    """A piece of a streamed completion."""
    choice = {"index": index, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
    return {**PIECE, "choices": [choice], "usage": None}


def call_piece(index: int, arguments: str, **first: str) -> Json:
    """A piece of a tool call; the first has its id and name."""
    named = {"name": first["name"]} if first else {}
    call = {"index": index, "function": {**named, "arguments": arguments}}
    return piece(tool_calls=[{**call, "id": first["id"], "type": "function"} if first else call])


def completion_streams() -> Iterator[tuple[str, Json | list[Json]]]:
    """Streams whose pieces belong together in ways that types don't tell."""
    last = {**PIECE, "choices": [], "usage": USAGE}
    token = {"token": "No", "logprob": -0.5, "bytes": [78, 111], "top_logprobs": []}
    yield (
        "two answers in turn",
        [
            piece(0, role="assistant", content=""),
            piece(1, role="assistant", content=""),
            *(piece(at, content=text) for text in ("a", "b", "c") for at in (0, 1)),
            piece(1, "length"),
            piece(0, "stop"),
            last,
        ],
    )
    yield (
        "two calls, told in turn",
        [
            piece(role="assistant", content=None),
            call_piece(0, "", id="call_1", name="f"),
            call_piece(1, "", id="call_2", name="g"),
            call_piece(0, '{"a"'),
            call_piece(1, '{"b"'),
            call_piece(0, ": 1}"),
            call_piece(1, ": 2}"),
            piece(finish="tool_calls"),
            last,
        ],
    )
    yield (
        "a call beside text",
        [
            piece(role="assistant", content="Let me "),
            piece(content="see."),
            call_piece(0, '{"a": 1}', id="call_1", name="f"),
            piece(finish="tool_calls"),
        ],
    )
    yield (
        "a function call of the first kind",
        [
            piece(role="assistant", content=None, function_call={"name": "f", "arguments": ""}),
            piece(function_call={"arguments": '{"a"'}),
            piece(function_call={"arguments": ": 1}"}),
            piece(finish="function_call"),
        ],
    )
    yield (
        "a refusal",
        [
            piece(role="assistant", content="", refusal=None),
            piece(refusal="No", logprobs={"content": None, "refusal": [token]}),
            piece(refusal=".", logprobs={"content": None, "refusal": [{**token, "token": "."}]}),
            piece(finish="stop"),
            last,
        ],
    )
    yield "an answer that a filter ends", [piece(role="assistant", content="Hm"), piece(finish="content_filter")]
    said: Json = {"role": "assistant", "content": None}
    first_kind = {"name": "f", "arguments": "{}"}
    custom = {"id": "call_1", "type": "custom", "custom": {"name": "grep", "input": "x+"}}
    whole = {**PIECE, "object": "chat.completion", "usage": USAGE}
    for name, message, finish in (
        ("a custom call", {**said, "tool_calls": [custom]}, "tool_calls"),
        (
            "a function call of the first kind, whole",
            {**said, "function_call": first_kind},
            "stop",
        ),
        ("a refusal, whole", {**said, "refusal": "No."}, "stop"),
        ("nothing at all", said, "stop"),
        ("an empty answer cut off", {**said, "content": ""}, "length"),
    ):
        yield name, {**whole, "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def response_streams() -> Iterator[tuple[str, Json | list[Json]]]:
    """Responses told in pieces, and ended in other ways than well."""
    frame = {**sample(Response, "bare"), "id": "resp_1", "status": "completed", "model": "m"}
    at = {"output_index": 0, "item_id": "x", "logprobs": []}
    texts: list[Json] = [{"type": "output_text", "text": text, "annotations": []} for text in ("One", "Two")]
    message = {"type": "message", "id": "x", "role": "assistant", "status": "completed", "content": texts}
    begin, added, done, end = streamed(frame, message)
    told = [
        {**at, "type": "response.output_text.delta", "content_index": n, "delta": d}
        for n, d in enumerate(("One", "Two"))
    ]
    yield "two texts of one message", [begin, added, *told, done, end]
    refused = {**message, "content": [{"type": "refusal", "refusal": "No."}]}
    begin, added, done, end = streamed(frame, refused)
    pieces = [{**at, "type": "response.refusal.delta", "content_index": 0, "delta": text} for text in ("No", ".")]
    yield "a refusal in pieces", [begin, added, *pieces, done, end]
    summary = [{"type": "summary_text", "text": text} for text in ("First.", "Second.")]
    thought = {"type": "reasoning", "id": "x", "summary": summary, "encrypted_content": "secret"}
    begin, added, done, end = streamed(frame, thought)
    kind = "response.reasoning_summary_text.delta"
    pieces = [{**at, "type": kind, "summary_index": n, "delta": part["text"]} for n, part in enumerate(summary)]
    yield "a summary of two paragraphs", [begin, added, *pieces, done, end]
    call = {"type": "function_call", "id": "x", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'}
    begin, added, done, end = streamed(frame, call)
    kind = "response.function_call_arguments.delta"
    pieces = [{**at, "type": kind, "delta": text} for text in ('{"a"', ": 1}")]
    yield "a call in pieces", [begin, added, *pieces, done, end]
    for reason in ("max_output_tokens", "content_filter"):
        cut = {**frame, "status": "incomplete", "incomplete_details": {"reason": reason}, "output": [message]}
        yield f"incomplete by {reason}", cut
        begin, added, done, _ = streamed(frame, message)
        yield f"incomplete by {reason} streamed", [begin, added, done, {"type": "response.incomplete", "response": cut}]


def main() -> None:
    """Write every body once."""
    for name, reply in (*completions(), *completion_streams()):
        tell(name, "chat", reply)
    for name, reply in (*responses(), *strange_events(), *response_streams()):
        tell(name, "responses", reply)


if __name__ == "__main__":
    main()
