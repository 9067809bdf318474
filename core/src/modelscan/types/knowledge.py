"""Moderation and search: what may be said, and what is known elsewhere."""

from __future__ import annotations

from typing import Any

import msgspec

from modelscan.types.content import Image
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage


class ModerationRequest(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="moderation"
):
    """Texts or images to be judged."""

    inputs: tuple[str | Image, ...]
    extra: dict[str, Any] = {}


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """The judgement of one input: a score from 0 to 1 per category, and the categories it was flagged for."""

    is_flagged: bool
    categories: tuple[str, ...] = ()
    scores: dict[str, float] = {}


class ModerationReply(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="moderation_reply"
):
    """One verdict per input, in the inputs' order."""

    verdicts: tuple[Verdict, ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""
    raw_body: bytes = b""


class SearchRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="search"):
    """A question to a search service. `since`/`until` are ISO 8601 dates."""

    query: str
    count: int | None = None
    include_domains: tuple[str, ...] = ()
    exclude_domains: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    with_content: bool = False
    extra: dict[str, Any] = {}


class SearchHit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page that was found."""

    url: str
    title: str = ""
    snippet: str = ""
    content: str = ""
    score: float | None = None
    published: str | None = None


class SearchReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="search_reply"):
    """The pages found, best first, and the service's own answer where it gives one."""

    hits: tuple[SearchHit, ...]
    answer: str = ""
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    request_id: str = ""
    raw_body: bytes = b""
