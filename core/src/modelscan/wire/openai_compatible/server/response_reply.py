"""A `ChatReply` as the body of a response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from modelscan.types.chat import ChatReply, FinishReason, TokenLogprob
from modelscan.types.content import AnyPart
from modelscan.types.messages import Message
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible.responses.input import items_of
from modelscan.wire.openai_compatible.responses.items import WIRE
from modelscan.wire.openai_compatible.server.chat_reply import logprob_block

Json = dict[str, Any]
_WITH_ID: Final = ("message", "function_call", "custom_tool_call", "reasoning")
_STATUSES: Final = ("incomplete", "cancelled", "failed", "queued", "in_progress")
_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}


def response_body(reply: ChatReply[None], model: str) -> Json:
    """The body. `created_at` is always 0, for a codec has no clock."""
    body = bare_response(reply.id, reply.model or model)
    body |= ending(reply.finish_reason, reply.raw_finish_reason)
    body["output"] = output_of(reply.message.content)
    if reply.logprobs:
        _add_logprobs(body["output"], reply.logprobs)
    body["usage"] = usage_body(reply.usage)
    return {**body, **reply.extra}


def bare_response(response_id: str, model: str) -> Json:
    """A response at its beginning."""
    return {
        "id": response_id,
        "object": "response",
        "created_at": 0,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }


def ending(reason: FinishReason | None, raw: str) -> Json:
    """The fields that say how it ended."""
    word = _INCOMPLETE.get(reason or "")
    if word is not None:
        return {"status": "incomplete", "incomplete_details": {"reason": word}}
    if reason == "other" and raw in _STATUSES:
        return {"status": raw}
    if reason == "other" and raw:
        return {"status": "incomplete", "incomplete_details": {"reason": raw}}
    return {"status": "completed" if reason is not None else None}


def output_of(parts: Sequence[AnyPart]) -> list[Json]:
    """The items that hold these parts; messages, calls and reasoning get an id where the parts bring none."""
    items = items_of((Message("assistant", tuple(parts), wire=WIRE),), is_stored=True)
    return [
        {"id": f"item_{place}", "status": "completed", **item} if item["type"] in _WITH_ID else item
        for place, item in enumerate(items)
    ]


def usage_body(usage: Usage) -> Json | None:
    """The block that tells a usage; None for one that nobody reported."""
    if not usage.is_reported:
        return None
    cached = {"cached_tokens": usage.cached_tokens, "cache_write_tokens": usage.cache_write_tokens}
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": cached,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }


def _add_logprobs(output: list[Json], logprobs: Sequence[TokenLogprob]) -> None:
    """The log-probabilities beside the first text: which text a token is of, nobody keeps."""
    block = logprob_block(logprobs)
    texts = [piece for item in output if item["type"] == "message" for piece in item["content"]]
    if block is not None and texts:
        texts[0]["logprobs"] = block["content"]
