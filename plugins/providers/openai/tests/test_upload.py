"""Files for OpenAI: the form as it is documented, and a question that names the file."""

from __future__ import annotations

import json
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import AsyncClient, File, user
from modelscan.contracts.http import Field, HttpRequest, HttpResponse, Multipart, ResponseHead, Target
from modelscan.contracts.operations import Operation
from modelscan.errors import DecodeError
from modelscan.testing.loopback import LoopbackServer, answer
from modelscan_provider_openai import modelscan_provider
from modelscan_provider_openai.upload import FileUpload

PROVIDER = modelscan_provider()
PDF = b"%PDF-1.7 and so on"
TARGET = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o", params={"organization": "org_1"})
FILED: dict[str, Any] = {
    "id": "file-abc123",
    "object": "file",
    "bytes": 18,
    "created_at": 1_790_000_000,
    "expires_at": 1_790_172_800,
    "filename": "a.pdf",
    "purpose": "user_data",
    "status": "processed",
}
SAID = {
    "id": "c-1",
    "object": "chat.completion",
    "model": "gpt-4o",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "A report."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def test_the_form_says_what_the_file_is_for_and_when_it_goes() -> None:
    part = File(data=PDF, media_type="application/pdf", name="a.pdf")
    assert FileUpload().encode(part, TARGET) == HttpRequest(
        url="https://api.openai.com/v1/files",
        headers=(("openai-organization", "org_1"),),
        body=Multipart(
            (
                Field("purpose", "user_data"),
                Field("expires_after[anchor]", "created_at"),
                Field("expires_after[seconds]", "172800"),
                Field("file", PDF, filename="a.pdf", media_type="application/pdf"),
            )
        ),
        repeat="safe",
    )


@pytest.mark.parametrize(
    ("media_type", "name", "sent_type"),
    [("application/pdf", "upload.pdf", "application/pdf"), (None, "upload", "application/octet-stream")],
)
def test_a_file_without_a_name_is_given_one_by_its_type(media_type: str | None, name: str, sent_type: str) -> None:
    body = FileUpload().encode(File(data=PDF, media_type=media_type), TARGET).body
    assert isinstance(body, Multipart)
    assert (body.fields[-1].filename, body.fields[-1].media_type) == (name, sent_type)


def test_the_answer_names_the_file_and_the_part_keeps_the_rest() -> None:
    part = File(data=PDF, media_type="application/pdf", name="a.pdf", cache="5m")
    reply = FileUpload().decode(HttpResponse(ResponseHead(200), msgspec.json.encode(FILED)), part, TARGET)
    assert reply == File(file_id="file-abc123", media_type="application/pdf", name="a.pdf", cache="5m")


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b'{"id": 3}'])
def test_an_answer_that_names_no_file_is_no_answer(body: bytes) -> None:
    with pytest.raises(DecodeError, match="names no file"):
        FileUpload().decode(HttpResponse(ResponseHead(200), body), File(data=PDF), TARGET)


def test_the_provider_forgets_a_file_when_the_vendor_does() -> None:
    assert isinstance(PROVIDER.upload, Operation)
    rules = PROVIDER.media["file"]
    assert "file_id" in rules.forms
    assert rules.file_lifetime_s == 172800


async def test_a_large_file_is_uploaded_and_named_in_the_question() -> None:
    rules = msgspec.structs.replace(PROVIDER.media["file"], max_bytes=4)
    provider = attrs.evolve(PROVIDER, media={**PROVIDER.media, "file": rules})
    scripts = {
        "/v1/files": answer(msgspec.json.encode(FILED)),
        "/v1/chat/completions": answer(msgspec.json.encode(SAID)),
    }
    async with (
        LoopbackServer(scripts) as server,
        AsyncClient(
            plugins=[provider],
            api_keys={"openai": "sk-1234567890"},
            base_urls={"openai": f"{server.url}/v1"},
            config=False,
        ) as client,
    ):
        for _ in range(2):
            reply = await client.chat(user("What is this?", File(data=PDF, name="a.pdf")), model="openai/gpt-4o")
            assert reply.text == "A report."
    filed, *asked = server.requests
    assert [request.path for request in asked] == ["/v1/chat/completions"] * 2
    assert filed.header("authorization") == "Bearer sk-1234567890"
    assert (filed.header("content-type") or "").startswith("multipart/form-data; boundary=")
    assert b'name="purpose"\r\n\r\nuser_data\r\n' in filed.body
    assert b'name="file"; filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n' + PDF in filed.body
    for request in asked:
        parts = json.loads(request.body)["messages"][0]["content"]
        assert parts[1] == {"type": "file", "file": {"file_id": "file-abc123"}}
