"""Embeddings and reranking."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelscan.types.content import Image
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage

EmbedPurpose = Literal["query", "document", "similarity", "classification", "clustering", "code_query"]


class EmbedRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="embed"):
    """Texts (or images, where the model takes them) to be turned into vectors.

    `purpose` is what the vectors are for, where the model tells queries from documents; `dimensions` is their length.
    """

    inputs: tuple[str | Image, ...]
    dimensions: int | None = None
    purpose: EmbedPurpose | None = None
    truncate: bool | None = None
    end_user: str | None = None
    extra: dict[str, Any] = {}


class EmbedReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="embed_reply"):
    """One vector per input, in the inputs' order."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    id: str = ""
    request_id: str = ""
    raw_body: bytes = b""

    @property
    def raw(self) -> Any:
        """The vendor's body: decoded JSON, of any shape."""
        return msgspec.json.decode(self.raw_body) if self.raw_body else None


class RerankRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="rerank"):
    """Documents to be put in order of how well they answer a query; the best `top` of them, or all."""

    query: str
    documents: tuple[str, ...]
    top: int | None = None
    extra: dict[str, Any] = {}


class Ranked(msgspec.Struct, frozen=True):
    """A document's place: `index` into the request's documents, and its score."""

    index: int
    score: float


class RerankReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind", tag="rerank_reply"):
    """The documents' places, best first."""

    results: tuple[Ranked, ...]
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    provider: str = ""
    model: str = ""
    id: str = ""
    request_id: str = ""
    raw_body: bytes = b""
