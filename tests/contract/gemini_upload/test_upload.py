"""Gemini's uploads over loopback servers: the API, and the address that an upload is given."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from gemini_upload.codec import UploadingChat, modelscan_provider
from modelscan import AsyncClient, File, user
from modelscan.contracts.flows import Flow
from modelscan.errors import (
    DecodeError,
    JobError,
    ModelScanError,
    OutcomeUnknownError,
    PermissionDeniedError,
    UnsupportedError,
)
from modelscan.testing.loopback import Conversation, LoopbackServer, answer
from modelscan.types.chat import ChatRequest

KEY = "AIza0123456789"
PDF = b"%PDF-" + bytes(range(256)) * 40
MODEL = "gemini/gemini-2.5-flash"
SAID = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "A report."}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 3, "totalTokenCount": 303},
    "modelVersion": "gemini-2.5-flash",
}


def asking(*media: bytes) -> ChatRequest:
    files = [File(data=data, media_type="application/pdf") for data in media]
    return ChatRequest(messages=(user("What is this?", *files),))


ASKED = asking(PDF)


@attrs.define
class Google:
    """The service: files by name, uploads that may break, and an answer."""

    api: LoopbackServer = attrs.field(init=False)
    store: LoopbackServer = attrs.field(init=False)
    uploads: list[bytearray] = attrs.field(factory=list)
    looks: int = 0
    states: tuple[str, ...] = ("PROCESSING", "ACTIVE")
    breaks_after: int | None = None
    is_forgotten: bool = False
    scripts: dict[str, Any] = attrs.field(factory=dict)

    def file(self, number: int, state: str) -> dict[str, Any]:
        return {"name": f"files/f{number}", "uri": f"https://files.example.org/f{number}", "state": state}

    async def begin(self, talk: Conversation) -> bool:
        self.uploads.append(bytearray())
        url = f"{self.store.url}/put?upload_id={len(self.uploads) - 1}"
        return await answer(b"", headers=[("X-Goog-Upload-URL", url)])(talk)

    async def put(self, talk: Conversation) -> bool:
        number = int(talk.request.path.rpartition("=")[2])
        held = self.uploads[number]
        command = talk.request.header("x-goog-upload-command")
        if command == "query":
            return await self.query(talk, held, number)
        await talk.read_body()
        assert int(talk.request.header("x-goog-upload-offset") or -1) == len(held)
        if self.breaks_after is not None:
            held += talk.request.body[: self.breaks_after]
            self.breaks_after = None
            return False
        held += talk.request.body
        body = json.dumps({"file": self.file(number, self.states[0])}).encode()
        await talk.head(200, [("X-Goog-Upload-Status", "final"), ("Content-Length", str(len(body)))])
        await talk.write(body)
        return True

    async def query(self, talk: Conversation, held: bytearray, number: int) -> bool:
        if self.is_forgotten:
            return await answer(b"{}", status=404)(talk)
        if len(held) == len(PDF):
            body = json.dumps({"file": self.file(number, self.states[0])}).encode()
            return await answer(body, headers=[("X-Goog-Upload-Status", "final")])(talk)
        headers = [("X-Goog-Upload-Status", "active"), ("X-Goog-Upload-Size-Received", str(len(held)))]
        return await answer(b"", headers=headers)(talk)

    async def look(self, talk: Conversation) -> bool:
        self.looks += 1
        state = self.states[min(self.looks, len(self.states) - 1)]
        number = int(talk.request.path.rpartition("f")[2])
        return await answer(json.dumps(self.file(number, state)).encode())(talk)

    def client(self, **arguments: Any) -> AsyncClient:
        provider = attrs.evolve(modelscan_provider(), chat=UploadingChat(inline_bytes=1000, poll_s=0.01))
        urls = {"default": f"{self.api.url}/v1beta", "upload": f"{self.api.url}/upload/v1beta"}
        return AsyncClient(
            plugins=[attrs.evolve(provider, connection=attrs.evolve(provider.connection, base_urls=urls))],
            api_keys={"gemini": KEY},
            config=False,
            settings={"retries.base_s": 0.0, "retries.max_attempts": 2},
            **arguments,
        )

    def seen(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.api.requests]

    def commands(self) -> list[str | None]:
        return [request.header("x-goog-upload-command") for request in self.store.requests]


GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent"


@pytest.fixture
async def google() -> AsyncIterator[Google]:
    google = Google()
    google.scripts = {
        "/upload/v1beta/files": google.begin,
        GENERATE: answer(json.dumps(SAID).encode()),
        "*": google.look,
    }
    async with LoopbackServer(google.scripts) as google.api, LoopbackServer(google.put) as google.store:
        yield google


def test_a_chat_with_uploads_is_a_flow() -> None:
    assert isinstance(UploadingChat(), Flow)


async def test_a_large_file_is_uploaded_waited_for_and_named_in_the_question(google: Google) -> None:
    async with google.client() as client:
        reply = await client.chat(ASKED, model=MODEL)
    assert (reply.text, reply.provider, reply.usage.input_tokens) == ("A report.", "gemini", 300)
    assert google.seen() == [
        "POST /upload/v1beta/files",
        "GET /v1beta/files/f0",
        f"POST {GENERATE}",
    ]
    assert [bytes(upload) for upload in google.uploads] == [PDF]
    parts = json.loads(google.api.requests[-1].body)["contents"][0]["parts"]
    assert parts[1] == {"fileData": {"mimeType": "application/pdf", "fileUri": "https://files.example.org/f0"}}


async def test_an_upload_says_its_size_and_type_before_it_begins(google: Google) -> None:
    async with google.client() as client:
        await client.chat(ASKED, model=MODEL)
    begun = google.api.requests[0]
    names = ("protocol", "command", "header-content-length", "header-content-type")
    said = [begun.header(f"x-goog-upload-{name}") for name in names]
    assert said == ["resumable", "start", str(len(PDF)), "application/pdf"]
    assert google.store.requests[0].header("x-goog-upload-command") == "upload, finalize"


async def test_the_key_goes_to_the_api_and_not_to_the_uploads_address(google: Google) -> None:
    async with google.client() as client:
        await client.chat(ASKED, model=MODEL)
    assert {request.header("x-goog-api-key") for request in google.api.requests} == {KEY}
    assert KEY not in str(google.store.requests)


async def test_what_is_small_goes_along_with_the_question(google: Google) -> None:
    async with google.client() as client:
        await client.chat(asking(b"%PDF-small"), model=MODEL)
    assert google.seen() == [f"POST {GENERATE}"]


async def test_each_large_file_gets_an_upload_of_its_own(google: Google) -> None:
    google.states = ("ACTIVE",)
    async with google.client() as client:
        await client.chat(asking(PDF, PDF[::-1]), model=MODEL)
    assert [bytes(upload) for upload in google.uploads] == [PDF, PDF[::-1]]
    parts = json.loads(google.api.requests[-1].body)["contents"][0]["parts"]
    assert [part["fileData"]["fileUri"][-2:] for part in parts[1:]] == ["f0", "f1"]


@pytest.mark.parametrize("received", [0, 4000, len(PDF)])
async def test_a_broken_upload_goes_on_where_the_server_has_got_to(google: Google, received: int) -> None:
    google.breaks_after = received
    async with google.client() as client:
        assert (await client.chat(ASKED, model=MODEL)).text == "A report."
    assert bytes(google.uploads[0]) == PDF
    rest = [] if received == len(PDF) else ["upload, finalize"]
    assert google.commands() == ["upload, finalize", "query", *rest]


async def test_an_upload_that_the_server_has_forgotten_begins_anew(google: Google) -> None:
    google.breaks_after = 4000
    google.is_forgotten = True
    async with google.client() as client:
        await client.chat(ASKED, model=MODEL)
    assert [len(upload) for upload in google.uploads] == [4000, len(PDF)]


async def test_an_upload_in_a_state_that_is_neither_begins_anew(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(self: Google, talk: Conversation, held: bytearray, number: int) -> bool:
        return await answer(b"", headers=[("X-Goog-Upload-Status", "cancelled")])(talk)

    monkeypatch.setattr(Google, "query", cancelled)
    google.breaks_after = 4000
    async with google.client() as client:
        await client.chat(ASKED, model=MODEL)
    assert len(google.uploads) == 2


async def test_another_process_goes_on_with_an_upload(google: Google, tmp_path: Path) -> None:
    put = google.store._scripts

    async def half(talk: Conversation) -> bool:
        google.uploads[0] += await talk.reader.readexactly(4000)
        await talk.until_closed()
        return False

    google.store._scripts = {"*": half}
    async with google.client(jobs=tmp_path) as client:
        job = await client.start(ASKED, model=MODEL)
        await google.store.until_requests(1)
        await google.store.until(lambda: len(google.uploads[0]) == 4000, "half of the file")
    google.store._scripts = put
    async with google.client(jobs=tmp_path) as client:
        assert (await (await client.resume(job.id)).result()).text == "A report."
    assert bytes(google.uploads[0]) == PDF
    assert google.seen().count("POST /upload/v1beta/files") == 1


async def test_an_uploads_beginning_may_be_sent_again(google: Google, tmp_path: Path) -> None:
    begin = google.scripts["/upload/v1beta/files"]

    async def silent(talk: Conversation) -> bool:
        await talk.until_closed()
        return False

    google.scripts["/upload/v1beta/files"] = silent
    async with google.client(jobs=tmp_path) as client:
        job = await client.start(ASKED, model=MODEL)
        await google.api.until_requests(1)
    google.scripts["/upload/v1beta/files"] = begin
    async with google.client(jobs=tmp_path) as client:
        assert (await (await client.resume(job.id)).result()).text == "A report."


async def test_a_lost_answer_is_not_asked_for_again(google: Google) -> None:
    async def cut(talk: Conversation) -> bool:
        await talk.read_body()
        return False

    google.scripts[GENERATE] = cut
    async with google.client() as client:
        with pytest.raises(OutcomeUnknownError, match="nobody has it"):
            await client.chat(ASKED, model=MODEL)
    assert google.seen().count(f"POST {GENERATE}") == 1


async def test_cancelling_gives_up_an_upload_that_has_begun(google: Google) -> None:
    async def slow(talk: Conversation) -> bool:
        if talk.request.header("x-goog-upload-command") == "cancel":
            return await answer(b"")(talk)
        await talk.until_closed()
        return False

    google.store._scripts = {"*": slow}
    async with google.client() as client:
        with pytest.raises(ModelScanError, match="deadline"):
            await client.chat(ASKED, model=MODEL, timeout_s=0.5)
    assert google.commands() == ["upload, finalize", "cancel"]
    assert KEY not in str(google.store.requests)


async def test_there_is_nothing_to_cancel_while_a_file_is_prepared(google: Google) -> None:
    google.states = ("PROCESSING",)
    async with google.client() as client:
        with pytest.raises(ModelScanError, match="deadline"):
            await client.chat(ASKED, model=MODEL, timeout_s=0.5)
    assert google.commands() == ["upload, finalize"]


async def test_a_file_that_cannot_be_prepared_is_a_failed_job(google: Google) -> None:
    google.states = ("FAILED",)
    async with google.client() as client:
        with pytest.raises(JobError, match="couldn't be prepared: FAILED"):
            await client.chat(ASKED, model=MODEL)


async def test_a_refusal_comes_in_googles_words(google: Google) -> None:
    body = {"error": {"code": 403, "message": "no uploads for you", "status": "PERMISSION_DENIED"}}
    google.scripts["/upload/v1beta/files"] = answer(json.dumps(body).encode(), status=403)
    async with google.client() as client:
        with pytest.raises(PermissionDeniedError, match="no uploads for you"):
            await client.chat(ASKED, model=MODEL)


async def test_an_upload_without_an_address_is_no_upload(google: Google) -> None:
    google.scripts["/upload/v1beta/files"] = answer(b"{}")
    async with google.client() as client:
        with pytest.raises(DecodeError, match="without an address"):
            await client.chat(ASKED, model=MODEL)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([("X-Goog-Upload-Status", "final")], "no file"),
        ([("X-Goog-Upload-Status", "active"), ("X-Goog-Upload-Size-Received", "many")], "'many' bytes"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_said_to(
    google: Google, headers: list[tuple[str, str]], message: str
) -> None:
    async def put(talk: Conversation) -> bool:
        if talk.request.header("x-goog-upload-command") == "query":
            return await answer(b"[]", headers=headers)(talk)
        await talk.read_body()
        return False

    google.store._scripts = {"*": put}
    async with google.client() as client:
        with pytest.raises(DecodeError, match=message):
            await client.chat(ASKED, model=MODEL)


def test_gemini_has_no_webhooks() -> None:
    with pytest.raises(UnsupportedError):
        UploadingChat().verify((), b"", b"", datetime.now(UTC))
