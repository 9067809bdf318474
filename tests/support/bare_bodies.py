"""Files that hold a reply's body and nothing else: JSON, event streams, lines of JSON, audio, text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from event_stream_writer import message, text
from recorded import Exchange, Response, json_bytes

_STREAM_STARTS = (b"data:", b"event:", b":")


def bare_body(content: bytes) -> Iterator[Exchange]:
    """The body as it stands, with the content type that its first bytes tell."""
    yield _reply(_media_type(content), content)


def bare_stream(content: bytes) -> Iterator[Exchange]:
    """A stream's body as it stands: an event stream, or lines of JSON even where it is one line."""
    framed = content.lstrip().startswith(_STREAM_STARTS)
    yield _reply("text/event-stream" if framed else "application/x-ndjson", content)


def _media_type(content: bytes) -> str:
    start = content.lstrip()
    if start.startswith(_STREAM_STARTS):
        return "text/event-stream"
    if start.startswith((b"{", b"[")):
        return "application/json"
    return "application/octet-stream" if b"\0" in content or b"\xff" in content else "text/plain"


def chunks(content: bytes) -> Iterator[Exchange]:
    """A stream of which one JSON value a line was kept: an event stream is written of it anew.

    An event has a type where the values say one, as the providers that send types repeat it inside. What ended the
    stream (`[DONE]`) wasn't kept.
    """
    events = []
    for value in _lines(content):
        kind = json.loads(value).get("type")
        events.append((f"event: {kind}\n".encode() if isinstance(kind, str) else b"") + b"data: " + value + b"\n\n")
    yield _reply("text/event-stream", b"".join(events), rebuilt=True)


def bedrock_chunks(content: bytes) -> Iterator[Exchange]:
    """The same of a stream of Bedrock, whose values name the event around its payload: binary messages again."""
    messages = []
    for line in _lines(content):
        ((kind, payload),) = json.loads(line).items()
        headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
        messages.append(message(b"".join(text(*pair) for pair in headers.items()), json_bytes(payload)))
    yield _reply("application/vnd.amazon.eventstream", b"".join(messages), rebuilt=True)


def websocket_lines(content: bytes) -> Iterator[Exchange]:
    """What a websocket received, one JSON value a line."""
    yield _reply("application/x-ndjson", content)


def _lines(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if line.strip()]


def _reply(media_type: str, body: bytes, *, rebuilt: bool = False) -> Exchange:
    return Exchange(None, Response(None, (("content-type", media_type),), body), rebuilt=rebuilt)


def reader_of(path: str, provider: str, capability: str) -> Callable[[bytes], Iterator[Exchange]]:
    """The reader for a file without requests, told by its name and what the index says of it."""
    if not path.endswith(".chunks.txt"):
        return bare_stream if path.endswith(".sse") else bare_body
    if "realtime" in capability:
        return websocket_lines
    return bedrock_chunks if provider == "bedrock" else chunks
