"""What Anthropic's SDK reads in every recorded reply of the Messages API, our codec reads too."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any

import msgspec
import pytest

import recordings
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.types.chat import ChatReply
from modelscan.types.content import ProviderPart, Reasoning, ToolCall
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import CountTokens, Messages, MessagesServer
from modelscan.wire.anthropic.decode import FINISH_REASONS
from oracle import (
    REQUEST,
    Json,
    Verdicts,
    arguments_of,
    asked,
    form,
    is_framed,
    needs_oracle,
    read_by_sdk,
    read_by_us,
    run,
    written_by_us,
)
from recordings import Recording, needs_recordings

pytestmark = needs_oracle

TARGET = Target(base_urls={"default": "https://api.anthropic.com"}, model="claude-opus-5-5")

CUT_CALLS = ("streaming/incomplete_partial_json_response.txt",)
"""Streams cut inside of a call's input: the SDK closes the JSON that it has, ours gives the text as it came."""


def api_of(one: Recording) -> str:
    """Which method answered; empty for another."""
    if one.response.status not in (200, None):
        return ""
    if one.request is None:
        return "messages"
    path = one.request.url.partition("?")[0]
    return {"messages": "messages", "count_tokens": "count_tokens"}.get(path.rpartition("/")[2], "")


@cache
def readings() -> list[tuple[str, Recording, Json]]:
    found = {repr(one): (api, one) for one in recordings.interactions(provider="anthropic") if (api := api_of(one))}
    told = read_by_sdk("sdk_anthropic_replies.py", found)
    return [(*found[key], reading) for key, reading in told.items()]


def told(reply: ChatReply[None]) -> Json:
    """Our reply in the words of the SDK's reading."""
    parts = reply.message.content
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    return {
        "id": reply.id,
        "model": reply.model,
        "finish": reply.raw_finish_reason,
        "stop_sequence": reply.extra.get("stop_sequence"),
        "usage": reply.usage,
        "text": reply.text,
        "reasoning": [[part.text, part.signature or ""] for part in thoughts if part.encrypted is None],
        "redacted": [part.encrypted for part in thoughts if part.encrypted is not None],
        "calls": [[part.id, part.name, arguments_of(part)] for part in parts if isinstance(part, ToolCall)],
        "cited": [cited.text for part in parts for cited in getattr(part, "citations", ())],
        "others": [part.extra for part in parts if isinstance(part, ProviderPart)],
        "kinds": [kind(part) for part in parts],
    }


def kind(part: Any) -> str:
    if isinstance(part, ProviderPart):
        return part.kind
    if isinstance(part, Reasoning):
        return "thinking" if part.encrypted is None else "redacted_thinking"
    return "tool_use" if isinstance(part, ToolCall) else "text"


def expected_usage(block: Json) -> Usage:
    """The vendor's input has no token in it that a prompt cache touched; ours has all.

    A compaction is billed beside the counts at the top; an advisor's tokens are those of another model.
    """
    tools, details = block.get("server_tool_use") or {}, block.get("output_tokens_details") or {}
    fetches = tools.get("web_fetch_requests")
    usage = msgspec.structs.replace(
        counts(block),
        reasoning_tokens=details.get("thinking_tokens") or 0,
        searches=tools.get("web_search_requests") or 0,
        other={"web_fetch_requests": fetches} if fetches else {},
    )
    for step in block.get("iterations") or ():
        if step["type"] == "compaction":
            usage += counts(step)
        elif step["type"] == "advisor_message":
            names = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
            advised = {f"advisor_message_{name}": getattr(counts(step), name) for name in names}
            usage += Usage(other={name: count for name, count in advised.items() if count})
    return usage


def counts(block: Json) -> Usage:
    read, written = block.get("cache_read_input_tokens") or 0, block.get("cache_creation_input_tokens") or 0
    return Usage(
        input_tokens=(block.get("input_tokens") or 0) + read + written,
        output_tokens=block.get("output_tokens") or 0,
        cached_tokens=read,
        cache_write_tokens=written,
        cache_write_1h_tokens=(block.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0,
    )


def check(reply: ChatReply[None], found: Json, *, is_cut: bool = False) -> None:
    expected = {**found, "usage": expected_usage(found["usage"])}
    if is_cut:
        assert found["calls"][0][:2] == told(reply)["calls"][0][:2]
        expected["calls"] = told(reply)["calls"]
    assert told(reply) == expected
    assert reply.finish_reason == FINISH_REASONS.get(found["finish"])


@needs_recordings
def test_every_message_says_what_the_sdk_reads(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = Verdicts("messages by Anthropic's SDK")
    for api, one, reading in readings():
        if api != "messages":
            continue
        body = one.response.body
        with verdicts.of(one, form(body)):
            check(read_by_us(Messages(), body, TARGET), reading["reply"], is_cut=one.path.endswith(CUT_CALLS))
    verdicts.tell(capsys)


@needs_recordings
def test_every_token_count_is_the_sdks() -> None:
    counted = 0
    for api, one, reading in readings():
        if api == "count_tokens":
            count = CountTokens().decode(HttpResponse(ResponseHead(200), one.response.body), REQUEST, TARGET)
            assert count == reading["reply"]
            counted += 1
    assert counted >= 5


def test_what_the_sdks_types_allow_is_read_as_the_sdk_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Every type of block, delta and stop, with all of its fields, with none that may be missing, and with nulls."""
    samples = {line["id"]: line for line in run("sdk_anthropic_samples.py")}
    verdicts = Verdicts("messages made from the SDK's types")
    lines = [asked("messages", b64decode(one["body"]), stream=one["stream"], id=name) for name, one in samples.items()]
    for reading in run("sdk_anthropic_replies.py", lines=lines):
        body = b64decode(samples[reading["id"]]["body"])
        with verdicts.of(reading["id"], form(body)):
            check(read_by_us(Messages(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)


@needs_recordings
def test_the_sdk_reads_what_our_server_s_side_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """Recorded replies, read by our codec and written anew, mean the same to the SDK."""
    originals = {
        repr(one): one.response.body
        for api, one, _ in readings()
        if api == "messages" and not one.path.endswith(CUT_CALLS)
    }
    verdicts = Verdicts("messages written by us, read by Anthropic's SDK")
    written = {key: written_by_us(MessagesServer(), Messages(), body, TARGET) for key, body in originals.items()}
    lines = [asked("messages", body, stream=is_framed(body), id=key) for key, body in written.items()]
    for reading in run("sdk_anthropic_replies.py", lines=lines):
        body = originals[reading["id"]]
        with verdicts.of(reading["id"], form(body)):
            check(read_by_us(Messages(), body, TARGET), reading["reply"])
    verdicts.tell(capsys)
