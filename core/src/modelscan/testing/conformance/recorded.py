"""Cassettes as examples: what was really recorded is the evidence for a level."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelscan.contracts.http import HttpResponse
from modelscan.contracts.servers import ServerCodec
from modelscan.errors import ModelScanError
from modelscan.testing.cassettes.tape import Tape, Taped
from modelscan.testing.conformance.examples import Example
from modelscan.testing.conformance.samples import CHAT

_STREAMS = ("text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream")


def recorded_in(folder: Path, server: ServerCodec | None) -> Iterator[Example]:
    """The exchanges of a folder's cassettes that were recorded, and say from what: written ones aren't evidence."""
    for path in sorted(folder.glob("*.yaml")):
        tape = Tape.read(path)
        if tape.origin.how == "recorded" and tape.origin.source and tape.origin.date:
            for number, one in enumerate(tape.exchanges, 1):
                if not one.is_cut:
                    yield _example(one, f"{path.name}, exchange {number}", tape.origin.source, server)


def _example(one: Taped, name: str, source: str, server: ServerCodec | None) -> Example:
    request, capability, is_stream = CHAT, "chat", one.head.media_type in _STREAMS
    if server is not None:
        try:
            call = server.parse(one.request)
        except ModelScanError:  # a request for something else than the family's server knows: chat is likeliest
            pass
        else:
            request, capability, is_stream = call.request, str(type(call.request).__struct_config__.tag), call.is_stream
    response = HttpResponse(one.head, b"".join(piece.data for piece in one.pieces))
    is_answer = is_stream and one.head.status < 400
    return Example(
        name=name,
        origin=source,
        capability=capability,
        request=request,
        whole=None if is_answer else response,
        stream=response if is_answer else None,
    )
