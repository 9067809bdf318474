"""What an answer says, as parts of a message. Shared by whole replies and by streams, so that both say the same."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from modelscan.errors import DecodeError
from modelscan.types.chat import FinishReason, TokenLogprob
from modelscan.types.content import Citation, Image, ToolCall
from modelscan.wire.loose import objects, text, whole_number
from modelscan.wire.openai_compatible.structs import Call, CalledFunction, LogprobBlock, Logprobs, TopLogprob

WIRE: Final = "openai-chat"
"""The name of this wire format in `Message.wire`."""

_FINISH_REASONS: Final[Mapping[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
    "eos": "stop",  # Together, Hugging Face
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",  # gateways that pass on the words of the vendor behind them
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_length": "length",  # Mistral
    "safety": "content_filter",
    "error": "error",
    "insufficient_system_resource": "error",  # DeepSeek
}


def finish_reason(reason: str | None, *, has_calls: bool, has_refusal: bool) -> FinishReason | None:
    """The normalised reason; None where the server gave none.

    `stop` is also what some servers say when the model wants a tool, and what OpenAI says when it refuses.
    """
    if not reason:
        return None
    found = _FINISH_REASONS.get(reason) or _FINISH_REASONS.get(reason.lower(), "other")
    if found == "stop":
        return "tool_calls" if has_calls else "refusal" if has_refusal else "stop"
    return found


def text_and_reasoning(content: Any) -> tuple[str, str]:
    """The text and the reasoning in a message's content: a string, or Mistral's list of text and thinking pieces."""
    if content is None or isinstance(content, str):
        return content or "", ""
    if not isinstance(content, list):
        raise DecodeError(f"a message's content is text or a list, not {type(content).__name__}")
    said, reasoning = [], []
    for piece in content:
        if isinstance(piece, str):
            said.append(piece)
        elif isinstance(piece, dict):
            said.append(_text_of(piece.get("text")))
            reasoning.append(_text_of(piece.get("thinking")))
    return "".join(said), "".join(reasoning)


def _text_of(value: Any) -> str:
    return text(value) or "".join([text(piece.get("text")) for piece in objects(value)])


def arguments_of(function: CalledFunction | None) -> str:
    """The arguments as JSON text, as the server sent it; an object, as some local servers send, is written anew."""
    arguments = function.arguments if function is not None else None
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def name_of(function: CalledFunction | None) -> str:
    """The called function's name; empty where this piece doesn't tell it."""
    return (function.name or "") if function is not None else ""


def made_up_id(place: int) -> str:
    """An id for a call that the server gave none: results need something to refer to."""
    return f"call_{place}"


def tool_call(call: Call, place: int) -> ToolCall:
    """A whole call; `place` is where it stands among the answer's calls."""
    custom = call.custom
    if custom is not None and custom.name:
        extra = {"type": "custom", **call_extra(call)}
        return ToolCall(id=call.id or made_up_id(place), name=custom.name, arguments=custom.input or "", extra=extra)
    function = call.function
    return ToolCall(
        id=call.id or made_up_id(place),
        name=name_of(function),
        arguments=arguments_of(function),
        extra=call_extra(call),
    )


def call_extra(call: Call) -> dict[str, Any]:
    """What has to go back with a call."""
    return {} if call.extra_content is None else {"extra_content": call.extra_content}


def citations(annotations: Sequence[Mapping[str, Any]] | None) -> tuple[Citation, ...]:
    """The sources that an answer's annotations name."""
    return tuple([_citation(annotation) for annotation in annotations]) if annotations else ()


def _citation(annotation: Mapping[str, Any]) -> Citation:
    kind = annotation.get("type")
    cited = annotation.get("url_citation")
    if kind != "url_citation" or not isinstance(cited, dict):
        return Citation(location=str(kind or ""), extra=dict(annotation))
    known = ("url", "title", "content", "start_index", "end_index")
    return Citation(
        url=text(cited.get("url")),
        title=text(cited.get("title")),
        text=text(cited.get("content")),
        start=whole_number(cited.get("start_index")),
        end=whole_number(cited.get("end_index")),
        location="url",
        extra={name: value for name, value in cited.items() if name not in known},
    )


def audio_type(format_: str) -> str:
    """The media type of a spoken answer's format."""
    return {"mp3": "audio/mpeg", "pcm16": "audio/pcm"}.get(format_, f"audio/{format_}")


def decoded(base64_text: str) -> bytes:
    """Base64 as bytes. Raises `DecodeError` for anything else."""
    try:
        return base64.b64decode(base64_text, validate=True)
    except ValueError as error:
        raise DecodeError(f"sound or a picture in the reply is no base64: {error}") from error


def image_of(block: Mapping[str, Any]) -> Image | None:
    """A picture in an answer, as OpenRouter sends them; None for something else."""
    held = block.get("image_url")
    url = held.get("url") if isinstance(held, dict) else held
    if not isinstance(url, str):
        return None
    head, comma, body = url.partition(";base64,")
    if comma and head.startswith("data:"):
        return Image(data=decoded(body), media_type=head.removeprefix("data:") or None)
    return Image(url=url)


def logprobs_of(block: Any) -> tuple[TokenLogprob, ...]:
    """The log-probabilities of an answer; none for a shape that isn't OpenAI's."""
    if not isinstance(block, dict):
        return ()
    try:
        found = msgspec.convert(block, Logprobs)
    except msgspec.ValidationError:
        return ()
    return tuple([_logprob(token) for token in [*(found.content or ()), *(found.refusal or ())]])


def _logprob(token: LogprobBlock) -> TokenLogprob:
    top = tuple([TokenLogprob(other.token, other.logprob, _bytes(other)) for other in token.top_logprobs or ()])
    return TokenLogprob(token.token, token.logprob, _bytes(token), top)


def _bytes(token: TopLogprob) -> tuple[int, ...] | None:
    return None if token.bytes is None else tuple(token.bytes)
