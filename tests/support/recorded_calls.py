"""Recorded calls as the core knows them: what was asked, of which model, and what the provider said that it took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from modelscan.contracts.http import HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.servers import ServerCodec
from modelscan.errors import ModelScanError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.embed import EmbedRequest
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import Messages
from modelscan.wire.anthropic.server import MessagesServer
from modelscan.wire.gemini import EmbedContent, GenerateContent
from modelscan.wire.gemini.server import GeminiServer
from modelscan.wire.openai_compatible import ChatCompletions, Embeddings
from modelscan.wire.openai_compatible.responses import Responses
from modelscan.wire.openai_compatible.server import OpenAIServer, ResponsesServer
from recordings import Recording, interactions


@dataclass(frozen=True)
class Format:
    """A wire format: whose paths end so, who reads requests, who reads replies."""

    name: str
    ends: tuple[str, ...]
    server: ServerCodec
    chat: Any  # a codec of this format's
    embed: Any = None  # the same


@dataclass(frozen=True)
class Called:
    """A call that was recorded."""

    recording: Recording
    format: str
    request: ChatRequest | EmbedRequest
    target: Target
    usage: Usage

    @property
    def name(self) -> str:
        """Where it is to be found."""
        return f"{self.recording.path}#{self.recording.index}"

    @property
    def model(self) -> str:
        """Its model, with its provider."""
        return f"{self.recording.provider}/{self.target.model}"


FORMATS = (
    Format("anthropic", ("/messages",), MessagesServer(), Messages()),
    Format(
        "gemini",
        (":generateContent", ":streamGenerateContent", ":batchEmbedContents", ":embedContent"),
        GeminiServer(),
        GenerateContent(),
        EmbedContent(),
    ),
    Format("responses", ("/responses",), ResponsesServer(), Responses()),
    Format("openai", ("/chat/completions", "/embeddings"), OpenAIServer(), ChatCompletions(), Embeddings()),
)
_BASES = {"anthropic": "https://api.anthropic.com", "gemini": "https://generativelanguage.googleapis.com/v1beta"}


@cache
def calls() -> tuple[Called, ...]:
    """Every call whose request and usage were recorded, in a format of the core's, by a 200."""
    return tuple(_calls())


def _calls() -> Iterator[Called]:
    for recording in interactions():
        request = recording.request
        if request is None or not request.body or recording.response.status != 200:
            continue
        path = urlsplit(request.url).path
        format_ = next((one for one in FORMATS if path.endswith(one.ends)), None)
        if format_ is None:
            continue
        called = _read(recording, format_, path)
        if called is not None:
            yield called


def _read(recording: Recording, format_: Format, path: str) -> Called | None:
    assert recording.request is not None
    sent = HttpRequest(url=path, body=recording.request.body)
    try:
        call = format_.server.parse(sent)
        target = Target(base_urls={"default": _BASES.get(format_.name, "https://api.example.org/v1")}, model=call.model)
        usage = _usage(recording, format_, call.request, target)
    except ModelScanError:  # the tests of recordings by format know which these are, and why
        return None
    return Called(recording, format_.name, call.request, target, usage) if usage.is_reported else None


def _usage(recording: Recording, format_: Format, request: Any, target: Target) -> Usage:
    codec = format_.embed if isinstance(request, EmbedRequest) else format_.chat
    head = ResponseHead(200, recording.response.headers)
    if not recording.response.body.lstrip().startswith((b"event:", b"data:", b":")):
        whole: Usage = codec.decode(HttpResponse(head, recording.response.body), request, target).usage
        return whole
    decoder = codec.decoder(ResponseHead(200, (("content-type", "text/event-stream"),)), request, target)
    fold = ChatFold()
    for frame in [*decoder.framing.feed(recording.response.body), *decoder.framing.finish()]:
        for chunk in decoder.feed(frame):
            fold.add(chunk)
    for chunk in decoder.finish(cut=False):
        fold.add(chunk)
    reply: ChatReply[None] = fold.reply()
    return reply.usage
