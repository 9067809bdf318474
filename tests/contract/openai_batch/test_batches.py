"""OpenAI's batches over a loopback server, with a process that dies between any two steps."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import recordings
from modelscan import EmbedRequest, user
from modelscan.contracts.flows import Flow, Wait
from modelscan.contracts.http import Headers, HttpResponse, ResponseHead, Target
from modelscan.errors import CredentialError, DecodeError, JobError, ModelScanError, UnsupportedError
from modelscan.testing.loopback import LoopbackServer, answer
from modelscan.types.batch import BatchReply, BatchRequest
from modelscan.types.chat import ChatRequest
from openai_batch.codec import Batch, Batches
from openai_batch.process import ASKED, MODEL, client_of
from openai_batch.service import Moment, Service, chat_line, error_line
from recordings import needs_recordings

CONTRACT = Path(__file__).parents[1]
WHOLE = ["upload", "create", "poll 1", "poll 2", "errors", "output"]
EMBEDS = BatchRequest(requests=(EmbedRequest(inputs=("a",)),))


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    async with LoopbackServer(service.script) as service.server:
        yield service


async def cut() -> None:
    """The connection breaks, and that is all."""


def told(reply: BatchReply) -> list[str]:
    return [
        item.error or (item.reply.text if item.reply is not None and hasattr(item.reply, "text") else "")
        for item in reply.items
    ]


EXPECTED = ["one", "no such word", "three"]


def test_a_batch_is_a_flow() -> None:
    assert isinstance(Batches(), Flow)


async def test_a_batch_is_uploaded_created_waited_for_and_collected(service: Service, tmp_path: Path) -> None:
    async with client_of(service.url, tmp_path) as client:
        reply = await client.run(ASKED, model=MODEL)
    assert service.steps == WHOLE
    assert told(reply) == EXPECTED
    assert (reply.provider, reply.model, reply.usage.input_tokens) == ("openai", "gpt-4o-mini", 4)
    assert (reply.items[1].status, reply.items[1].code) == (400, "bad")
    lines = [json.loads(line) for line in service.files[0].splitlines()]
    assert [line["custom_id"] for line in lines] == ["0", "1", "2"]
    assert (lines[0]["method"], lines[0]["url"]) == ("POST", "/v1/chat/completions")
    assert lines[0]["body"] == {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "one"}]}


async def test_a_batch_tells_how_far_it_is_and_who_made_it(service: Service, tmp_path: Path) -> None:
    async with client_of(service.url, tmp_path) as client:
        job = await client.start(ASKED, model=MODEL)
        await job.result()
        assert job.progress == pytest.approx(1 / 3)
    assert service.batches[0]["metadata"] == {"modelscan_key": job.id}
    assert service.batches[0]["input_file_id"] == "file-1"
    assert (service.batches[0]["endpoint"], service.batches[0]["completion_window"]) == ("/v1/chat/completions", "24h")


# --- the process dies ---


async def killed_at(service: Service, moment: Moment, jobs: Path) -> str:
    """The id of a job whose process was killed then, with no chance to say anything."""
    environment = os.environ | {"PYTHONPATH": str(CONTRACT)}
    command = (sys.executable, "-m", "openai_batch.process", service.url, str(jobs))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert process.stdout is not None
    line = asyncio.ensure_future(process.stdout.readline())

    async def kill() -> None:
        await line  # the moment is the server's, and the job has its id before
        process.kill()
        await process.wait()

    service.moments[moment] = kill
    try:
        async with asyncio.timeout(30):
            await process.wait()
            job_id = (await line).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == -9
    return job_id


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", WHOLE)
async def test_another_process_goes_on_with_a_batch_whose_process_was_killed(
    service: Service, tmp_path: Path, step: str, when: Any
) -> None:
    job_id = await killed_at(service, (step, when), tmp_path)
    async with client_of(service.url, tmp_path) as client:
        reply = await (await client.resume(job_id)).result()
    assert told(reply) == EXPECTED
    assert len(service.batches) == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_search_for_a_lost_batch_may_be_killed_as_well(service: Service, tmp_path: Path, when: Any) -> None:
    service.moments["create", "after"] = cut
    job_id = await killed_at(service, ("find", when), tmp_path)
    async with client_of(service.url, tmp_path) as client:
        assert told(await (await client.resume(job_id)).result()) == EXPECTED
    assert len(service.batches) == 1


async def test_a_process_may_be_killed_again_and_again(service: Service, tmp_path: Path) -> None:
    job_id = await killed_at(service, ("create", "after"), tmp_path)
    for step in ("find", "poll 1", "output"):
        gone = asyncio.Event()

        async def leave(gone: asyncio.Event = gone) -> None:
            gone.set()

        service.moments[step, "after"] = leave
        async with client_of(service.url, tmp_path) as client:
            await client.resume(job_id)
            await gone.wait()
    async with client_of(service.url, tmp_path) as client:
        assert told(await (await client.resume(job_id)).result()) == EXPECTED
    assert len(service.batches) == 1


# --- the connection breaks ---


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_lost_creation_is_searched_for_before_it_is_made_again(
    service: Service, tmp_path: Path, when: Any
) -> None:
    service.moments["create", when] = cut
    async with client_of(service.url, tmp_path) as client:
        assert told(await client.run(ASKED, model=MODEL)) == EXPECTED
    assert len(service.batches) == 1
    again = ["create"] if when == "before" else []
    assert service.steps == ["upload", "create", "find", *again, *WHOLE[2:]]


async def test_the_search_goes_through_all_pages_and_takes_no_other_batch(service: Service, tmp_path: Path) -> None:
    service.page = 2

    async def crowd() -> None:
        others = [
            {"id": f"other-{number}", "metadata": {"modelscan_key": "x"}, "status": "failed"} for number in range(4)
        ]
        service.batches.extend([*others, {"id": "other-9", "metadata": None, "status": "failed"}])

    service.moments["create", "after"] = crowd
    async with client_of(service.url, tmp_path) as client:
        assert told(await client.run(ASKED, model=MODEL)) == EXPECTED
    assert service.steps.count("find") == 3
    assert len([batch for batch in service.batches if batch["id"].startswith("batch")]) == 1


async def test_a_cancelled_batch_is_cancelled_at_the_vendors(service: Service, tmp_path: Path) -> None:
    service.ends_as = {"status": "in_progress"}
    async with client_of(service.url, tmp_path) as client:
        job = await client.start(ASKED, model=MODEL)
        await service.server.until_requests(4)
        await job.cancel()
    assert service.steps[-1] == "cancel"
    assert os.listdir(tmp_path) == []


# --- how a batch ends ---


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ({"error_file_id": None}, ["one", "the batch ended before this request was answered", "three"]),
        ({"output_file_id": None, "status": "expired"}, ["the batch ended", "no such word", "the batch ended"]),
        ({"status": "cancelled"}, EXPECTED),
    ],
)
async def test_what_was_answered_is_given_however_the_batch_ended(
    service: Service, tmp_path: Path, ending: dict[str, Any], expected: list[str]
) -> None:
    service.ends_as = ending
    async with client_of(service.url, tmp_path) as client:
        reply = await client.run(ASKED, model=MODEL)
    assert all(found.startswith(text) for found, text in zip(told(reply), expected, strict=True))
    assert reply.usage.is_reported is (ending.get("output_file_id", "") is not None)


@pytest.mark.parametrize(
    ("ending", "message"),
    [
        (
            {"errors": {"data": [{"message": "no JSON", "line": 3}, {"message": "too long"}]}},
            "line 3: no JSON; too long",
        ),
        ({}, "no reason is given"),
    ],
)
async def test_a_batch_that_failed_says_why(
    service: Service, tmp_path: Path, ending: dict[str, Any], message: str
) -> None:
    service.ends_as = {"status": "failed", "output_file_id": None, "error_file_id": None, **ending}
    async with client_of(service.url, tmp_path) as client:
        with pytest.raises(JobError, match=f"batch-1 has failed: {message}"):
            await client.run(ASKED, model=MODEL)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (chat_line(7, "seven"), "request 7, and there are 3"),
        (chat_line(0, "one").replace('"custom_id": "0"', '"custom_id": "x"'), "'x', which was not asked"),
        ("no json", "something else"),
        (error_line(7, "seven"), "request 7"),
    ],
)
async def test_an_answer_to_what_nobody_asked_is_an_error(
    service: Service, tmp_path: Path, output: str, message: str
) -> None:
    service.output = output
    async with client_of(service.url, tmp_path) as client:
        with pytest.raises(DecodeError, match=message):
            await client.run(ASKED, model=MODEL)


async def test_a_request_may_fail_without_an_answer(service: Service, tmp_path: Path) -> None:
    expired = {"custom_id": "1", "response": None, "error": {"code": "batch_expired", "message": "too late"}}
    silent = {"custom_id": "0", "response": {"status_code": 302, "body": {}}}
    service.errors = "\n".join(json.dumps(line) for line in (expired, silent))
    service.output = ""
    async with client_of(service.url, tmp_path) as client:
        reply = await client.run(ASKED, model=MODEL)
    assert (reply.items[1].code, reply.items[1].error) == ("batch_expired", "too late")
    assert (reply.items[0].status, reply.items[0].error) == (302, "failed without a reason")


async def test_a_refused_batch_is_an_error(service: Service, tmp_path: Path) -> None:
    body = b'{"error": {"message": "no credit", "type": "insufficient_quota", "code": "insufficient_quota"}}'
    service.server._scripts = {"*": answer(body, status=429)}
    async with client_of(service.url, tmp_path) as client:
        with pytest.raises(ModelScanError, match="no credit"):
            await client.run(ASKED, model=MODEL)


async def test_embeddings_make_a_batch_too(service: Service, tmp_path: Path) -> None:
    vector = {"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}
    body = {"object": "list", "data": [vector], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    service.output = json.dumps({"custom_id": "0", "response": {"status_code": 200, "body": body}})
    service.ends_as = {"error_file_id": None}
    async with client_of(service.url, tmp_path) as client:
        reply = await client.run(EMBEDS, model=MODEL)
    assert reply.items[0].reply.vectors == ((0.5, 1.0),)
    assert service.batches[0]["endpoint"] == "/v1/embeddings"


async def test_a_batch_of_several_kinds_is_refused(service: Service, tmp_path: Path) -> None:
    mixed = BatchRequest(requests=(ChatRequest(messages=(user("a"),)), *EMBEDS.requests))
    async with client_of(service.url, tmp_path) as client:
        with pytest.raises(UnsupportedError, match="of one kind"):
            await client.start(mixed, model=MODEL)


async def test_the_callers_own_metadata_is_kept(service: Service, tmp_path: Path) -> None:
    request = BatchRequest(requests=ASKED.requests, extra={"metadata": {"team": "a"}, "output_expires_after": None})
    async with client_of(service.url, tmp_path) as client:
        await client.run(request, model=MODEL, idempotency_key="order-17")
    assert service.batches[0]["metadata"] == {"team": "a", "modelscan_key": "order-17"}


@needs_recordings
def test_recorded_batches_are_waited_for() -> None:
    found = [
        recording
        for recording in recordings.interactions(provider="openai", capability="batch")
        if b'"object":"batch"' in recording.response.body.replace(b" ", b"") and recording.response.status == 200
    ]
    assert found
    target = Target(base_urls={"default": "https://api.openai.com/v1"}, model="gpt-4o-mini", idempotency_key="k")
    for recording in found:
        response = HttpResponse(ResponseHead(200), recording.response.body)
        step = Batches().resume(Batch("create", "file-1"), response, ASKED, target)
        assert isinstance(step, Wait)
        assert step.state.batch_id == json.loads(recording.response.body)["id"]


# --- webhooks ---

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECRET = b"whsec_" + base64.b64encode(b"a secret of thirty-two bytes....")
EVENT = b'{"type": "batch.completed", "data": {"id": "batch-1"}}'


def signed(body: bytes = EVENT, at: datetime = NOW) -> Headers:
    stamp = int(at.timestamp())
    key = base64.b64decode(SECRET.removeprefix(b"whsec_"))
    mac = hmac.new(key, f"wh-1.{stamp}.".encode() + body, hashlib.sha256).digest()
    signatures = f"v1,AAAA v1,{base64.b64encode(mac).decode()}"
    return (("webhook-id", "wh-1"), ("webhook-timestamp", str(stamp)), ("webhook-signature", signatures))


def test_a_signed_webhook_is_let_in() -> None:
    assert Batches().verify(signed(), EVENT, SECRET, NOW).body == EVENT


@pytest.mark.parametrize(
    ("headers", "body", "secret"),
    [
        (signed(), EVENT + b" ", SECRET),
        (signed(), EVENT, b"whsec_" + base64.b64encode(b"another")),
        (signed(), EVENT, b"whsec_?"),
        (signed(at=NOW - timedelta(minutes=6)), EVENT, SECRET),
        (signed()[:2], EVENT, SECRET),
    ],
)
def test_a_webhook_that_anybody_else_may_have_sent_is_not(headers: Headers, body: bytes, secret: bytes) -> None:
    with pytest.raises(CredentialError):
        Batches().verify(headers, body, secret, NOW)
