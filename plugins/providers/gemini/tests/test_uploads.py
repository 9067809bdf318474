"""Large media over loopback servers: the API, and the address that an upload is given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import modelscan_provider_gemini
from modelscan import AsyncClient, File, user
from modelscan.errors import JobError, MediaError, PermissionDeniedError, ServerError
from modelscan.testing.loopback import Conversation, LoopbackServer, Script, answer
from modelscan.types.content import Image, Video
from modelscan.wire.gemini import ResumableUpload

KEY = "AIza0123456789"
MODEL = "gemini/gemini-2.5-flash"
GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"
BEGIN = "/upload/v1beta/files"
MB = 1_000_000
VIDEO = b"\0\0\0 ftypisom" + b"v" * 25 * MB
SAID = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "A cat."}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 3, "totalTokenCount": 303},
    "modelVersion": "gemini-2.5-flash",
}


def answer_json(value: Any, status: int = 200) -> Script:
    return answer(json.dumps(value).encode(), status=status, headers=[("Content-Type", "application/json")])


@attrs.define
class Google:
    """The service: files that take a look to be ready, and an answer."""

    api: LoopbackServer = attrs.field(init=False)
    store: LoopbackServer = attrs.field(init=False)
    states: tuple[str, ...] = ("PROCESSING", "ACTIVE")
    uploads: list[bytes] = attrs.field(factory=list)
    looks: int = 0
    scripts: dict[str, Script] = attrs.field(factory=dict)

    async def begin(self, talk: Conversation) -> bool:
        return await answer(headers=[("X-Goog-Upload-URL", f"{self.store.url}/put")])(talk)

    async def put(self, talk: Conversation) -> bool:
        goes_on = await answer_json({"file": self.file(self.states[0])})(talk)
        self.uploads.append(talk.request.body)
        return goes_on

    async def look(self, talk: Conversation) -> bool:
        self.looks += 1
        return await answer_json(self.file(self.states[min(self.looks, len(self.states) - 1)]))(talk)

    def file(self, state: str) -> dict[str, Any]:
        return {"name": "files/f1", "uri": f"{self.api.url}/v1beta/files/f1", "state": state}

    def client(self) -> AsyncClient:
        provider = modelscan_provider_gemini.modelscan_provider()
        upload = ResumableUpload(poll_s=0.01)
        return AsyncClient(
            plugins=[attrs.evolve(provider, upload=upload)],
            api_keys={"gemini": KEY},
            base_urls={"gemini": f"{self.api.url}/v1beta"},
            config=False,
            settings={"retries.base_s": 0.0, "retries.max_attempts": 2},
        )

    @property
    def seen(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.api.requests]

    @property
    def commands(self) -> list[str | None]:
        return [request.header("x-goog-upload-command") for request in self.store.requests]

    def parts(self) -> list[dict[str, Any]]:
        """The parts of the last question's first message."""
        parts: list[dict[str, Any]] = json.loads(self.api.requests[-1].body)["contents"][0]["parts"]
        return parts


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    google = Google()
    google.scripts = {BEGIN: google.begin, GENERATE: answer_json(SAID), "*": google.look}
    async with LoopbackServer(google.scripts) as google.api, LoopbackServer(google.put) as google.store:
        yield google


async def test_a_video_of_25_mb_is_uploaded_waited_for_and_named(google: Google) -> None:
    async with google.client() as client:
        reply = await client.chat(user("What is this?", Video(data=VIDEO)), model=MODEL)
    assert (reply.text, reply.usage.input_tokens) == ("A cat.", 300)
    assert google.uploads == [VIDEO]
    assert google.seen == [f"POST {BEGIN}", "GET /v1beta/files/f1", f"POST {GENERATE}"]
    named = {"mimeType": "video/mp4", "fileUri": f"{google.api.url}/v1beta/files/f1"}
    assert google.parts() == [{"text": "What is this?"}, {"fileData": named}]


async def test_the_key_goes_to_the_api_alone(google: Google) -> None:
    async with google.client() as client:
        await client.chat(user(Video(data=VIDEO)), model=MODEL)
    assert {request.header("x-goog-api-key") for request in google.api.requests} == {KEY}
    assert KEY not in str(google.store.requests[0].headers)


async def test_the_second_turn_names_the_file_and_does_not_upload_it_again(google: Google, tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-" + b"p" * 15 * MB)
    async with google.client() as client:
        first = user("What is this?", File(path=str(path)))
        reply = await client.chat(first, model=MODEL)
        await client.chat((first, reply.message, user("And what else?")), model=MODEL)
    assert len(google.uploads) == 1
    assert google.seen[-2:] == [f"POST {GENERATE}"] * 2
    assert google.parts()[1]["fileData"]["mimeType"] == "application/pdf"


async def test_what_a_request_holds_goes_along(google: Google) -> None:
    async with google.client() as client:
        await client.chat(user(File(data=b"%PDF-small")), model=MODEL)
    assert google.seen == [f"POST {GENERATE}"]
    assert "inlineData" in google.parts()[0]


async def test_a_type_that_gemini_does_not_take_is_not_uploaded(google: Google) -> None:
    async with google.client() as client:
        with pytest.raises(MediaError, match="no image of type image/gif"):
            await client.chat(user(Image(data=b"GIF8" + b"g" * 15 * MB)), model=MODEL)
    assert google.seen == []


async def test_a_refused_upload_is_the_calls_error_and_nothing_is_asked(google: Google) -> None:
    body = {"error": {"code": 403, "message": "no uploads for you", "status": "PERMISSION_DENIED"}}
    google.scripts[BEGIN] = answer_json(body, 403)
    async with google.client() as client:
        with pytest.raises(PermissionDeniedError, match="no uploads for you"):
            await client.chat(user(Video(data=VIDEO)), model=MODEL)
    assert f"POST {GENERATE}" not in google.seen


async def test_a_file_that_cannot_be_prepared_is_an_error_before_the_question(google: Google) -> None:
    google.states = ("PROCESSING", "FAILED")
    async with google.client() as client:
        with pytest.raises(JobError, match="couldn't be prepared: FAILED"):
            await client.chat(user(Video(data=VIDEO)), model=MODEL)
    assert google.seen == [f"POST {BEGIN}", "GET /v1beta/files/f1"]


async def test_a_later_step_that_keeps_failing_does_not_begin_the_upload_again(google: Google) -> None:
    google.scripts["*"] = answer_json({"error": {"code": 503, "message": "later", "status": "UNAVAILABLE"}}, 503)
    async with google.client() as client:
        with pytest.raises(ServerError, match="later"):
            await client.chat(user(Video(data=VIDEO)), model=MODEL)
    assert google.seen == [f"POST {BEGIN}", *["GET /v1beta/files/f1"] * 2]
    assert len(google.uploads) == 1


async def test_cancelling_while_the_bytes_travel_gives_the_upload_up(google: Google) -> None:
    async def slow(talk: Conversation) -> bool:
        if talk.request.header("x-goog-upload-command") == "cancel":
            return await answer()(talk)
        await talk.until_closed()
        return False

    google.store._scripts = {"*": slow}
    async with google.client() as client:
        call = asyncio.create_task(client.chat(user(Video(data=VIDEO)), model=MODEL))
        await google.store.until_requests(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert google.commands == ["upload, finalize", "cancel"]
    assert google.seen == [f"POST {BEGIN}"]
    await google.store.until_closed()
    await google.api.until_closed()


async def test_cancelling_while_a_file_is_prepared_deletes_it(google: Google) -> None:
    google.states = ("PROCESSING",)
    async with google.client() as client:
        call = asyncio.create_task(client.chat(user(Video(data=VIDEO)), model=MODEL))
        await google.api.until_requests(3)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert google.seen[-1] == "DELETE /v1beta/files/f1"
    assert f"POST {GENERATE}" not in google.seen
