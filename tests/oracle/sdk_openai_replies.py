"""What OpenAI's SDK reads in recorded replies. Runs in the oracle's environment."""

from __future__ import annotations

from typing import Any

import httpx2  # type: ignore[import-not-found]  # the oracle's environment has it
import openai  # type: ignore[import-not-found]  # the same
from openai.lib.streaming.chat import ChatCompletionStreamState  # type: ignore[import-not-found]  # the same
from sdk_lines import Json, answer, parsed, plain  # type: ignore[import-not-found]  # beside this script


def client(asked: Json, body: bytes) -> Any:
    """A client whose every request is answered with these bytes."""
    headers = [(name, value) for name, value in asked["headers"] if name in ("content-type", "x-request-id")]
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=body))
    http_client = httpx2.Client(transport=transport)
    return openai.OpenAI(api_key="sk-oracle", base_url="http://127.0.0.1/v1", http_client=http_client, max_retries=0)


def chat(asked: Json, body: bytes) -> Json:
    """A chat completion; pieces of one are joined by the SDK's own accumulator."""
    ask: Json = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    if not asked["stream"]:
        return completion(client(asked, body).chat.completions.create(**ask))
    state = ChatCompletionStreamState()
    told = {"id": "", "model": ""}
    for chunk in client(asked, body).chat.completions.create(**ask, stream=True):
        state.handle_chunk(chunk)
        told = {name: value or getattr(chunk, name) for name, value in told.items()}
    return completion(state.current_completion_snapshot) | told  # the accumulator knows only those of the first chunk


def completion(found: Any) -> Json:
    """What is compared of a chat completion."""
    return {
        "id": found.id,
        "model": found.model,
        "usage": plain(found.usage),
        "choices": [choice(one) for one in sorted(found.choices or (), key=lambda one: one.index or 0)],
    }


def choice(found: Any) -> Json:
    """What is compared of one answer."""
    message = found.message
    audio = getattr(message, "audio", None)
    logprobs = found.logprobs
    tokens = [*(logprobs.content or ()), *(logprobs.refusal or ())] if logprobs else []
    return {
        "text": getattr(message, "content", None) or "",
        "refusal": getattr(message, "refusal", None) or "",
        "calls": [call(one) for one in getattr(message, "tool_calls", None) or ()] or legacy(message),
        "finish": found.finish_reason or "",
        "logprobs": [[token.token, token.logprob, len(token.top_logprobs or ())] for token in tokens],
        "cited": [plain(one).get("url_citation", {}).get("url") for one in getattr(message, "annotations", None) or ()],
        "audio": [audio.id, audio.transcript] if audio else None,
    }


def call(found: Any) -> list[Any]:
    """A tool call: id, name, arguments."""
    custom = getattr(found, "custom", None)
    if custom is not None:
        return [found.id, custom.name, custom.input]
    return [found.id, found.function.name, parsed(found.function.arguments)]


def legacy(message: Any) -> list[Any]:
    """A call as the API told it before there were tools; it has no id."""
    found = getattr(message, "function_call", None)
    return [[None, found.name, parsed(found.arguments)]] if found and found.name else []


def responses(asked: Json, body: bytes) -> Json:
    """A response; of a stream, the whole one that its last event tells."""
    sdk = client(asked, body)
    if not asked["stream"]:
        return response(sdk.responses.create(model="m", input="hi"))
    last, items = None, []
    for event in sdk.responses.create(model="m", input="hi", stream=True):
        if event.type == "response.output_item.done":
            items.append(event.item)
        if event.type in ("response.completed", "response.incomplete", "response.failed"):
            last = event.response
            last.output = last.output or items  # some servers leave it empty at the end
    return response(last)


def response(found: Any) -> Json:
    """What is compared of a response."""
    items = [plain(item) for item in found.output or ()]
    return {
        "id": found.id,
        "model": found.model,
        "status": found.status,
        "incomplete": found.incomplete_details.reason if found.incomplete_details else None,
        "usage": plain(found.usage),
        "text": found.output_text,
        "refusal": "".join(
            part["refusal"]
            for item in items
            if item["type"] == "message"
            for part in item["content"]
            if part["type"] == "refusal"
        ),
        "reasoning": "".join(thoughts(item) for item in items if item["type"] == "reasoning"),
        "encrypted": [item.get("encrypted_content") for item in items if item["type"] == "reasoning"],
        "calls": [
            [item["call_id"], item["name"], parsed(item["arguments"])]
            for item in items
            if item["type"] == "function_call"
        ],
        "custom_calls": [
            [item["call_id"], item["name"], item["input"]] for item in items if item["type"] == "custom_tool_call"
        ],
        "cited": [
            annotation.get("url") or annotation.get("file_id")
            for item in items
            if item["type"] == "message"
            for part in item["content"]
            for annotation in part.get("annotations") or ()
        ],
        "kinds": [item["type"] for item in items for _ in (item["content"] if item["type"] == "message" else "1")],
    }


def thoughts(item: Json) -> str:
    """What a reasoning item tells: the paragraphs of its summary, and the thoughts themselves."""
    summary = "\n\n".join(part["text"] for part in item.get("summary") or () if part["text"])
    return summary + "".join(part["text"] for part in item.get("content") or ())


def embeddings(asked: Json, body: bytes) -> Json:
    """Vectors, in the inputs' order."""
    found = client(asked, body).embeddings.create(model="m", input="hi")
    inputs = sorted(found.data, key=lambda one: one.index)
    return {"model": found.model, "vectors": [one.embedding for one in inputs], "usage": plain(found.usage)}


if __name__ == "__main__":
    answer({"chat": chat, "responses": responses, "embeddings": embeddings})
