"""The reader of recordings reads every file of the index, and what it gives can be trusted by the tests that use it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from framings import frames_of, split
from modelscan.contracts.http import Framing
from modelscan.wire.event_stream import EventStream
from modelscan.wire.ndjson import NdJson
from modelscan.wire.sse import ServerSentEvents
from recordings import RECORDINGS, UNREADABLE, Recording, index, interactions, needs_recordings, read

pytestmark = needs_recordings

FRAMINGS: dict[str, type[Framing]] = {
    "text/event-stream": ServerSentEvents,
    "application/x-ndjson": NdJson,
    "application/stream+json": NdJson,
    "application/vnd.amazon.eventstream": EventStream,
}
RECORDERS = {
    "azure_proxy",
    "bare_body",
    "bare_stream",
    "bedrock_chunks",
    "chunks",
    "genai",
    "go_vcr",
    "har",
    "httpmock",
    "httprr",
    "nock",
    "ruby_vcr",
    "symfony",
    "tapes",
    "vcrpy",
    "websocket_lines",
}
NOT_A_PROVIDER = {"api.smith.langchain.com", "www.ruby-lang.org", "oaidalleapiprodscus.blob.core.windows.net"}


def everything() -> Iterator[Recording]:
    """All exchanges of all files that can be read."""
    return interactions()


def test_every_file_of_the_index_is_read_or_listed_with_a_reason() -> None:
    unread = {path for path in index() if path not in UNREADABLE and not read(path)}
    assert unread == set()
    assert all(UNREADABLE.values())
    assert set(UNREADABLE) <= set(index())


def test_what_is_listed_as_unreadable_is() -> None:
    for path in UNREADABLE:
        with pytest.raises(ValueError, match="delimiter"):
            read(path)


def test_no_file_beside_the_index_is_forgotten() -> None:
    files = {str(path.relative_to(RECORDINGS)) for path in RECORDINGS.rglob("*") if path.is_file()}
    assert files - set(index()) == {"INDEX.tsv", "README.md"}


def test_the_number_of_exchanges_is_shown_per_provider_and_recorder(capsys: pytest.CaptureFixture[str]) -> None:
    by_provider = Counter(recording.provider for recording in everything())
    by_recorder = Counter(recording.format for recording in everything())
    with capsys.disabled():
        for counts in (by_provider, by_recorder):
            sys.stdout.write("\n" + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) + "\n")
    assert set(by_recorder) == RECORDERS
    assert by_provider["openai"] > by_provider["groq"] > 0


def test_every_json_body_is_json() -> None:
    broken = {
        recording.path
        for recording in everything()
        if recording.response.media_type == "application/json" and recording.response.body.strip()
        if not _is_json(recording.response.body)
    }
    assert broken == set()


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def test_no_body_is_left_compressed() -> None:
    assert not [one for one in everything() if one.response.body[:2] == b"\x1f\x8b"]


def test_every_stream_is_cut_into_frames_and_any_split_gives_the_same() -> None:
    counts: Counter[str] = Counter()
    for recording in everything():
        body = recording.response.body
        if not (make := FRAMINGS.get(recording.response.media_type)) or not body:
            continue
        frames, error = frames_of(make(), [body])
        assert not error, recording
        assert frames_of(make(), split(body, range(0, len(body), 97))) == (frames, ""), recording
        counts[recording.response.media_type] += len(frames)
    assert min(counts[name] for name in FRAMINGS) > 0


def test_a_call_to_something_else_is_of_no_provider() -> None:
    others = [recording for recording in everything() if not recording.rows]
    assert {recording.provider for recording in others} == {"other"}
    hosts = {recording.request.url.split("/")[2] for recording in others if recording.request}
    assert hosts == NOT_A_PROVIDER


def test_an_exchange_has_the_line_of_the_index_that_fits_it() -> None:
    path = "ai21/AgentOps-AI__agentops/recordings/test_ai21_provider.yaml"
    for recording in read(path):
        assert [row.stream for row in recording.rows] == [recording.is_stream]
    assert {recording.is_stream for recording in read(path)} == {True, False}


def test_filters_leave_only_what_was_asked_for() -> None:
    found = list(interactions(provider="groq", capability="chat", stream=True))
    assert found
    for recording in found:
        assert recording.provider == "groq"
        assert recording.capability.split("+")[0] == "chat"
        assert recording.is_stream
    tools = list(interactions(capability="tools+chat"))
    assert tools
    assert all(any({"chat", "tools"} <= set(row.capability.split("+")) for row in one.rows) for one in tools)


def test_header_names_are_in_lower_case() -> None:
    for recording in everything():
        names = [name for name, _ in recording.response.headers]
        assert names == [name.lower() for name in names]
