"""The official SDKs as oracles: scripts under tests/oracle that run in an environment of their own, never in ours.

`nox -s oracle` makes that environment and names its interpreter in `MODELSCAN_ORACLE`; without it the tests that need
an oracle are skipped. A script reads and writes lines of JSON.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.operations import StreamingOperation
from modelscan.contracts.servers import ServerCall, ServerCodec
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatChunk, ChatReply, ChatRequest
from modelscan.types.content import ToolCall
from modelscan.types.messages import user
from recordings import Recording
from request_recorder import Received

SCRIPTS = Path(__file__).parents[1] / "oracle"
PYTHON = Path(os.environ.get("MODELSCAN_ORACLE") or Path(__file__).parents[2] / ".cache/oracle/bin/python")
_PATIENCE_S = 120

needs_oracle = pytest.mark.skipif(
    not PYTHON.is_file(), reason="the official SDKs have no environment here; `nox -s oracle` makes one"
)

REQUEST = ChatRequest(messages=(user("Hello"),))
Json = dict[str, Any]
Chat = StreamingOperation[ChatRequest, ChatReply[None], ChatChunk]


def run(script: str, *arguments: str, lines: Iterable[Mapping[str, Any]] = ()) -> list[Json]:
    """What a script writes for these lines."""
    done = subprocess.run(
        [str(PYTHON), str(SCRIPTS / script), *arguments],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def asked(api: str, body: bytes, *, stream: bool, **more: Any) -> Json:
    """The line that has a script read a reply's bytes."""
    kind = "text/event-stream" if stream else "application/json"
    text = base64.b64encode(body).decode()
    return {"api": api, "stream": stream, "headers": [["content-type", kind]], "body": text, **more}


def read_by_sdk(script: str, recordings: Mapping[str, tuple[str, Recording]], **more: Any) -> dict[str, Json]:
    """What the SDK makes of each recording, by its key: `{"reply": ...}` or `{"error": ...}`."""
    lines = [
        {"id": key, **asked(api, one.response.body, stream=is_framed(one.response.body), **more)}
        for key, (api, one) in recordings.items()
    ]
    return {line.pop("id"): line for line in run(script, lines=lines)}


def is_framed(body: bytes) -> bool:
    """Whether a reply's bytes are events."""
    return body.lstrip(b"\xef\xbb\xbf \r\n").startswith((b"event:", b"data:", b":", b"id:"))


def read_by_us(operation: Chat, body: bytes, target: Target) -> ChatReply[None]:
    """What our codec makes of a reply's bytes: whole, or the fold of a stream's chunks."""
    if not is_framed(body):
        return operation.decode(HttpResponse(ResponseHead(200), body), REQUEST, target)
    fold = ChatFold()
    for chunk in chunks_of(operation, body, target):
        fold.add(chunk)
    return fold.reply()


def chunks_of(operation: Chat, body: bytes, target: Target) -> list[ChatChunk]:
    """The chunks that our codec makes of a stream's bytes."""
    decoder = operation.decoder(ResponseHead(200, (("content-type", "text/event-stream"),)), REQUEST, target)
    frames = [*decoder.framing.feed(body), *decoder.framing.finish()]
    return [*(chunk for frame in frames for chunk in decoder.feed(frame)), *decoder.finish(cut=False)]


def written_by_us(server: ServerCodec, operation: Chat, body: bytes, target: Target) -> bytes:
    """A reply's bytes, read by our codec and written anew by our server's side."""
    call = ServerCall(request=REQUEST, model=target.model, is_stream=is_framed(body))
    if not call.is_stream:
        return server.reply(read_by_us(operation, body, target), call).body
    encoder = server.stream(call)
    pieces = [encoder.encode(chunk) for chunk in chunks_of(operation, body, target)]
    return b"".join([*pieces, encoder.finish()])


def passed_on(received: Received, server: ServerCodec, operation: Any, base_url: str) -> Received:
    """A request that our server's side reads and our client's side writes again, as a gateway does.

    `operation` is any that encodes what the server's side parses.
    """
    target = f"{received.path}?{received.query}" if received.query else received.path
    call = server.parse(HttpRequest(url=target, body=json.dumps(received.body).encode()))
    encode = operation.encode_stream if call.is_stream else operation.encode
    request = encode(call.request, Target(base_urls={"default": base_url}, model=call.model))
    url = urlsplit(request.url)
    return Received(request.method, url.path, url.query, {}, json.loads(request.body))


def arguments_of(call: ToolCall) -> Any:
    """A call's arguments: JSON where they are, else the text."""
    try:
        return json.loads(call.arguments or "{}")
    except ValueError:
        return call.arguments


class Verdicts:
    """Counts of what was compared, and what differed: all of it is told at once."""

    def __init__(self, what: str) -> None:
        self.counts: Counter[str] = Counter()
        self._what = what
        self._differences: list[str] = []

    @contextmanager
    def of(self, name: object, kind: str) -> Iterator[None]:
        """One comparison; what it raises is a difference."""
        self.counts[kind] += 1
        try:
            yield
        except Exception as error:  # noqa: BLE001 - told below
            self._differences.append(f"{name}: {type(error).__name__}: {error}")
        else:
            self.counts[f"{kind} agree"] += 1

    def tell(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Print the counts; fail where anything differed."""
        with capsys.disabled():
            print(f"\n{self._what}: {dict(self.counts)}")  # noqa: T201 - a figure for the log
        assert self.counts
        assert not self._differences, "\n".join(self._differences)


def form(body: bytes) -> str:
    """Which of the two forms a reply has."""
    return "streamed" if is_framed(body) else "whole"


Default = tuple[str, Any, str]
"""A field whose absence means the same: its path (`*` is any place of a list), the value, where that is documented."""


def differences(ours: Received, theirs: Received, defaults: Iterable[Default] = ()) -> Json:
    """What differs between two requests, our value first, once fields at their documented defaults are left out."""
    values = {path: value for path, value, _ in defaults}
    bodies = [without(request.body, values) for request in (ours, theirs)]
    found = {
        name: (getattr(ours, name), getattr(theirs, name))
        for name in ("method", "path", "query")
        if getattr(ours, name) != getattr(theirs, name)
    }
    names = {name: [body.get(name) for body in bodies] for name in bodies[0] | bodies[1]}
    return found | {name: tuple(pair) for name, pair in names.items() if pair[0] != pair[1]}


def without(value: Any, defaults: Mapping[str, Any], path: str = "") -> Any:
    """A JSON value without the fields that have these values."""
    if isinstance(value, list):
        return [without(item, defaults, f"{path}/*") for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: without(item, defaults, f"{path}/{name}") for name, item in value.items()}
    return {name: item for name, item in kept.items() if defaults.get(f"{path}/{name}", ...) != item}
