"""Files for Anthropic: the form as it is documented, and a question that names the file."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import AsyncClient, File, Image, user
from modelscan.contracts.http import Field, HttpRequest, HttpResponse, Multipart, ResponseHead, Target
from modelscan.contracts.operations import Operation
from modelscan.errors import DecodeError, MediaError, TransportError
from modelscan.testing.loopback import LoopbackServer, answer, close_in_head
from modelscan.wire.anthropic import FileUpload
from modelscan_provider_anthropic import modelscan_provider

PROVIDER = modelscan_provider()
PDF = b"%PDF-1.7 and so on"
MODEL = "anthropic/claude-sonnet-4-5"
TARGET = Target(base_urls={"default": "https://api.anthropic.com"}, model="claude-sonnet-4-5")
FILED: dict[str, Any] = {
    "id": "file_011",
    "type": "file",
    "filename": "a.pdf",
    "mime_type": "application/pdf",
    "size_bytes": 18,
    "created_at": "2026-11-24T18:00:00Z",
    "downloadable": False,
}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "A report."}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def client_of(server: LoopbackServer) -> AsyncClient:
    rules = msgspec.structs.replace(PROVIDER.media["file"], max_bytes=4)
    return AsyncClient(
        plugins=[attrs.evolve(PROVIDER, media={**PROVIDER.media, "file": rules})],
        api_keys={"anthropic": "sk-ant-1234567890"},
        base_urls={"anthropic": server.url},
        settings={"retries.base_s": 0.0},
        config=False,
    )


def test_the_form_holds_the_file_and_the_headers_name_the_beta() -> None:
    part = File(data=PDF, media_type="application/pdf", name="a.pdf")
    assert FileUpload().encode(part, TARGET) == HttpRequest(
        url="https://api.anthropic.com/v1/files",
        headers=(("anthropic-version", "2023-06-01"), ("anthropic-beta", "files-api-2025-04-14")),
        body=Multipart((Field("file", PDF, filename="a.pdf", media_type="application/pdf"),)),
    )


def test_the_answer_names_the_file() -> None:
    part = File(data=PDF, media_type="application/pdf", citable=True)
    reply = FileUpload().decode(HttpResponse(ResponseHead(200), msgspec.json.encode(FILED)), part, TARGET)
    assert reply == File(file_id="file_011", media_type="application/pdf", citable=True)


def test_an_answer_that_names_no_file_is_no_answer() -> None:
    with pytest.raises(DecodeError, match="names no file"):
        FileUpload().decode(HttpResponse(ResponseHead(200), b"{}"), File(data=PDF), TARGET)


def test_the_provider_can_upload() -> None:
    assert isinstance(PROVIDER.upload, Operation)


async def test_a_large_file_is_uploaded_and_named_in_the_question() -> None:
    scripts = {"/v1/files": answer(msgspec.json.encode(FILED)), "/v1/messages": answer(msgspec.json.encode(SAID))}
    async with LoopbackServer(scripts) as server, client_of(server) as client:
        reply = await client.chat(user("What is this?", File(data=PDF)), model=MODEL)
    assert reply.text == "A report."
    filed, asked = server.requests
    assert (filed.path, filed.header("x-api-key")) == ("/v1/files", "sk-ant-1234567890")
    assert b'name="file"; filename="upload.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + PDF in filed.body
    document = json.loads(asked.body)["messages"][0]["content"][1]
    assert (document["type"], document["source"]) == ("document", {"type": "file", "file_id": "file_011"})
    assert asked.header("anthropic-beta") == "files-api-2025-04-14"


async def test_an_upload_whose_answer_was_lost_is_not_sent_again() -> None:
    scripts = {"/v1/files": close_in_head(), "/v1/messages": answer(msgspec.json.encode(SAID))}
    async with LoopbackServer(scripts) as server, client_of(server) as client:
        with pytest.raises(TransportError):
            await client.chat(user(File(data=PDF)), model=MODEL)
    assert [request.path for request in server.requests] == ["/v1/files"]


async def test_an_image_that_is_too_large_as_a_file_too_is_refused() -> None:
    async with LoopbackServer(answer()) as server, client_of(server) as client:
        with pytest.raises(MediaError, match="5,242,880 bytes at most"):
            await client.chat(user(Image(data=b"\x89PNG\r\n\x1a\n" + bytes(6_000_000))), model=MODEL)
    assert server.requests == []
