"""Whole answers, streamed ones, and the laws between them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import ContentFilterError, DecodeError, OverloadedError, StreamCutError
from modelscan.streams.fold import ChatFold
from modelscan.types.chat import AudioOptions, ChatChunk, ChatReply, ChatRequest, TokenLogprob
from modelscan.types.content import Audio, Citation, File, Image, ProviderPart, Reasoning, Text, ToolCall
from modelscan.types.messages import user
from modelscan.types.usage import Usage
from modelscan.wire.gemini import GeminiServer, GenerateContent
from modelscan.wire.gemini.partial_calls import keys_of

TARGET = Target(base_urls={"default": "https://g.example/v1beta"}, model="gemini-2.5-flash")
REQUEST = ChatRequest(messages=(user("Hello"),))
SPOKEN = ChatRequest(messages=(user("Hello"),), audio=AudioOptions("Kore"))
SSE = ResponseHead(200, (("content-type", "text/event-stream"),))
ARRAY = ResponseHead(200, (("content-type", "application/json; charset=UTF-8"),))
PCM = "audio/L16;codec=pcm;rate=24000"

Json = dict[str, Any]


def whole(body: Any, request: ChatRequest = REQUEST) -> ChatReply[None]:
    reply = GenerateContent().decode(HttpResponse(ResponseHead(200), msgspec.json.encode(body)), request, TARGET)
    return msgspec.structs.replace(reply, raw_body=b"")


def candidate(*parts: Json, finish: str | None = "STOP", **fields: Any) -> Json:
    reason = {} if finish is None else {"finishReason": finish}
    return {"content": {"parts": list(parts), "role": "model"}, **reason, **fields}


def answer(*parts: Json, **fields: Any) -> Json:
    return {"candidates": [candidate(*parts, **fields)]}


def piece(*parts: Json, **fields: Any) -> Json:
    return answer(*parts, **{"finish": None, **fields})


def chunks_of(*values: Json, head: ResponseHead = SSE, request: ChatRequest = REQUEST) -> list[ChatChunk]:
    if head is SSE:
        data = b"".join(b"data: " + msgspec.json.encode(value) + b"\r\n\r\n" for value in values)
    else:
        data = msgspec.json.encode(list(values))
    decoder = GenerateContent().decoder(head, request, TARGET)
    frames = [*decoder.framing.feed(data), *decoder.framing.finish()]
    chunks = [chunk for frame in frames for chunk in decoder.feed(frame)]
    return [*chunks, *decoder.finish(cut=False)]


def folded(chunks: Sequence[ChatChunk]) -> ChatReply[None]:
    fold = ChatFold()
    for chunk in chunks:
        fold.add(chunk)
    return fold.reply()


def streamed(*values: Json, **kwargs: Any) -> ChatReply[None]:
    return folded(chunks_of(*values, **kwargs))


def inline(media_type: str, data: bytes) -> Json:
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(data).decode()}}


# --- Parts ------------------------------------------------------------------------------------------------------------

KINDS: dict[str, tuple[Json, Any]] = {
    "text": ({"text": "Hi."}, Text(text="Hi.")),
    "signed text": ({"text": "Hi.", "thoughtSignature": "s"}, Text(text="Hi.", signature="s")),
    "a signature alone": ({"text": "", "thoughtSignature": "s"}, Text(text="", signature="s")),
    "a thought": ({"text": "Hm.", "thought": True}, Reasoning(text="Hm.")),
    "a signed thought": (
        {"text": "Hm.", "thought": True, "thoughtSignature": "s"},
        Reasoning(text="Hm.", signature="s"),
    ),
    "a thought's signature alone": (
        {"text": "", "thought": True, "thoughtSignature": "s"},
        Reasoning(text="", signature="s"),
    ),
    "a call": (
        {"functionCall": {"id": "c1", "name": "f", "args": {"a": [1, "é"]}}, "thoughtSignature": "s"},
        ToolCall(id="c1", name="f", arguments='{"a":[1,"é"]}', signature="s"),
    ),
    "a call without arguments": (
        {"functionCall": {"name": "f"}},
        ToolCall(id="gemini-call-r-0", name="f", arguments="{}"),
    ),
    "a call with none": (
        {"functionCall": {"id": "c", "name": "f", "args": None}},
        ToolCall(id="c", name="f", arguments="{}"),
    ),
    "a picture": (inline("image/png", b"png"), Image(data=b"png", media_type="image/png")),
    "a picture on the way": (
        {**inline("image/png", b"png"), "thought": True, "thoughtSignature": "s"},
        Image(data=b"png", media_type="image/png", signature="s", extra={"thought": True}),
    ),
    "a document": (inline("application/pdf", b"pdf"), File(data=b"pdf", media_type="application/pdf")),
    "a file elsewhere": (
        {"fileData": {"fileUri": "gs://b/o.png", "mimeType": "image/png"}},
        Image(file_id="gs://b/o.png", media_type="image/png"),
    ),
    "code": (
        {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "s"},
        ProviderPart(
            kind="executableCode", extra={"executableCode": {"language": "PYTHON", "code": "1"}}, signature="s"
        ),
    ),
    "its result": (
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        ProviderPart(
            kind="codeExecutionResult", extra={"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}
        ),
    ),
    "something new": ({"hologram": {"a": 1}}, ProviderPart(kind="hologram", extra={"hologram": {"a": 1}})),
    "something new with marks": (
        {"videoMetadata": {"fps": 2}, "partMetadata": {"b": 1}, "hologram": {"a": 1}},
        ProviderPart(
            kind="hologram", extra={"videoMetadata": {"fps": 2}, "partMetadata": {"b": 1}, "hologram": {"a": 1}}
        ),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_part_is_read_the_same_whole_and_streamed(name: str) -> None:
    block, part = KINDS[name]
    body = {**answer(block), "responseId": "r"}
    assert whole(body).message.content == (part,)
    assert streamed(body) == whole(body)


@pytest.mark.parametrize("name", KINDS)
def test_a_part_survives_the_server(name: str) -> None:
    block, _ = KINDS[name]
    body = {**answer(block), "responseId": "r"}
    server = GeminiServer()
    call = server.parse(GenerateContent().encode_stream(REQUEST, TARGET))
    reply = whole(body)
    again = GenerateContent().decode(server.reply(reply, call), REQUEST, TARGET)
    assert msgspec.structs.replace(again, raw_body=b"") == reply
    encoder = server.stream(call)
    data = b"".join([*map(encoder.encode, chunks_of(body)), encoder.finish()])
    decoder = GenerateContent().decoder(ResponseHead(*encoder.head), REQUEST, TARGET)
    chunks = [chunk for frame in decoder.framing.feed(data) for chunk in decoder.feed(frame)]
    assert folded([*chunks, *decoder.finish(cut=False)]) == reply


def test_text_that_is_empty_or_missing_is_no_part() -> None:
    body = answer({"text": ""}, {}, {"text": None}, {"thought": False}, {"text": "", "thought": True})
    assert whole(body).message.content == ()
    assert streamed(body) == whole(body)


def test_neighbours_of_a_kind_are_one_part_unless_one_is_signed() -> None:
    parts: list[dict[str, Any]] = [
        {"text": "H", "thought": True},
        {"text": "m", "thought": True},
        {"text": "a"},
        {"text": ""},
        {"text": "b"},
        {"text": "c", "thoughtSignature": "s"},
        {"text": "d"},
    ]
    expected = (Reasoning(text="Hm"), Text(text="ab"), Text(text="c", signature="s"), Text(text="d"))
    assert whole(answer(*parts)).message.content == expected
    assert streamed(*[piece(part) for part in parts], answer()).message.content == expected


PARTS = st.lists(st.sampled_from([block for block, _ in KINDS.values()]), max_size=8)


@given(PARTS, st.lists(st.integers(0, 8), max_size=4))
def test_a_stream_folds_to_the_whole_answer_wherever_it_was_cut_into_chunks(parts: list[Json], cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(parts)) for cut in cuts), len(parts)]
    values = [piece(*parts[start:end]) for start, end in pairwise(places)]
    beside = {"responseId": "r", "modelVersion": "m", "usageMetadata": {"promptTokenCount": 3}}
    values = [{**value, **beside} for value in [*values, answer()]]
    expected = whole({**answer(*parts), **beside})
    assert streamed(*values) == expected
    assert streamed(*values, head=ARRAY) == expected


# --- Around the parts -------------------------------------------------------------------------------------------------


def test_an_answer_that_calls_functions_stops_for_them_wherever_they_stood() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    reply = streamed({**piece(call, call), "responseId": "r"}, answer())
    assert (reply.finish_reason, reply.raw_finish_reason) == ("tool_calls", "STOP")
    assert [one.id for one in reply.tool_calls] == ["gemini-call-r-0", "gemini-call-r-1"]
    assert whole({**answer(call, call), "responseId": "r"}) == reply


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("MAX_TOKENS", "length"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("NEW", "other"),
    ],
)
def test_a_finish_reason_is_normalised(word: str, reason: str) -> None:
    reply = whole(answer({"text": "a"}, finish=word, finishMessage="why"))
    assert (reply.finish_reason, reply.raw_finish_reason, reply.extra) == (reason, word, {"finishMessage": "why"})


def test_several_answers_keep_apart() -> None:
    first, second = candidate({"text": "a"}, index=0), candidate({"functionCall": {"name": "f"}}, index=1)
    body = {"candidates": [first, second], "responseId": "r"}
    reply = whole(body)
    assert reply.text == "a"
    assert reply.alternatives[0].message.tool_calls[0].id == "gemini-call-r-1-0"
    assert reply.alternatives[0].finish_reason == "tool_calls"
    assert streamed({**body, "candidates": [second]}, {**body, "candidates": [first]}) == reply
    server = GeminiServer()
    call = server.parse(GenerateContent().encode(REQUEST, TARGET))
    again = GenerateContent().decode(server.reply(reply, call), REQUEST, TARGET)
    assert msgspec.structs.replace(again, raw_body=b"") == reply


USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 60,
    "toolUsePromptTokenCount": 10,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 30,
    "totalTokenCount": 160,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 40},
        {"modality": "IMAGE", "tokenCount": 50},
        {"modality": "VIDEO", "tokenCount": 10},
    ],
    "toolUsePromptTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}],
    "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 20}],
    "serviceTier": "flex",
}


def test_usage_counts_thoughts_and_the_vendors_tools() -> None:
    grounded = {"webSearchQueries": ["a", "b"]}
    body = {**answer({"text": "a"}, groundingMetadata=grounded), "usageMetadata": USAGE}
    reply = whole(body)
    assert reply.usage == Usage(
        input_tokens=110,
        output_tokens=50,
        cached_tokens=60,
        reasoning_tokens=30,
        image_input_tokens=55,
        audio_output_tokens=20,
        searches=2,
        other={"video_input_tokens": 10},
    )
    assert reply.extra == {"serviceTier": "flex", "groundingMetadata": grounded}
    assert streamed(body) == reply


def test_thoughts_that_the_service_counted_in_the_candidates_are_not_counted_twice() -> None:
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 9, "thoughtsTokenCount": 4, "totalTokenCount": 14}
    assert whole({**answer(), "usageMetadata": usage}).usage == Usage(
        input_tokens=5, output_tokens=9, reasoning_tokens=4
    )


def test_a_count_that_a_later_chunk_leaves_out_keeps_its_value() -> None:
    first = {**piece({"text": "a"}), "usageMetadata": {"promptTokenCount": 5, "thoughtsTokenCount": 4}}
    last = {**answer({"text": "b"}), "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}}
    assert streamed(first, last).usage == Usage(input_tokens=5, output_tokens=6, reasoning_tokens=4)


def test_nothing_counted_is_unreported() -> None:
    body = {**answer({"text": "a"}), "usageMetadata": {"trafficType": "ON_DEMAND"}}
    assert not whole(body).usage.is_reported
    assert streamed(body) == whole(body)
    searched = answer({"text": "a"}, groundingMetadata={"webSearchQueries": ["q"]})
    assert whole(searched).usage == Usage(searches=1, is_reported=False)


GROUNDING = {
    "webSearchQueries": ["q"],
    "groundingChunks": [
        {"web": {"uri": "https://a.example", "title": "A", "domain": "a.example"}},
        {"retrievedContext": {"uri": "https://b.example", "title": "B", "text": "said so", "documentName": "d"}},
        {"image": {"sourceUri": "https://c.example", "title": "C", "imageUri": "https://c.example/c.png"}},
    ],
    "groundingSupports": [
        {
            "segment": {"endIndex": 5, "text": "Spain"},
            "groundingChunkIndices": [0, 1, 9],
            "confidenceScores": [0.9],
        },
        {"segment": {"startIndex": 6, "endIndex": 9, "partIndex": 1}, "groundingChunkIndices": [0]},
    ],
}
CITED = (
    Citation(
        url="https://a.example",
        title="A",
        start=0,
        end=5,
        location="web",
        extra={"domain": "a.example", "confidenceScore": 0.9, "segmentText": "Spain"},
    ),
    Citation(
        url="https://b.example",
        title="B",
        text="said so",
        start=0,
        end=5,
        document="d",
        location="retrievedContext",
        extra={"segmentText": "Spain"},
    ),
    Citation(
        url="https://a.example",
        title="A",
        start=6,
        end=9,
        location="web",
        extra={"domain": "a.example", "partIndex": 1},
    ),
    Citation(url="https://c.example", title="C", location="image", extra={"imageUri": "https://c.example/c.png"}),
    Citation(url="https://r.example", start=0, end=4, location="recitation", extra={"license": "mit"}),
)
RECITED = {"citationSources": [{"endIndex": 4, "uri": "https://r.example", "license": "mit"}]}


def test_sources_are_cited_in_the_text_and_what_else_is_told_of_them_stays() -> None:
    body = answer({"text": "Spain won"}, groundingMetadata=GROUNDING, citationMetadata=RECITED)
    reply = whole(body)
    assert reply.citations == CITED
    assert reply.extra == {"groundingMetadata": {"webSearchQueries": ["q"]}}
    first = piece({"text": "Spain"}, citationMetadata=RECITED)
    assert streamed(first, answer({"text": " won"}, groundingMetadata=GROUNDING, citationMetadata=RECITED)) == reply


def test_citations_survive_the_server() -> None:
    reply = whole(answer({"text": "Spain won"}, groundingMetadata=GROUNDING, citationMetadata=RECITED))
    server = GeminiServer()
    call = server.parse(GenerateContent().encode(REQUEST, TARGET))
    again = GenerateContent().decode(server.reply(reply, call), REQUEST, TARGET)
    assert msgspec.structs.replace(again, raw_body=b"") == reply
    encoder = server.stream(call)
    part = Text(text="Spain won", citations=reply.citations)
    chunks = [ChatChunk(part=part, usage=reply.usage), ChatChunk(finish_reason="stop", reply_extra=reply.extra)]
    data = b"".join([*map(encoder.encode, chunks), encoder.finish()])
    decoder = GenerateContent().decoder(SSE, REQUEST, TARGET)
    read = [chunk for frame in decoder.framing.feed(data) for chunk in decoder.feed(frame)]
    assert folded([*read, *decoder.finish(cut=False)]).citations == CITED


def test_an_answer_without_text_keeps_its_sources_as_they_came() -> None:
    body = answer(inline("image/png", b"png"), groundingMetadata=GROUNDING)
    assert whole(body).extra == {"groundingMetadata": GROUNDING}
    assert streamed(body) == whole(body)


LOGPROBS = {
    "chosenCandidates": [{"token": "a", "logProbability": -0.5}, {"token": "b"}],
    "topCandidates": [{"candidates": [{"token": "a", "logProbability": -0.5}]}],
}


def test_log_probabilities_are_read_and_written() -> None:
    body = answer({"text": "ab"}, logprobsResult=LOGPROBS)
    reply = whole(body)
    assert reply.logprobs == (
        TokenLogprob("a", -0.5, top=(TokenLogprob("a", -0.5),)),
        TokenLogprob("b", -9999.0),
    )
    assert streamed(body) == reply
    server = GeminiServer()
    call = server.parse(GenerateContent().encode(REQUEST, TARGET))
    assert GenerateContent().decode(server.reply(reply, call), REQUEST, TARGET).logprobs == reply.logprobs


def test_safety_ratings_of_the_prompt_stand_beside_the_answer() -> None:
    ratings = [{"category": "C", "probability": "LOW"}]
    body = {**answer({"text": "a"}, safetyRatings=ratings), "promptFeedback": {"safetyRatings": ratings}}
    reply = whole(body)
    assert reply.extra == {"safetyRatings": ratings, "promptFeedback": {"safetyRatings": ratings}}
    assert streamed(body) == reply


# --- Speech -----------------------------------------------------------------------------------------------------------


def test_samples_are_one_sound_however_many_chunks_they_came_in() -> None:
    values = [piece(inline(PCM, b"\1\2")), piece(inline(PCM, b"\3\4")), answer()]
    assert streamed(*values).message.content == (Audio(data=b"\1\2\3\4", media_type=PCM),)
    assert streamed(*values) == whole(answer(inline(PCM, b"\1\2"), inline(PCM, b"\3\4")))


def test_samples_become_a_file_where_one_is_wanted() -> None:
    body = answer(inline("audio/pcm", b"\1\2\3\4"), {"text": "Hi."})
    (sound, text) = whole(body, SPOKEN).message.content
    assert isinstance(sound, Audio)
    assert sound.media_type == "audio/wav"
    assert sound.data is not None
    assert sound.data[:4] + sound.data[8:16] == b"RIFFWAVEfmt "
    assert int.from_bytes(sound.data[24:28], "little") == 24_000
    assert sound.data[40:] == b"\4\0\0\0\1\2\3\4"
    assert text == Text(text="Hi.")
    assert streamed(body, request=SPOKEN) == whole(body, SPOKEN)


def test_a_sound_in_a_container_stays_as_it_is() -> None:
    body = answer(inline("audio/mp3", b"mp3"), inline("audio/mp3", b"mp4"))
    assert whole(body, SPOKEN).message.content == (
        Audio(data=b"mp3", media_type="audio/mp3"),
        Audio(data=b"mp4", media_type="audio/mp3"),
    )
    assert streamed(body, request=SPOKEN) == whole(body, SPOKEN)


# --- Calls in pieces --------------------------------------------------------------------------------------------------


def call_piece(*args: Json, **fields: Any) -> Json:
    return piece({"functionCall": {**({"partialArgs": list(args)} if args else {}), **fields}})


def test_a_call_in_pieces_is_put_together() -> None:
    reply = streamed(
        call_piece(name="f", willContinue=True),
        call_piece({"jsonPath": "$.city", "stringValue": "Os", "willContinue": True}, willContinue=True),
        call_piece({"jsonPath": "$.city", "stringValue": "lo"}, willContinue=True),
        call_piece(
            {"jsonPath": "$.stops[1].name", "stringValue": "B"},
            {"jsonPath": "$['odd key']", "numberValue": 2.0},
            {"jsonPath": "$.deep.x", "numberValue": 1.5},
            {"jsonPath": "$.yes", "boolValue": True},
            {"jsonPath": "$.none", "nullValue": "NULL_VALUE"},
            {"jsonPath": "$.bad[", "stringValue": "lost"},
            willContinue=True,
        ),
        call_piece(),
        piece({"text": "Done."}),
        answer(),
    )
    call, text = reply.message.content
    assert isinstance(call, ToolCall)
    assert call.args == {
        "city": "Oslo",
        "stops": [None, {"name": "B"}],
        "odd key": 2,
        "deep": {"x": 1.5},
        "yes": True,
        "none": None,
    }
    assert text == Text(text="Done.")
    assert reply.finish_reason == "tool_calls"


def test_the_next_part_or_call_or_the_end_closes_a_call_in_pieces() -> None:
    reply = streamed(
        call_piece(name="f", id="c1", args={"a": 1}, willContinue=True),
        call_piece(name="g", id="c2", willContinue=True),
        call_piece({"jsonPath": "$.b", "numberValue": 2}, willContinue=True),
        piece({"text": "Hm."}),
        call_piece(name="h", id="c3", willContinue=True),
        answer(),
    )
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("c1", "f", '{"a":1}'),
        ("c2", "g", '{"b":2}'),
        ("c3", "h", "{}"),
    ]


def test_items_of_a_list_in_a_call_come_one_after_another() -> None:
    reply = streamed(
        call_piece({"jsonPath": "$.stops[0].name", "stringValue": "A"}, name="f", willContinue=True),
        call_piece({"jsonPath": "$.stops[1].name", "stringValue": "B"}, willContinue=True),
        call_piece({"jsonPath": "$.days[0]", "numberValue": 1}, {"jsonPath": "$.days[1]", "numberValue": 2}),
        answer(),
    )
    (call,) = reply.tool_calls
    assert call.args == {"stops": [{"name": "A"}, {"name": "B"}], "days": [1, 2]}


def test_a_path_to_a_place_far_out_is_not_followed() -> None:
    assert keys_of("$.a[99999]") == []
    assert keys_of("$") == []


def test_log_probabilities_are_told_of_the_answer_that_has_them() -> None:
    told = {"index": 1, "logprobsResult": {"chosenCandidates": [{"token": "b", "logProbability": -1.0}]}}
    reply = streamed({"candidates": [candidate({"text": "a"}), {**candidate({"text": "b"}), **told}]})
    assert (len(reply.logprobs), len(reply.alternatives[0].logprobs)) == (0, 1)


def test_a_chunk_holds_the_bytes_that_it_was_read_from_even_where_they_say_little() -> None:
    values = [{"responseId": "r"}, answer({"text": "a"}), {"usageMetadata": {"promptTokenCount": 3}}]
    again = {"responseId": "r"}  # says nothing new, so it gives no chunk; what only ends the answer was read from none
    told = [chunk.raw for chunk in chunks_of(*values, again) if chunk.raw]
    assert told == [msgspec.json.encode(value) for value in values]


# --- What is no answer ------------------------------------------------------------------------------------------------


def test_a_stream_without_a_finish_reason_was_cut() -> None:
    with pytest.raises(StreamCutError, match="the stream ended"):
        chunks_of(piece({"text": "a"}))
    decoder = GenerateContent().decoder(SSE, REQUEST, TARGET)
    with pytest.raises(StreamCutError, match="the connection broke"):
        decoder.finish(cut=True)


def test_a_stream_that_broke_after_its_finish_reason_is_whole() -> None:
    decoder = GenerateContent().decoder(SSE, REQUEST, TARGET)
    data = b"data: " + msgspec.json.encode(answer({"text": "a"})) + b"\n\n"
    chunks = [chunk for frame in decoder.framing.feed(data) for chunk in decoder.feed(frame)]
    assert folded([*chunks, *decoder.finish(cut=True)]).finish_reason == "stop"


@pytest.mark.parametrize(
    "tail",
    [
        b'data: {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}\n\n',
        b'data: [{"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}]\n\n',
        b'{\n  "error": {\n    "code": 503,\n    "message": "busy",\n    "status": "UNAVAILABLE"\n  }\n}\n',
    ],
)
def test_an_error_in_mid_stream_is_raised_even_where_it_is_not_framed(tail: bytes) -> None:
    decoder = GenerateContent().decoder(SSE, REQUEST, TARGET)
    data = b"data: " + msgspec.json.encode(answer({"text": "a"})) + b"\n\n" + tail
    before, error = [*decoder.framing.feed(data), *decoder.framing.finish()]
    assert folded(decoder.feed(before)).text == "a"
    with pytest.raises(OverloadedError, match="busy"):
        decoder.feed(error)


def test_an_error_that_the_server_writes_into_a_stream_is_raised() -> None:
    encoder = GeminiServer().stream(GeminiServer().parse(GenerateContent().encode_stream(REQUEST, TARGET)))
    decoder = GenerateContent().decoder(SSE, REQUEST, TARGET)
    (frame,) = decoder.framing.feed(encoder.error(OverloadedError("busy")))
    with pytest.raises(OverloadedError):
        decoder.feed(frame)


def test_a_blocked_prompt_is_refused_whole_and_streamed() -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    with pytest.raises(ContentFilterError, match="SAFETY"):
        whole(body)
    with pytest.raises(ContentFilterError, match="SAFETY"):
        chunks_of(body)


def test_an_answer_that_was_counted_and_holds_nothing_is_empty() -> None:
    reply = whole({"usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}})
    assert (reply.message.content, reply.finish_reason, reply.usage.input_tokens) == ((), None, 3)


@pytest.mark.parametrize("body", [{}, [], {"candidates": 3}, answer(3), {"candidates": []}])  # type: ignore[arg-type]
def test_nonsense_is_no_answer(body: Any) -> None:
    with pytest.raises(DecodeError):
        whole(body)


def test_nonsense_in_a_stream_is_said_to_be() -> None:
    with pytest.raises(DecodeError):
        chunks_of({"candidates": 3})
    with pytest.raises(DecodeError):
        chunks_of(piece(3))  # type: ignore[arg-type]


def test_null_stands_for_absent_everywhere() -> None:
    nothing = dict.fromkeys(
        ("finishReason", "safetyRatings", "citationMetadata", "groundingMetadata", "logprobsResult")
    )
    body = {
        "candidates": [{"content": None, **nothing}],
        "usageMetadata": {"promptTokenCount": None},
        "responseId": None,
    }
    assert whole(body).message.content == ()
    assert whole({"candidates": [{"content": {"parts": None}}], "promptFeedback": None}).finish_reason is None


def test_a_thought_of_which_only_the_signature_is_told_goes_back_as_one() -> None:
    parts = [{"thought": True, "thoughtSignature": "c2ln"}, {"text": "Hi"}]
    body = msgspec.json.encode({"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]})
    reply = GenerateContent().decode(HttpResponse(ResponseHead(200), body), REQUEST, TARGET)
    assert reply.message.content == (Reasoning(signature="c2ln"), Text(text="Hi"))
