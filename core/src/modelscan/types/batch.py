"""Batches: many requests at once, answered within a day, at a lower price."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.embed import EmbedReply, EmbedRequest
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="batch"):
    """Requests of one kind for one model."""

    requests: tuple[ChatRequest | EmbedRequest, ...]
    extra: dict[str, Any] = {}


class BatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one request: a reply, or an error in the vendor's words with its status and code."""

    reply: ChatReply[None] | EmbedReply | None = None
    error: str = ""
    status: int | None = None
    code: str = ""


class BatchReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="batch_reply"):
    """One item for each request, in order."""

    items: tuple[BatchItem, ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""
