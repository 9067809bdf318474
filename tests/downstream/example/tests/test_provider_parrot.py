"""The provider does what every provider must, and reads what its vendor is documented to answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelscan.contracts.http import HttpResponse
from modelscan.testing.cassettes import Tape
from modelscan.testing.conformance import Example, Golden, ProviderSuite
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.messages import assistant, user
from modelscan.types.usage import Usage

TAPE = Tape.read(Path(__file__).with_name("cassettes") / "answer.yaml")
ORIGIN = f"{TAPE.origin.how}: {TAPE.origin.source}, {TAPE.origin.date}"
CHAT = ChatRequest(messages=(user("Hello"),))
REPLY = ChatReply[None](
    message=assistant("Good day."),
    finish_reason="stop",
    usage=Usage(input_tokens=5, output_tokens=3),
)


def sent(index: int) -> Any:
    """The body of a request in the cassette: JSON."""
    body = TAPE.exchanges[index].request.body
    assert isinstance(body, bytes)
    return json.loads(body)


def answered(index: int) -> HttpResponse:
    """An answer in the cassette."""
    exchange = TAPE.exchanges[index]
    return HttpResponse(exchange.head, b"".join(piece.data for piece in exchange.pieces))


class TestParrot(ProviderSuite):
    provider = "parrot"
    model = "a-model"
    golden = (Golden(name="the documented question", request=CHAT, body=sent(0)),)
    examples = (
        Example(
            name="the documented answer",
            origin=ORIGIN,
            request=CHAT,
            whole=answered(0),
            expected=REPLY,
        ),
    )
