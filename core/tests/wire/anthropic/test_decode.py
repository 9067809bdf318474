"""Whole answers, as leniently read as the vendor allows itself to write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import DecodeError
from modelscan.types.chat import ChatReply, ChatRequest
from modelscan.types.content import Citation, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import user
from modelscan.types.tools import JsonSchema
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import CountTokens, Messages, Models
from modelscan.wire.anthropic.citations import citation, citation_block

REQUEST = ChatRequest(messages=(user("Hello"),))


def target(model: str = "claude-opus-5-5") -> Target:
    return Target(base_urls={"default": "https://api.anthropic.com"}, model=model)


def decoded(body: dict[str, Any], request: ChatRequest = REQUEST, model: str = "claude-opus-5-5") -> ChatReply[None]:
    response = HttpResponse(ResponseHead(200, (("request-id", "req_1"),)), json.dumps(body).encode())
    return Messages().decode(response, request, target(model))


def message(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "model": "claude-opus-5-5", "content": list(content), **fields}


def test_an_answer_keeps_its_words_its_ids_and_its_body() -> None:
    body = message({"type": "text", "text": "Hello"}, stop_reason="end_turn")
    reply = decoded(body)
    assert (reply.text, reply.id, reply.model, reply.request_id) == ("Hello", "msg_1", "claude-opus-5-5", "req_1")
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "end_turn")
    assert reply.message.wire == "anthropic"
    assert reply.raw == body


def test_every_field_may_be_null_or_absent() -> None:
    blocks = [
        {"type": kind, "text": None, "thinking": None, "citations": None, "id": None, "input": None} for kind in KINDS
    ]
    body = message(*blocks, id=None, model=None, stop_reason=None, usage={"input_tokens": None, "cache_creation": None})
    assert decoded(body).message.content == EMPTY
    assert decoded(message(*[{"type": kind} for kind in KINDS])).message.content == EMPTY
    assert decoded({"type": "message"}).message.content == ()


KINDS = ("text", "thinking", "redacted_thinking", "tool_use")
EMPTY = (Text(text=""), Reasoning(), Reasoning(encrypted=""), ToolCall(id="", name="", arguments="{}"))


def test_no_usage_is_not_a_usage_of_zero() -> None:
    assert not decoded(message()).usage.is_reported
    assert decoded(message(usage={})).usage.is_reported


def test_thoughts_keep_what_proves_them() -> None:
    reply = decoded(
        message(
            {"type": "thinking", "thinking": "Hm.", "signature": "SIG"},
            {"type": "redacted_thinking", "data": "SECRET"},
        )
    )
    assert reply.message.content == (Reasoning(text="Hm.", signature="SIG"), Reasoning(encrypted="SECRET"))


def test_the_arguments_of_a_call_are_the_very_text_that_came() -> None:
    body = b'{"type":"message","content":[{"type":"tool_use","id":"t","name":"f","input":{ "a" : 1.50 }}]}'
    reply = Messages().decode(HttpResponse(ResponseHead(200), body), REQUEST, target())
    assert reply.tool_calls == (ToolCall(id="t", name="f", arguments='{ "a" : 1.50 }'),)


def test_who_called_a_tool_is_kept() -> None:
    block = {
        "type": "tool_use",
        "id": "t",
        "name": "f",
        "input": {},
        "caller": {"type": "direct"},
        "toolset_name": None,
    }
    assert decoded(message(block)).tool_calls[0].extra == {"caller": {"type": "direct"}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"url": "u", "page_age": None}]},
        {"type": "compaction", "content": None},
        {"type": "unheard_of", "text": {"not": "text"}, "input": 3},
        {"text": "no type"},
    ],
)
def test_a_block_of_a_type_not_known_here_is_kept_as_it_came(block: dict[str, Any]) -> None:
    assert decoded(message(block)).message.content == (ProviderPart(kind=block.get("type", ""), extra=block),)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("pause_turn", "pause"),
        ("compaction", "pause"),
        ("refusal", "refusal"),
        ("something_new", "other"),
        (None, None),
    ],
)
def test_each_reason_to_stop_has_a_neutral_word(word: str | None, reason: str | None) -> None:
    reply = decoded(message(stop_reason=word))
    assert (reply.finish_reason, reply.raw_finish_reason) == (reason, word or "")


def test_what_only_this_vendor_tells_is_in_extra() -> None:
    told = {
        "stop_sequence": "END",
        "stop_details": {"type": "refusal", "category": "cyber"},
        "container": {"id": "c"},
        "context_management": {"applied_edits": []},
        "diagnostics": {"cache_miss": "model"},
    }
    words = {"service_tier": "priority", "inference_geo": "us", "speed": "fast"}
    assert decoded(message(**told, usage=words)).extra == {**told, **words}


def test_the_whole_prompt_is_counted_with_what_a_cache_took() -> None:
    usage = {
        "input_tokens": 10,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 40},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
    }
    assert decoded(message(usage=usage)).usage == Usage(
        input_tokens=140,
        output_tokens=50,
        cached_tokens=100,
        cache_write_tokens=30,
        cache_write_1h_tokens=10,
        reasoning_tokens=40,
        searches=2,
        other={"web_fetch_requests": 1},
    )


def test_a_cache_write_told_by_lifetime_alone_is_counted_too() -> None:
    usage = {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 3}}
    assert decoded(message(usage=usage)).usage.input_tokens == 6
    assert decoded(message(usage=usage)).usage.cache_write_tokens == 5


def test_a_compaction_is_billed_beside_the_counts_and_an_advisor_by_itself() -> None:
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "iterations": [
            {"type": "compaction", "input_tokens": 1000, "output_tokens": 100},
            {"type": "message", "input_tokens": 10, "output_tokens": 5},
            {"type": "advisor_message", "input_tokens": 7, "output_tokens": 3},
        ],
    }
    found = decoded(message(usage=usage)).usage
    assert (found.input_tokens, found.output_tokens) == (1010, 105)
    assert found.other == {"advisor_message_input_tokens": 7, "advisor_message_output_tokens": 3}


ANSWER = ChatRequest(messages=(user("Who?"),), response_format=JsonSchema({"type": "object"}, name="person"))


def test_the_call_of_the_answer_s_own_tool_is_the_answer() -> None:
    body = message({"type": "tool_use", "id": "t", "name": "person", "input": {"name": "Ada"}}, stop_reason="tool_use")
    reply = decoded(body, ANSWER, "claude-3-5-haiku-20241022")
    assert reply.message.content == (Text(text='{"name": "Ada"}'),)
    assert (reply.finish_reason, reply.raw_finish_reason) == ("stop", "tool_use")


def test_another_tool_called_first_is_a_call() -> None:
    body = message({"type": "tool_use", "id": "t", "name": "other", "input": {}}, stop_reason="tool_use")
    assert decoded(body, ANSWER, "claude-3-5-haiku-20241022").finish_reason == "tool_calls"


def test_a_model_that_keeps_schemas_has_no_tool_for_its_answer() -> None:
    body = message({"type": "tool_use", "id": "t", "name": "person", "input": {}}, stop_reason="tool_use")
    assert len(decoded(body, ANSWER).tool_calls) == 1


CITATIONS = [
    (
        {
            "type": "char_location",
            "cited_text": "green",
            "document_index": 0,
            "document_title": "T",
            "start_char_index": 1,
            "end_char_index": 6,
            "file_id": "file_1",
        },
        Citation(
            title="T",
            text="green",
            document="0",
            location="char",
            source_start=1,
            source_end=6,
            extra={"file_id": "file_1"},
        ),
    ),
    (
        {
            "type": "page_location",
            "cited_text": "green",
            "document_index": 2,
            "document_title": None,
            "start_page_number": 3,
            "end_page_number": 4,
        },
        Citation(text="green", document="2", location="page", source_start=3, source_end=4),
    ),
    (
        {
            "type": "content_block_location",
            "cited_text": "green",
            "document_index": 0,
            "document_title": None,
            "start_block_index": 0,
            "end_block_index": 1,
        },
        Citation(text="green", document="0", location="block", source_start=0, source_end=1),
    ),
    (
        {
            "type": "search_result_location",
            "cited_text": "green",
            "search_result_index": 1,
            "source": "https://e.org",
            "title": "E",
            "start_block_index": 0,
            "end_block_index": 2,
        },
        Citation(
            url="https://e.org",
            title="E",
            text="green",
            document="1",
            location="search_result",
            source_start=0,
            source_end=2,
        ),
    ),
    (
        {
            "type": "web_search_result_location",
            "cited_text": "green",
            "url": "https://e.org",
            "title": None,
            "encrypted_index": "I",
        },
        Citation(url="https://e.org", text="green", location="url", extra={"encrypted_index": "I"}),
    ),
    (
        {"type": "moon_location", "cited_text": "green", "crater": 5},
        Citation(
            text="green",
            location="moon_location",
            extra={"type": "moon_location", "cited_text": "green", "crater": 5},
        ),
    ),
]


@pytest.mark.parametrize(("block", "expected"), CITATIONS)
def test_each_kind_of_place_is_cited_and_told_again(block: dict[str, Any], expected: Citation) -> None:
    found = decoded(message({"type": "text", "text": "x", "citations": [block]}))
    assert found.citations == (expected,)
    assert citation_block(expected) == block


def test_a_citation_without_numbers_is_one_all_the_same() -> None:
    assert citation({"type": "char_location", "cited_text": "x"}) == Citation(text="x", location="char")
    assert citation_block(Citation(text="x", location="char", document="by name")) == {
        "type": "char_location",
        "cited_text": "x",
        "document_index": None,
        "document_title": None,
        "start_char_index": None,
        "end_char_index": None,
    }


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"content":["text"]}', b'{"content":"text"}'])
def test_a_body_that_is_no_message_says_so(body: bytes) -> None:
    with pytest.raises(DecodeError):
        Messages().decode(HttpResponse(ResponseHead(200), body), REQUEST, target())


def test_a_token_count_is_read_and_nonsense_refused() -> None:
    assert CountTokens().decode(HttpResponse(ResponseHead(200), b'{"input_tokens":7}'), REQUEST, target()) == 7
    with pytest.raises(DecodeError, match="token count"):
        CountTokens().decode(HttpResponse(ResponseHead(200), b"{}"), REQUEST, target())


def test_a_list_of_models_is_read_and_nonsense_refused() -> None:
    body = b'{"data":[{"id":"claude-opus-5-5"},{"id":"claude-haiku-5-5"}],"has_more":false}'
    names = Models().decode(HttpResponse(ResponseHead(200), body), None, target())
    assert names == ("claude-opus-5-5", "claude-haiku-5-5")
    with pytest.raises(DecodeError, match="list of models"):
        Models().decode(HttpResponse(ResponseHead(200), b"[]"), None, target())
