"""fal's queue over a loopback server, with its media behind another one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from fal.codec import Queued, QueuedImages, modelscan_provider
from modelscan import AsyncClient
from modelscan.contracts.flows import Flow, Wait
from modelscan.contracts.http import HttpResponse, ResponseHead, Target
from modelscan.errors import (
    BadRequestError,
    CredentialError,
    DecodeError,
    JobError,
    ModelScanError,
    OutcomeUnknownError,
    UnsupportedError,
)
from modelscan.testing.loopback import Conversation, LoopbackServer, answer
from modelscan.types.content import Image
from modelscan.types.media import ImageReply, ImageRequest
from recordings import RECORDINGS, needs_recordings

KEY = "fal-key-0123456789"
ASKED = ImageRequest(prompt="a cat", count=2, size="512x256", seed=7)
MODEL = "fal/fal-ai/flux/schnell"


def replying(*values: Any, status: int = 200) -> Callable[[Conversation], Any]:
    """Answers in JSON, one after the other, the last one again and again."""
    left = list(values)

    async def script(talk: Conversation) -> bool:
        value = left.pop(0) if len(left) > 1 else left[0]
        return await answer(json.dumps(value).encode(), status=status)(talk)

    return script


@attrs.define
class Fal:
    """The queue and the media, each a server of its own."""

    queue: LoopbackServer
    media: LoopbackServer
    scripts: dict[str, Any]

    def client(self, **arguments: Any) -> AsyncClient:
        provider = attrs.evolve(modelscan_provider(), image=QueuedImages(poll_s=0.01))
        connection = attrs.evolve(provider.connection, base_urls={"default": self.queue.url, "queue": self.queue.url})
        return AsyncClient(
            plugins=[attrs.evolve(provider, connection=connection)],
            api_keys={"fal": KEY},
            config=False,
            settings={"retries.base_s": 0.0, "retries.max_attempts": 2},
            **arguments,
        )

    def seen(self) -> list[str]:
        return [f"{request.method} {request.path}" for request in self.queue.requests]


@pytest.fixture
async def fal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fal]:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    scripts: dict[str, Any] = {}
    picture = answer(b"\x89PNG the picture", headers=[("Content-Type", "image/png")])
    async with LoopbackServer(picture) as media, LoopbackServer(scripts) as queue:
        job = f"{queue.url}/fal-ai/flux/requests/r-1"
        scripts["/fal-ai/flux/schnell"] = replying(
            {
                "status": "IN_QUEUE",
                "request_id": "r-1",
                "response_url": job,
                "status_url": f"{job}/status",
                "cancel_url": f"{job}/cancel",
                "queue_position": 2,
            }
        )
        running = [{"status": "IN_QUEUE", "queue_position": 1}, {"status": "IN_PROGRESS", "logs": None}]
        scripts["/fal-ai/flux/requests/r-1/status"] = replying(*running, {"status": "COMPLETED", "metrics": {}})
        pictures = [{"url": f"{media.url}/{name}?signature=s", "content_type": "image/png"} for name in "ab"]
        scripts["/fal-ai/flux/requests/r-1"] = replying({"images": pictures, "seed": 7})
        scripts["/fal-ai/flux/requests/r-1/cancel"] = replying({"status": "CANCELLATION_REQUESTED"}, status=202)
        yield Fal(queue, media, scripts)


def contents(reply: ImageReply) -> list[bytes]:
    return [Path(image.path or "").read_bytes() for image in reply.images]


def test_the_queue_is_a_flow() -> None:
    assert isinstance(QueuedImages(), Flow)


async def test_pictures_are_submitted_asked_after_and_fetched(fal: Fal) -> None:
    async with fal.client() as client:
        reply = await client.run(ASKED, model=MODEL)
    assert contents(reply) == [b"\x89PNG the picture"] * 2
    assert (reply.provider, reply.model, reply.usage.images) == ("fal", "fal-ai/flux/schnell", 2)
    status = "GET /fal-ai/flux/requests/r-1/status"
    assert fal.seen() == ["POST /fal-ai/flux/schnell", status, status, status, "GET /fal-ai/flux/requests/r-1"]
    sent = json.loads(fal.queue.requests[0].body)
    assert sent == {"prompt": "a cat", "num_images": 2, "image_size": {"width": 512, "height": 256}, "seed": 7}


async def test_the_key_goes_to_the_queue_and_never_to_where_the_media_are(fal: Fal) -> None:
    async with fal.client() as client:
        await client.run(ASKED, model=MODEL)
    assert {request.header("authorization") for request in fal.queue.requests} == {f"Key {KEY}"}
    assert [request.path for request in fal.media.requests] == ["/a?signature=s", "/b?signature=s"]
    assert KEY not in str(fal.media.requests)


@pytest.mark.parametrize("name", ["status_url", "response_url"])
async def test_an_address_elsewhere_in_the_queues_answer_gets_no_key(fal: Fal, name: str) -> None:
    queued = {"status": "IN_QUEUE", "status_url": f"{fal.queue.url}/fal-ai/flux/requests/r-1/status"}
    fal.scripts["/fal-ai/flux/schnell"] = replying(
        queued | {"response_url": f"{fal.queue.url}/r"} | {name: f"{fal.media.url}/steal"}
    )
    async with fal.client() as client:
        with pytest.raises(CredentialError, match="was not sent to '127.0.0.1'"):
            await client.run(ASKED, model=MODEL)
    assert fal.media.requests == []


async def test_cancelling_takes_the_request_out_of_the_queue(fal: Fal) -> None:
    fal.scripts["/fal-ai/flux/requests/r-1/status"] = replying({"status": "IN_QUEUE"})
    async with fal.client() as client:
        job = await client.start(ASKED, model=MODEL)
        await fal.queue.until_requests(3)
        await job.cancel()
        with pytest.raises(ModelScanError, match="was cancelled"):
            await job.result()
    assert fal.seen()[-1] == "PUT /fal-ai/flux/requests/r-1/cancel"
    assert fal.queue.requests[-1].header("authorization") == f"Key {KEY}"


async def test_a_deadline_cancels_it_too(fal: Fal) -> None:
    fal.scripts["/fal-ai/flux/requests/r-1/status"] = replying({"status": "IN_PROGRESS"})
    async with fal.client() as client:
        with pytest.raises(ModelScanError, match="deadline"):
            await client.run(ASKED, model=MODEL, timeout_s=0.5)
    assert fal.seen()[-1] == "PUT /fal-ai/flux/requests/r-1/cancel"


async def test_a_finished_picture_is_fetched_by_another_process(fal: Fal, tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def held(talk: Conversation) -> bool:
        await talk.read_body()
        await gate.wait()
        return False

    fal.media._scripts = {"*": held}
    async with fal.client(jobs=tmp_path / "jobs") as client:
        job = await client.start(ASKED, model=MODEL)
        await fal.media.until_requests(1)
    gate.set()
    fal.media._scripts = {"*": answer(b"again")}
    async with fal.client(jobs=tmp_path / "jobs") as client:
        reply = await (await client.resume(job.id)).result()
    assert contents(reply) == [b"again"] * 2
    assert fal.seen().count("POST /fal-ai/flux/schnell") == 1


@pytest.mark.parametrize(
    ("path", "waits_for"),
    [("/fal-ai/flux/requests/r-1/status", 2), ("/fal-ai/flux/requests/r-1", 5)],
)
async def test_a_job_is_gone_on_with_wherever_its_process_ended(
    fal: Fal, tmp_path: Path, path: str, waits_for: int
) -> None:
    script = fal.scripts[path]

    async def silent(talk: Conversation) -> bool:
        await talk.until_closed()
        return False

    fal.scripts[path] = silent
    async with fal.client(jobs=tmp_path / "jobs") as client:
        job = await client.start(ASKED, model=MODEL)
        await fal.queue.until_requests(waits_for)
    fal.scripts[path] = script
    async with fal.client(jobs=tmp_path / "jobs") as client:
        assert len((await (await client.resume(job.id)).result()).images) == 2
    assert fal.seen().count("POST /fal-ai/flux/schnell") == 1


async def test_a_submission_without_an_answer_is_not_sent_again(fal: Fal) -> None:
    async def cut(talk: Conversation) -> bool:
        await talk.read_body()
        return False

    fal.scripts["/fal-ai/flux/schnell"] = cut
    async with fal.client() as client:
        with pytest.raises(OutcomeUnknownError, match="fal may have queued the request"):
            await client.run(ASKED, model=MODEL)
    assert fal.seen() == ["POST /fal-ai/flux/schnell"]


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (422, {"detail": [{"msg": "too large", "type": "image_too_large"}]}, BadRequestError, "too large"),
        (422, {"detail": []}, BadRequestError, "422"),
        (404, {"detail": "no such model"}, ModelScanError, "no such model"),
        (502, "<html>", ModelScanError, "502"),
    ],
)
async def test_a_refusal_is_an_error_in_fals_words(
    fal: Fal, status: int, body: Any, error: type[ModelScanError], message: str
) -> None:
    fal.scripts["/fal-ai/flux/schnell"] = replying(body, status=status)
    async with fal.client() as client:
        with pytest.raises(error, match=message):
            await client.run(ASKED, model=MODEL)


async def test_a_failed_model_is_a_failed_job(fal: Fal) -> None:
    fal.scripts["/fal-ai/flux/requests/r-1/status"] = replying({"status": "COMPLETED", "error": "out of memory"})
    async with fal.client() as client:
        with pytest.raises(JobError, match="out of memory"):
            await client.run(ASKED, model=MODEL)


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/fal-ai/flux/schnell", {"status": "IN_QUEUE"}, "names no addresses"),
        ("/fal-ai/flux/schnell", [], "something else"),
        ("/fal-ai/flux/requests/r-1", {"timings": {}}, "no picture"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_said_to(fal: Fal, path: str, body: Any, message: str) -> None:
    fal.scripts[path] = replying(body)
    async with fal.client() as client:
        with pytest.raises(DecodeError, match=message):
            await client.run(ASKED, model=MODEL)


async def test_a_model_with_one_picture_answers_with_one(fal: Fal) -> None:
    fal.scripts["/fal-ai/flux/requests/r-1"] = replying({"image": {"url": f"{fal.media.url}/only"}})
    async with fal.client() as client:
        assert len((await client.run(ASKED, model=MODEL)).images) == 1


@needs_recordings
def test_a_recorded_answer_of_the_queue_names_the_addresses() -> None:
    body = (RECORDINGS / "fal/vercel__ai/fal/fal-transcription-queue.json").read_bytes()
    target = Target(base_urls={"queue": "https://queue.fal.run"}, model="fal-ai/wizper")
    step = QueuedImages().resume(Queued(), HttpResponse(ResponseHead(200), body), ASKED, target)
    assert isinstance(step, Wait)
    found = json.loads(body)
    addresses = (found["status_url"], found["response_url"], found["cancel_url"])
    assert (step.state.status_url, step.state.response_url, step.state.cancel_url) == addresses


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (ImageRequest(prompt="p", quality="high"), "no word for 'quality'"),
        (ImageRequest(prompt="p", mask=Image(url="https://example.org/m")), "no word for 'mask'"),
        (ImageRequest(prompt="p", size="square"), "WIDTHxHEIGHT"),
    ],
)
async def test_what_fal_has_no_word_for_is_refused(fal: Fal, request_: ImageRequest, message: str) -> None:
    async with fal.client() as client:
        with pytest.raises(UnsupportedError, match=message):
            await client.run(request_, model=MODEL)
