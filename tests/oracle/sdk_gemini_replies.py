"""What Google's SDK reads in recorded replies. Runs in the oracle's environment."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import httpx2  # type: ignore[import-not-found]  # the oracle's environment has it
from google import genai  # type: ignore[import-not-found]  # the same
from google.genai import types  # type: ignore[import-not-found]  # the same
from google.oauth2.credentials import Credentials  # type: ignore[import-not-found]  # the same
from sdk_lines import Json, answer, plain  # type: ignore[import-not-found]  # beside this script

ANSWER: Json = {}
"""What every request is answered with now: a client costs too much to make one for each."""


def client(asked: Json, body: bytes) -> Any:
    """A client whose next request is answered with these bytes; `vertex` tells which of the two services'."""
    ANSWER["headers"] = [(name, value) for name, value in asked["headers"] if name == "content-type"]
    ANSWER["content"] = body
    return _client(bool(asked.get("vertex")))


@cache
def _client(is_vertex: bool) -> Any:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, **ANSWER))
    options = types.HttpOptions(
        base_url="http://127.0.0.1", httpx_client=httpx2.Client(transport=transport), retry_options=None
    )
    if is_vertex:
        credentials = Credentials(token="t")
        return genai.Client(vertexai=True, project="p", location="l", credentials=credentials, http_options=options)
    return genai.Client(api_key="k", http_options=options)


def generate(asked: Json, body: bytes) -> Json:
    """An answer; the SDK gives a stream's chunks as they are, so they are joined here."""
    models = client(asked, body).models
    if not asked["stream"]:
        return joined([models.generate_content(model="m", contents="hi")])
    return joined(list(models.generate_content_stream(model="m", contents="hi")))


def joined(chunks: list[Any]) -> Json:
    """What is compared of an answer."""
    choices: dict[int, Json] = {}
    told: Json = {"id": None, "model": None, "usage": {}, "is_blocked": False}
    for chunk in chunks:
        told["is_blocked"] |= chunk.prompt_feedback is not None and not chunk.candidates
        told["id"] = told["id"] or chunk.response_id
        told["model"] = told["model"] or chunk.model_version
        told["usage"] |= {
            name: value for name, value in (plain(chunk.usage_metadata) or {}).items() if value is not None
        }
        for candidate in chunk.candidates or ():
            found = choices.setdefault(candidate.index or 0, {"text": "", "thought": "", "calls": [], "others": []})
            add(found, candidate)
    return {**told, "choices": [choices[index] for index in sorted(choices)]}


def add(found: Json, candidate: Any) -> None:
    """Add what a chunk tells of an answer."""
    for part in (candidate.content.parts if candidate.content else None) or ():
        if part.text is not None:
            found["thought" if part.thought else "text"] += part.text
        elif part.function_call is not None:
            call = part.function_call
            found["calls"].append([call.id, call.name, call.args or {}])
        elif part.inline_data is not None and part.inline_data.data is not None:
            data = base64.b64encode(part.inline_data.data).decode()
            found["others"].append(["inline_data", part.inline_data.mime_type, data])
        else:
            names = [name for name, value in part if value is not None and name not in MARKS]
            if names:
                found["others"].append([types.Part.model_fields[name].alias or name for name in names])
        if part.thought_signature:
            signature = base64.b64encode(part.thought_signature).decode()
            found.setdefault("signatures", []).append(signature)
    if candidate.finish_reason:
        found["finish"] = candidate.finish_reason.value
    if candidate.grounding_metadata and candidate.grounding_metadata.grounding_chunks:
        found["sources"] = len(candidate.grounding_metadata.grounding_chunks)
    if candidate.logprobs_result:
        chosen = candidate.logprobs_result.chosen_candidates or ()
        found.setdefault("logprobs", []).extend([one.token, one.log_probability] for one in chosen)


MARKS = ("thought", "thought_signature", "video_metadata", "media_resolution", "part_metadata")


def embed(asked: Json, body: bytes) -> Json:
    """Vectors, in the inputs' order."""
    alone = json.loads(body).get("embedding")  # of a method that the SDK doesn't call
    many = body if alone is None else json.dumps({"embeddings": [alone]}).encode()
    found = client(asked, many).models.embed_content(model="m", contents="hi")
    return {"vectors": [one.values for one in found.embeddings or ()]}


if __name__ == "__main__":
    answer({"generate": generate, "embed": embed})
