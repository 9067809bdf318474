"""Embeddings as their server reads and writes them."""

from __future__ import annotations

from typing import Any

from modelscan.types.embed import EmbedReply, EmbedRequest

Json = dict[str, Any]


def embed_request(body: Json) -> EmbedRequest:
    """The request in a body. Raises `KeyError` or `ValueError` for a body that isn't one."""
    rest = dict(body)
    given = rest.pop("input")
    inputs = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(text, str) for text in inputs):
        raise ValueError("input: tokens aren't taken, only text")
    rest.pop("encoding_format", None)
    return EmbedRequest(
        inputs=inputs, dimensions=rest.pop("dimensions", None), end_user=rest.pop("user", None), extra=rest
    )


def embed_body(reply: EmbedReply, model: str) -> Json:
    """The body of an answer."""
    rows = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(reply.vectors)]
    tokens = reply.usage.input_tokens
    usage = {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}} if reply.usage.is_reported else {}
    name = {"id": reply.id} if reply.id else {}
    return {"object": "list", **name, "data": rows, "model": reply.model or model, **usage}
