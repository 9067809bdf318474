"""Bounds of a request: nothing it can use is above them, and what has none says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest, ReasoningOptions
from modelscan.types.content import AnyPart, File, Image, Text
from modelscan.types.messages import Message, system, user
from modelscan.types.tools import JsonSchema, ProviderTool, Tool
from modelscan.wire.anthropic import MessagesMeter

SEARCH = ProviderTool("web_search_20250305", {"name": "web_search", "max_uses": 3})


def bound(*messages: Message, **fields: Any) -> Mapping[str, int | None]:
    request = ChatRequest(messages=messages or (user("Hello"),), **fields)
    return MessagesMeter().bound(request, Target(base_urls={"default": "x"}, model="claude-opus-5-5"))


@given(st.text())
def test_a_text_has_no_more_tokens_than_bytes(text: str) -> None:
    assert (bound(user(text))["input_tokens"] or 0) >= len(text.encode()) + 300


def test_system_tools_and_schemas_count_too() -> None:
    plain = bound()["input_tokens"] or 0
    tool = Tool("weather", "w" * 500)
    assert (bound(system("s" * 500), user("Hello"), tools=(tool,))["input_tokens"] or 0) >= plain + 1000 + 1700
    answer = JsonSchema({"type": "object", "properties": {"a": {"type": "string"}}})
    assert (bound(response_format=answer)["input_tokens"] or 0) >= plain + 1700


def test_the_output_is_what_the_request_allows() -> None:
    assert bound(max_output_tokens=100)["output_tokens"] == 100
    assert bound()["output_tokens"] == 16_000
    assert bound(reasoning=ReasoningOptions(budget_tokens=5000))["output_tokens"] == 21_000
    assert bound(extra={"max_tokens": 7})["output_tokens"] == 7


def test_a_picture_counts_by_its_number_not_by_its_bytes() -> None:
    small = bound(user(Image(data=b"x", media_type="image/png")))["input_tokens"] or 0
    large = bound(user(Image(data=b"x" * 300_000, media_type="image/png")))["input_tokens"] or 0
    linked = bound(user(Image(url="https://example.org/a.png")))["input_tokens"] or 0
    assert abs(large - small) < 10
    assert linked > 4_800
    assert large < 10_000


@pytest.mark.parametrize(("width", "height", "tokens"), [(200, 200, 64), (1_000, 1_000, 1_333), (8_000, 8_000, 4_800)])
def test_a_picture_counts_by_its_size_where_its_bytes_are_here(width: int, height: int, tokens: int) -> None:
    head = b"\x89PNG\r\n\x1a\n" + bytes(8) + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    found = bound(user(Image(data=head, media_type="image/png")))["input_tokens"] or 0
    unseen = bound(user(Image(path="a.png")))["input_tokens"] or 0
    assert found - (unseen - 4_800) == pytest.approx(tokens, abs=16)


def test_a_picture_in_a_tool_s_result_counts_like_any_other() -> None:
    from modelscan.types.content import ToolResult

    result = ToolResult(call_id="c", content=(Image(url="https://example.org/a.png"),))
    assert (bound(Message("tool", (result,)))["input_tokens"] or 0) > 4_800


@pytest.mark.parametrize(
    "part",
    [
        File(data=b"%PDF", media_type="application/pdf"),
        File(url="https://example.org/a.pdf"),
        File(file_id="file_1"),
    ],
)
def test_a_document_that_is_no_plain_text_has_no_bound(part: AnyPart) -> None:
    assert bound(user(part))["input_tokens"] is None


def test_a_document_of_plain_text_has_one() -> None:
    assert bound(user(File(data=b"x" * 9000, media_type="text/plain")))["input_tokens"] in range(11_000, 14_200)


def test_a_tool_that_the_vendor_runs_has_no_bound_but_for_its_searches() -> None:
    found = bound(tools=(SEARCH,))
    assert (found["input_tokens"], found["output_tokens"], found["searches"]) == (None, None, 3)
    assert bound(tools=(ProviderTool("web_search_20250305", {"name": "web_search"}),))["searches"] is None
    assert bound(tools=(ProviderTool("bash_20250124", {"name": "bash"}),))["searches"] == 0
    assert bound()["searches"] == 0


@pytest.mark.parametrize(
    "extra",
    [{"context_management": {"edits": []}}, {"container": "c"}, {"mcp_servers": []}, {"tools": [{"type": "bash"}]}],
)
def test_what_changes_the_context_has_no_bound(extra: dict[str, Any]) -> None:
    assert bound(extra=extra)["input_tokens"] is None


def test_what_is_written_to_a_cache_is_no_more_than_the_input() -> None:
    assert bound()["cache_write_tokens"] == 0
    marked = bound(Message("user", (Text(text="Hello", cache="5m"),)))
    assert marked["cache_write_tokens"] == marked["input_tokens"]
    assert marked["cache_write_1h_tokens"] == 0
    for longer in (bound(tools=(Tool("t", cache="1h"),)), bound(extra={"cache_control": {"type": "ephemeral"}})):
        assert longer["cache_write_1h_tokens"] == longer["input_tokens"]
