"""A `ChatReply` as the body of a chat completion."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any, Final

from modelscan.types.chat import ChatReply, Choice, FinishReason, TokenLogprob
from modelscan.types.content import AnyPart, Audio, Citation, Image, Reasoning, Refusal, Text, ToolCall
from modelscan.wire.openai_compatible import reasoning_details
from modelscan.wire.openai_compatible.decode import KEPT
from modelscan.wire.openai_compatible.usage import usage_block

Json = dict[str, Any]
_WORDS: Final = ("stop", "length", "tool_calls", "content_filter", "error")


def completion_body(reply: ChatReply[None], model: str) -> Json:
    """The body. `created` is always 0, for a codec has no clock."""
    first = Choice(reply.message, reply.finish_reason, reply.raw_finish_reason, reply.logprobs)
    body: Json = {
        "id": reply.id,
        "object": "chat.completion",
        "created": 0,
        "model": reply.model or model,
        "choices": [_choice(number, choice) for number, choice in enumerate((first, *reply.alternatives))],
        "usage": usage_block(reply.usage),
    }
    body.update({name: reply.extra[name] for name in KEPT if name in reply.extra})
    return body


def finish_word(reason: FinishReason | None, raw: str) -> str | None:
    """This format's word for the end; a word of another vendor's never goes out."""
    if reason is None:
        return None
    if reason == "other":
        return raw or "stop"
    return reason if reason in _WORDS else "stop"


def logprob_block(logprobs: Sequence[TokenLogprob]) -> Json | None:
    """The log-probabilities of an answer; None for none."""
    return {"content": [_token(token, is_chosen=True) for token in logprobs], "refusal": None} if logprobs else None


def said(parts: Sequence[AnyPart]) -> Json:
    """The fields of a message that hold these parts, without those that hold nothing."""
    fields: Json = {}
    for part in parts:
        if isinstance(part, Text):
            fields["content"] = fields.get("content", "") + part.text
            if part.citations:
                fields.setdefault("annotations", []).extend(map(_annotation, part.citations))
        elif isinstance(part, Reasoning):
            fields["reasoning_content"] = fields.get("reasoning_content", "") + part.text
            if reasoning_details.FIELD in part.extra:
                fields[reasoning_details.FIELD] = part.extra[reasoning_details.FIELD]
        elif isinstance(part, Refusal):
            fields["refusal"] = fields.get("refusal", "") + part.text
        elif isinstance(part, Audio):
            fields["audio"] = _audio(part)
        elif isinstance(part, Image):
            fields.setdefault("images", []).append({"type": "image_url", "image_url": {"url": _url(part)}})
        elif isinstance(part, ToolCall):
            fields.setdefault("tool_calls", []).append(call_block(part))
    return fields


def call_block(call: ToolCall) -> Json:
    """A call, as an answer has it."""
    if call.extra.get("type") == "custom":
        return {"id": call.id, **call.extra, "custom": {"name": call.name, "input": call.arguments}}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function, **call.extra}


def _choice(number: int, choice: Choice) -> Json:
    return {
        "index": number,
        "message": {"role": "assistant", "content": None, "refusal": None, **said(choice.message.content)},
        "logprobs": logprob_block(choice.logprobs),
        "finish_reason": finish_word(choice.finish_reason, choice.raw_finish_reason),
    }


def _annotation(citation: Citation) -> Json:
    if citation.location not in ("", "url"):
        return {"type": citation.location, **citation.extra}
    cited = {
        "url": citation.url,
        "title": citation.title,
        "content": citation.text or None,
        "start_index": citation.start,
        "end_index": citation.end,
    }
    told = {name: value for name, value in cited.items() if value is not None}
    return {"type": "url_citation", "url_citation": {**told, **citation.extra}}


def _audio(part: Audio) -> Json:
    data = b64encode(part.data or b"").decode()
    return {"id": part.id, "data": data, "transcript": part.transcript, **part.extra}


def _url(image: Image) -> str:
    if image.data is None:
        return image.url or ""
    return f"data:{image.media_type or 'image/png'};base64,{b64encode(image.data).decode()}"


def _token(token: TokenLogprob, *, is_chosen: bool = False) -> Json:
    block: Json = {"token": token.token, "logprob": token.logprob, "bytes": token.bytes}
    if is_chosen:
        block["top_logprobs"] = [_token(other) for other in token.top]
    return block
