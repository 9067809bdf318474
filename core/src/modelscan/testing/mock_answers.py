"""What a mock answers: what it was given, made whole, or something of its own."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from modelscan.contracts.servers import ServerCall
from modelscan.errors import ModelScanError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Image
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.messages import assistant
from modelscan.types.usage import Usage

Given = str | ChatReply[Any] | EmbedReply | ModelScanError
_BYTES_PER_TOKEN: Final = 4
_DIMENSIONS: Final = 8


def answer_for(call: ServerCall, given: Given | None) -> Any:
    """A reply Struct of the call's kind, with its usage; or the error that was given."""
    if isinstance(given, ModelScanError):
        return given
    if isinstance(call.request, EmbedRequest):
        reply = given if isinstance(given, EmbedReply) else _vectors(call.request)
        return msgspec.structs.replace(reply, model=reply.model or call.model)
    said: ChatReply[Any] = given if isinstance(given, ChatReply) else _said(call.request, given)
    changes: dict[str, Any] = {"id": said.id or "mock-reply", "model": said.model or call.model}
    if not said.usage.is_reported:
        changes["usage"] = Usage(input_tokens=_prompt_tokens(call.request), output_tokens=tokens_of(said.text))
    return msgspec.structs.replace(said, **changes)


def tokens_of(text: str) -> int:
    """A stand-in for a tokenizer: a token for each four bytes, one at least."""
    return max(1, len(text.encode()) // _BYTES_PER_TOKEN)


def _said(request: ChatRequest, given: object) -> ChatReply[None]:
    text = given if isinstance(given, str) else f"You said: {request.messages[-1].text}"
    return ChatReply(message=assistant(text), finish_reason="stop")


def _prompt_tokens(request: ChatRequest) -> int:
    return sum(tokens_of(message.text) for message in request.messages)


def _vectors(request: EmbedRequest) -> EmbedReply:
    """The same vector for the same input, of length one and of no other meaning."""
    size = request.dimensions or _DIMENSIONS
    vectors = tuple(_vector(repr(one) if isinstance(one, Image) else one, size) for one in request.inputs)
    used = sum(tokens_of(one) for one in request.inputs if isinstance(one, str))
    return EmbedReply(vectors=vectors, usage=Usage(input_tokens=used))


def _vector(text: str, size: int) -> tuple[float, ...]:
    values = [byte - 127.5 for byte in hashlib.shake_256(text.encode()).digest(size)]
    length = sum(value * value for value in values) ** 0.5
    return tuple(value / length for value in values)
