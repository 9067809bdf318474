"""Flows: several requests and one reply; leases, failures, waits, files, and jobs that outlive their process."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import Account, AsyncClient, Client, hookimpl
from modelscan.client.flow_store import FolderFlowStore, MemoryFlowStore
from modelscan.contracts.flows import Done, Event, Flow, Lost, Send, Wait, Woken
from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.limiter import Demand, Lease
from modelscan.contracts.provider import Connection, Provider
from modelscan.errors import (
    ConnectError,
    CredentialError,
    DeadlineError,
    InvalidRequestError,
    JobError,
    ModelScanError,
    OutcomeUnknownError,
    ServerError,
    TransportError,
    UnsupportedError,
)
from modelscan.limits.unlimited import Unlimited, UnlimitedLease
from modelscan.testing.scripted import Answer, PlainErrors, ScriptedTransport
from modelscan.types.content import Image
from modelscan.types.media import ImageReply, ImageRequest
from modelscan.types.usage import Usage
from modelscan.types.versioned import VersionError
from modelscan.wire.failures import provider_error
from modelscan.wire.schemes import Bearer

ASKED = ImageRequest(prompt="a cat")


class State(msgspec.Struct, frozen=True):
    """How far the painter is: nothing yet, or the job's name."""

    job: str = ""
    is_painted: bool = False


@attrs.frozen
class Paints:
    """Submits, polls until the answer is `done`, and fetches the picture into a file."""

    version: int = 1
    poll_s: float = 0.0
    is_lost_asked: bool = True
    media_url: str = "https://media.example.org/picture"
    media_auth: str | None = None
    state_type: type[State] = State

    def start(self, request: ImageRequest, target: Target) -> Send[State]:
        headers = (("idempotency-key", target.idempotency_key),)
        return Send(
            HttpRequest(url=f"{target.base_url}/submit", headers=headers, body=request.prompt.encode()), State()
        )

    def resume(
        self, state: State, event: Event, request: ImageRequest, target: Target
    ) -> Send[State] | Wait[State] | Done[ImageReply]:
        if isinstance(event, Lost) and not state.job:
            if not self.is_lost_asked:
                raise OutcomeUnknownError(f"nobody knows whether it was submitted: {event.error}")
            return self.start(request, target)
        if isinstance(event, (Woken, Lost)):
            return self._fetch(state) if state.is_painted else self._poll(state, target)
        assert isinstance(event, HttpResponse)
        if event.status >= 400:
            raise provider_error(event)
        if not state.job:
            return Wait(seconds=self.poll_s, state=State(event.body.decode()), progress=0.0)
        if event.file is not None:
            picture = Image(path=event.file.path, media_type=event.file.media_type)
            return Done(ImageReply(images=(picture,), usage=Usage(images=1)))
        if event.body == b"done":
            return self._fetch(State(state.job, is_painted=True))
        if event.body == b"failed":
            raise JobError("the painter failed")
        return Wait(seconds=self.poll_s, state=state, progress=0.5)

    def cancel(self, state: State, target: Target) -> HttpRequest | None:
        return HttpRequest(method="DELETE", url=f"{target.base_url}/{state.job}") if state.job else None

    def verify(self, headers: Any, body: bytes, keys: bytes, now: Any) -> Any:
        raise NotImplementedError

    def _poll(self, state: State, target: Target) -> Send[State]:
        return Send(HttpRequest(method="GET", url=f"{target.base_url}/{state.job}", repeat="safe"), state)

    def _fetch(self, state: State) -> Send[State]:
        request = HttpRequest(method="GET", url=self.media_url, auth=self.media_auth, repeat="safe", sink=True)
        return Send(request, state)


PNG = (("content-type", "image/png"),)
SUBMITTED = Answer(pieces=[b"job-7"])
RUNNING = Answer(pieces=[b"running"])
PAINTED = Answer(pieces=[b"done"])
PICTURE = Answer(pieces=[b"\x89PNG", b" and so on"], headers=PNG)
WHOLE = (SUBMITTED, RUNNING, PAINTED, PICTURE)
HANG = Answer(hang=True)


class WatchedLease(UnlimitedLease):
    def __init__(self, steps: list[str]) -> None:
        super().__init__()
        self.steps = steps

    def _step(self, to: Any, *allowed: Any) -> None:
        super()._step(to, *allowed)
        self.steps.append(to)


class Watching(Unlimited):
    name = "watching"
    leases: list[list[str]]
    attached: list[bytes]

    def __init__(self) -> None:
        Watching.leases, Watching.attached = [], []

    async def reserve(self, demand: Demand) -> UnlimitedLease:
        Watching.leases.append([])
        return WatchedLease(Watching.leases[-1])

    def attach(self, token: bytes) -> UnlimitedLease:
        Watching.attached.append(token)
        lease = WatchedLease(Watching.leases[-1] if Watching.leases else [])
        if not Watching.leases:
            Watching.leases.append(lease.steps)
        lease.state = "sent"
        return lease


@hookimpl
def modelscan_limiter() -> type[Watching]:
    return Watching


def painter(flow: Any = None, name: str = "plain") -> Provider:
    connection = Connection(base_urls={"default": f"https://{name}.example.org"}, schemes={"default": Bearer()})
    return Provider(name=name, connection=connection, errors=PlainErrors(), image=flow or Paints())


def client_over(*steps: Any, flow: Any = None, **arguments: Any) -> AsyncClient:
    transport = arguments.pop("transport", None) or ScriptedTransport(*steps)
    given: dict[str, Any] = {
        "plugins": (painter(flow), SimpleNamespace(modelscan_limiter=modelscan_limiter)),
        "transport": transport,
        "api_keys": {"plain": "sk-1234567890", "other": "sk-0987654321"},
        "settings": {"retries.max_attempts": 2, "retries.base_s": 0.0, "client.limiter": "watching"},
        "config": False,
    }
    return AsyncClient(**given | arguments)


def methods(transport: ScriptedTransport) -> list[str]:
    return [f"{request.method} {request.url.rpartition('/')[2]}" for request in transport.requests]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files go that the client makes."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def content(reply: Any) -> bytes:
    return Path(reply.images[0].path).read_bytes()


def stored_in(folder: Path) -> list[tuple[bytes, int]]:
    return [(file.read_bytes(), file.stat().st_mode & 0o777) for file in folder.iterdir()]


async def until(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for is inside the client
            await asyncio.sleep(0)


# --- one call ---


def test_the_painter_is_a_flow() -> None:
    assert isinstance(Paints(), Flow)


async def test_a_flow_is_run_like_any_other_call() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7", "GET picture"]
    assert (reply.provider, reply.model, reply.usage.images) == ("plain", "m", 1)


async def test_one_lease_holds_for_the_whole_flow() -> None:
    async with client_over(*WHOLE) as client:
        await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "arrived", "settled"]]


async def test_a_reply_that_goes_to_a_file_is_given_as_its_path() -> None:
    async with client_over(*WHOLE) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert (content(reply), reply.images[0].media_type) == (b"\x89PNG and so on", "image/png")
    assert reply.images[0].path.endswith(".png")


async def test_a_large_file_is_written_in_pieces() -> None:
    piece = bytes(600_000)
    async with client_over(SUBMITTED, PAINTED, Answer(pieces=[piece] * 5)) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert content(reply) == piece * 5


async def test_credentials_go_to_the_vendor_and_not_to_a_presigned_address() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    signed = ["authorization" in dict(request.headers) for request in transport.requests]
    assert signed == [True, True, True, False]


async def test_an_address_in_a_reply_cannot_draw_the_credential_to_another_host() -> None:
    transport = ScriptedTransport(*WHOLE)
    async with client_over(transport=transport, flow=Paints(media_auth="default")) as client:
        with pytest.raises(CredentialError, match="media.example.org"):
            await client.run(ASKED, model="plain/m")
    assert len(transport.requests) == 3


async def test_each_flow_has_a_key_of_its_own_and_the_callers_key_wins() -> None:
    transport = ScriptedTransport(*WHOLE, *WHOLE, *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
        await client.run(ASKED, model="plain/m")
        await client.run(ASKED, model="plain/m", idempotency_key="order-17")
    first, second, third = (dict(transport.requests[index].headers)["idempotency-key"] for index in (0, 4, 8))
    assert len({first, second}) == 2
    assert third == "order-17"


def test_the_blocking_client_runs_flows_too() -> None:
    with Client(
        plugins=[painter()], transport=ScriptedTransport(*WHOLE, *WHOLE), api_keys={"plain": "sk-1"}, config=False
    ) as client:
        assert client.run(ASKED, model="plain/m").usage.images == 1
        job = client.start(ASKED, model="plain/m")
        assert job.result().usage.images == 1
        assert (job.is_done, job.progress, repr(job)) == (True, 0.5, f"<Job {job.id} done>")


def test_the_blocking_client_leaves_and_cancels_jobs_too(tmp_path: Path) -> None:
    given: dict[str, Any] = {"api_keys": {"plain": "sk-1"}, "config": False, "jobs": tmp_path / "jobs"}
    slow = painter(Paints(poll_s=60.0))
    with Client(plugins=[slow], transport=ScriptedTransport(SUBMITTED), **given) as client:
        job = client.start(ASKED, model="plain/m")
    with pytest.raises(ModelScanError, match="was left"):
        job.result()
    with Client(plugins=[slow], transport=ScriptedTransport(RUNNING), **given) as client:
        job = client.resume(job.id)
        job.cancel()
        with pytest.raises(ModelScanError, match="was cancelled"):
            job.result()
    assert os.listdir(tmp_path / "jobs") == []


# --- failures ---


async def test_a_refused_submission_is_tried_again_with_a_new_lease() -> None:
    transport = ScriptedTransport(Answer(status=503), *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport)[:2] == ["POST submit", "POST submit"]
    assert Watching.leases == [["sent", "arrived", "settled"], ["sent", "arrived", "settled"]]


async def test_a_vendor_that_cannot_be_reached_gives_the_lease_back_and_is_tried_again() -> None:
    async with client_over(ConnectError("refused"), *WHOLE) as client:
        await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "released"], ["sent", "arrived", "settled"]]


@pytest.mark.parametrize("hiccup", [Answer(status=503), TransportError("cut", phase="read"), Answer(cut=True)])
async def test_a_poll_that_fails_for_a_moment_is_tried_again_in_place(hiccup: Any) -> None:
    transport = ScriptedTransport(SUBMITTED, hiccup, PAINTED, PICTURE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7", "GET picture"]
    assert len(Watching.leases) == 1


async def test_a_file_that_breaks_off_is_fetched_anew() -> None:
    torn = Answer(pieces=[b"\x89P"], cut=True, headers=PNG)
    async with client_over(SUBMITTED, PAINTED, torn, PICTURE) as client:
        reply = await client.run(ASKED, model="plain/m")
    assert content(reply) == b"\x89PNG and so on"


async def test_a_poll_that_fails_again_and_again_reaches_the_flow_as_it_came() -> None:
    async with client_over(SUBMITTED, Answer(status=503)) as client:
        with pytest.raises(ServerError):
            await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_a_failure_after_submission_does_not_submit_again() -> None:
    transport = ScriptedTransport(SUBMITTED, TransportError("cut", phase="read"))
    async with client_over(transport=transport) as client:
        with pytest.raises(TransportError, match="cut"):
            await client.run(ASKED, model=["plain/m", "plain/n"])
    assert methods(transport) == ["POST submit", "GET job-7", "GET job-7"]


async def test_a_job_that_the_vendor_gave_up_is_given_to_the_next_candidate() -> None:
    failed = Answer(pieces=[b"failed"])
    transport = ScriptedTransport(SUBMITTED, failed, *WHOLE)
    async with client_over(transport=transport, plugins=(painter(), painter(name="other")), settings={}) as client:
        reply = await client.run(ASKED, model=["plain/m", "other/m"])
    assert reply.provider == "other"


async def test_a_submission_whose_answer_is_lost_is_the_flows_to_decide() -> None:
    lost = TransportError("cut", phase="wait")
    transport = ScriptedTransport(lost, *WHOLE)
    async with client_over(transport=transport) as client:
        await client.run(ASKED, model="plain/m")
    assert methods(transport)[:2] == ["POST submit", "POST submit"]
    async with client_over(lost, flow=Paints(is_lost_asked=False)) as client:
        with pytest.raises(OutcomeUnknownError, match="nobody knows whether it was submitted: cut"):
            await client.run(ASKED, model="plain/m")
    assert Watching.leases == [["sent", "forfeited"]]


async def test_a_flow_that_sends_lost_requests_for_ever_is_stopped() -> None:
    transport = ScriptedTransport(TransportError("cut", phase="wait"))
    async with client_over(transport=transport) as client:
        with pytest.raises(TransportError, match="cut"):
            await client.run(ASKED, model="plain/m")
    assert len(transport.requests) == 3


async def test_a_failed_call_leaves_no_file_behind(files: Path) -> None:
    torn = Answer(pieces=[b"\x89P"], cut=True, headers=PNG)
    async with client_over(SUBMITTED, PAINTED, torn) as client:
        with pytest.raises(TransportError):
            await client.run(ASKED, model="plain/m")
    assert os.listdir(files) == []


async def test_a_refused_file_is_an_error_and_no_file() -> None:
    async with client_over(SUBMITTED, PAINTED, Answer(status=403, pieces=[b"expired"])) as client:
        with pytest.raises(ModelScanError, match="expired"):
            await client.run(ASKED, model="plain/m")


# --- time ---


async def test_a_wait_ends_at_the_deadline_and_the_job_is_cancelled() -> None:
    transport = ScriptedTransport(SUBMITTED, Answer())
    async with client_over(transport=transport, flow=Paints(poll_s=60.0)) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.05)
    assert methods(transport) == ["POST submit", "DELETE job-7"]
    assert Watching.leases == [["sent", "arrived", "forfeited"]]


async def test_cancelling_a_call_cancels_the_vendors_job() -> None:
    transport = ScriptedTransport(SUBMITTED, Answer())
    async with client_over(transport=transport, flow=Paints(poll_s=60.0)) as client:
        task = asyncio.ensure_future(client.run(ASKED, model="plain/m"))
        await until(lambda: Watching.leases == [["sent", "arrived"]])
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert methods(transport)[-1] == "DELETE job-7"


@pytest.mark.parametrize("answer", [HANG, Answer(status=500), ConnectError("gone")])
async def test_a_cancel_that_does_not_work_holds_nobody_up(answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelscan.client.flows._CANCEL_S", 0.02)
    async with client_over(SUBMITTED, answer, flow=Paints(poll_s=60.0)) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.02)


async def test_a_call_that_is_cancelled_before_it_was_taken_has_nothing_to_cancel() -> None:
    transport = ScriptedTransport(HANG)
    async with client_over(transport=transport) as client:
        with pytest.raises(DeadlineError):
            await client.run(ASKED, model="plain/m", timeout_s=0.02)
    assert methods(transport) == ["POST submit"]


# --- jobs ---


@pytest.fixture(params=["memory", "folder"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return MemoryFlowStore() if request.param == "memory" else FolderFlowStore(tmp_path / "jobs")


async def test_a_job_goes_on_by_itself_and_is_forgotten_when_it_is_done(store: Any) -> None:
    async with client_over(*WHOLE, jobs=store) as client:
        job = await client.start(ASKED, model="plain/m")
        assert await store.get(f"{job.id}.request") is not None
        assert (await job.result()).usage.images == 1
        assert (job.is_done, job.progress) == (True, 0.5)
        assert await store.get(f"{job.id}.request") is await store.get(f"{job.id}.step") is None
        assert repr(job) == f"<Job {job.id} done>"


async def left_after(count: int, store: Any, **arguments: Any) -> str:
    """A job that its process left while the request of that number was under way."""
    steps = [*WHOLE[: count - 1], HANG]
    transport = ScriptedTransport(*steps)
    async with client_over(transport=transport, jobs=store, **arguments) as client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: len(transport.requests) == count)
    with pytest.raises(ModelScanError, match=r"was left .*\nGo on with client\.resume"):
        await job.result()
    assert len(transport.requests) == count
    return job.id


@pytest.mark.parametrize(
    ("count", "rest"),
    [
        (1, ["POST submit", "GET job-7", "GET picture"]),
        (2, ["GET job-7", "GET picture"]),
        (4, ["GET picture"]),
    ],
)
async def test_another_process_goes_on_where_a_job_was_left(store: Any, count: int, rest: list[str]) -> None:
    job_id = await left_after(count, store)
    steps = {1: (SUBMITTED, PAINTED, PICTURE), 2: (PAINTED, PICTURE), 4: (PICTURE,)}[count]
    transport = ScriptedTransport(*steps)
    async with client_over(transport=transport, jobs=store) as client:
        job = await client.resume(job_id)
        reply = await job.result()
    assert (reply.provider, reply.model) == ("plain", "m")
    assert methods(transport) == rest


async def test_a_job_carries_its_lease_to_the_process_that_goes_on(store: Any) -> None:
    job_id = await left_after(2, store)
    assert Watching.leases == [["sent", "arrived", "detached"]]
    async with client_over(PAINTED, PICTURE, jobs=store) as client:
        await (await client.resume(job_id)).result()
    assert Watching.attached == [b"unlimited"]
    assert Watching.leases == [["settled"]]


async def test_a_job_keeps_its_key_in_every_process(store: Any) -> None:
    first = ScriptedTransport(HANG)
    async with client_over(transport=first, jobs=store) as client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: first.requests)
    second = ScriptedTransport(*WHOLE)
    async with client_over(transport=second, jobs=store) as client:
        await (await client.resume(job.id)).result()
    keys = {dict(transport.requests[0].headers)["idempotency-key"] for transport in (first, second)}
    assert len(keys) == 1


async def test_a_wait_that_was_left_is_over_when_the_job_goes_on(store: Any) -> None:
    async with client_over(SUBMITTED, jobs=store, flow=Paints(poll_s=60.0)) as client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: job.progress == 0.0)
    transport = ScriptedTransport(PAINTED, PICTURE)
    async with client_over(transport=transport, jobs=store) as client:
        await (await client.resume(job.id)).result()
    assert methods(transport) == ["GET job-7", "GET picture"]


async def test_a_job_goes_on_at_the_account_that_has_it(store: Any) -> None:
    accounts = [Account(provider="plain", name="one"), Account(provider="plain", name="two")]
    transport = ScriptedTransport(SUBMITTED, HANG)
    async with client_over(transport=transport, jobs=store, accounts=accounts) as client:
        job = await client.start(ASKED, model="plain@two/m")
        await until(lambda: len(transport.requests) == 2)
    async with client_over(PAINTED, PICTURE, jobs=store, accounts=[accounts[0]]) as client:
        with pytest.raises(ModelScanError, match="no account 'two'"):
            await client.resume(job.id)


async def test_a_cancelled_job_is_cancelled_at_the_vendors_and_forgotten(store: Any) -> None:
    transport = ScriptedTransport(SUBMITTED, Answer())
    async with client_over(transport=transport, jobs=store, flow=Paints(poll_s=60.0)) as client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: job.progress == 0.0)
        assert repr(job) == f"<Job {job.id} under way>"
        await job.cancel()
        with pytest.raises(ModelScanError, match="was cancelled"):
            await job.result()
        with pytest.raises(InvalidRequestError, match="no job"):
            await client.resume(job.id)
    assert methods(transport)[-1] == "DELETE job-7"


async def test_giving_up_the_wait_for_a_result_leaves_the_job_alone() -> None:
    async with client_over(SUBMITTED, HANG) as client:
        job = await client.start(ASKED, model="plain/m")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(job.result(), 0.01)
        assert not job.is_done
        assert await client.resume(job.id) is job


async def test_a_job_that_failed_at_the_vendors_is_over(store: Any) -> None:
    async with client_over(SUBMITTED, Answer(pieces=[b"failed"]), jobs=store) as client:
        job = await client.start(ASKED, model="plain/m")
        with pytest.raises(JobError, match="the painter failed"):
            await job.result()
        with pytest.raises(InvalidRequestError):
            await client.resume(job.id)


async def test_a_job_whose_vendor_cannot_be_reached_can_be_gone_on_with(store: Any) -> None:
    transport = ScriptedTransport(SUBMITTED, ConnectError("gone"), ConnectError("gone"), PAINTED, PICTURE)
    async with client_over(transport=transport, jobs=store) as client:
        job = await client.start(ASKED, model="plain/m")
        with pytest.raises(ConnectError):
            await job.result()
        assert (await (await client.resume(job.id)).result()).usage.images == 1


async def test_a_job_nobody_waits_for_may_fail_in_silence() -> None:
    async with client_over(SUBMITTED, Answer(pieces=[b"failed"])) as client:
        job = await client.start(ASKED, model="plain/m")
        await until(lambda: job.is_done)


async def test_what_cannot_even_begin_is_raised_at_the_start() -> None:
    async with client_over(SUBMITTED, plugins=[attrs.evolve(painter(), image=None)], settings={}) as client:
        with pytest.raises(UnsupportedError, match="has no image"):
            await client.start(ASKED, model="plain/m")


async def test_a_start_that_is_cancelled_leaves_no_job() -> None:
    class Slow(MemoryFlowStore):
        async def put(self, key: str, value: bytes) -> None:
            await asyncio.Event().wait()

    async with client_over(SUBMITTED, jobs=Slow()) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.start(ASKED, model="plain/m"), 0.02)
        assert not client._jobs._running


async def test_a_job_of_another_version_of_its_flow_is_refused_with_what_to_do(store: Any) -> None:
    job_id = await left_after(2, store)
    async with client_over(PAINTED, jobs=store, flow=Paints(version=2)) as client:
        with pytest.raises(VersionError, match=r"version 1 of plain's image.* version 2: finish the job"):
            await client.resume(job_id)


async def test_a_job_of_another_vocabulary_is_refused_with_what_to_do(store: Any) -> None:
    job_id = await left_after(2, store)
    step = await store.get(f"{job_id}.step")
    await store.put(f"{job_id}.step", step.replace(b'"version":1', b'"version":99', 1))
    async with client_over(PAINTED, jobs=store) as client:
        with pytest.raises(VersionError, match="version 99.*finish the job with the release that began it"):
            await client.resume(job_id)


async def test_a_stored_job_holds_no_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    await left_after(2, FolderFlowStore(tmp_path / "jobs"))
    stored = stored_in(tmp_path / "jobs")
    assert len(stored) == 2
    assert all(b"sk-1234567890" not in data and mode == 0o600 for data, mode in stored)


async def test_a_jobs_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    async with client_over(SUBMITTED, jobs=str(tmp_path / "jobs")) as client:
        with pytest.raises(ValueError, match="can't be the name of a job"):
            await client.resume("../secrets")


async def test_a_value_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = FolderFlowStore(tmp_path / "jobs")
    await folder.put("a", b"old")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        await folder.put("a", b"new")
    assert await folder.get("a") == b"old"
    assert os.listdir(tmp_path / "jobs") == ["a"]


def test_the_lease_of_a_flow_is_a_lease() -> None:
    assert isinstance(WatchedLease([]), Lease)
