"""Parrot's own format, both ways.

An invented one, so that there is something to run: put the vendor's words in place of these, and say here which page
of its documentation they are from, and when you read it.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target
from modelscan.errors import DecodeError, ProviderError, UnsupportedError
from modelscan.types.chat import ChatReply, ChatRequest, FinishReason
from modelscan.types.content import Text
from modelscan.types.messages import Message, assistant
from modelscan.types.usage import UNREPORTED, Usage
from modelscan.wire.failures import provider_error
from modelscan.wire.unreadable import UNREADABLE

T = TypeVar("T")

_JSON: Final[Headers] = (("content-type", "application/json"),)
_CHAT_WORDS: Final = {"max_output_tokens": "max_tokens", "temperature": "temperature", "stop": "stop"}
_FINISHED: Final[dict[str, FinishReason]] = {"end": "stop", "max_tokens": "length"}


class _Failure(msgspec.Struct):
    message: str = ""
    code: str = ""


@attrs.frozen
class ParrotErrors:
    """Errors: `{"message": ..., "code": ...}` with a status of 400 or more."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response; None where there is none."""
        if response.status < 400:
            return None
        try:
            failure = msgspec.json.decode(response.body, type=_Failure)
        except UNREADABLE:
            return provider_error(response)
        return provider_error(response, message=failure.message, code=failure.code)


class _Tokens(msgspec.Struct):
    input: int = 0
    output: int = 0


class _Answer(msgspec.Struct):
    text: str
    finish: str = ""
    tokens: _Tokens | None = None


@attrs.frozen
class ParrotChat:
    """Chat: `POST /generate` with messages, answered by `{"text": ..., "finish": ..., "tokens": ...}`."""

    def encode(self, request: ChatRequest, target: Target) -> HttpRequest:
        """The request. Raises `UnsupportedError` for what the format has no word for."""
        messages = [{"role": message.role, "text": _text(message)} for message in request.messages]
        body = {"model": target.model, "messages": messages, **_words(request, _CHAT_WORDS, "messages")}
        return HttpRequest(url=f"{target.base_url}/generate", headers=_JSON, body=msgspec.json.encode(body))

    def decode(self, response: HttpResponse, request: ChatRequest, target: Target) -> ChatReply[None]:
        """The reply. Raises `DecodeError` for a body that isn't one."""
        answer = _read(response, _Answer)
        return ChatReply(
            message=assistant(answer.text),
            finish_reason=_FINISHED.get(answer.finish, "other") if answer.finish else None,
            raw_finish_reason=answer.finish,
            usage=_usage(answer.tokens),
            model=target.model,
            raw_body=response.body,
        )


def _words(request: msgspec.Struct, words: dict[str, str], content: str) -> dict[str, Any]:
    """What is set beside the content, in the format's words, and `extra` as it is."""
    fields = msgspec.structs.asdict(request)
    extra: dict[str, Any] = fields.pop("extra")
    result: dict[str, Any] = {}
    for name, value in fields.items():
        if name == content or value is None or value in ((), {}):
            continue
        if name not in words:
            raise UnsupportedError(f"this API has no word for {name}", advice="Leave it out, or choose another model.")
        result[words[name]] = value
    return result | extra


def _text(message: Message) -> str:
    if any(type(part) is not Text for part in message.content):
        raise UnsupportedError("this API takes nothing but text")
    return message.text


def _read(response: HttpResponse, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(response.body, type=kind)
    except UNREADABLE as error:
        raise DecodeError(f"the answer isn't what the format says: {error}") from error


def _usage(tokens: _Tokens | None) -> Usage:
    return UNREPORTED if tokens is None else Usage(input_tokens=tokens.input, output_tokens=tokens.output)
