"""Jobs: flows that outlive their process, or are left, cancelled, and gone on with."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import attrs
import pytest

from modelscan import Account, Client
from modelscan.client.flow_store import FolderFlowStore, MemoryFlowStore
from modelscan.contracts.limiter import Lease
from modelscan.errors import (
    ConnectError,
    InvalidRequestError,
    JobError,
    ModelScanError,
    UnsupportedError,
)
from modelscan.testing.scripted import Answer, ScriptedTransport
from modelscan.types.versioned import VersionError
from painter import (
    ASKED,
    HANG,
    PAINTED,
    PICTURE,
    RUNNING,
    SUBMITTED,
    WHOLE,
    Paints,
    WatchedLease,
    Watching,
    client_over,
    methods,
    painter,
    until,
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where files go that the client makes."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def stored_in(folder: Path) -> list[tuple[bytes, int]]:
    return [(file.read_bytes(), file.stat().st_mode & 0o777) for file in folder.iterdir()]


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
        assert client._jobs is not None
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


async def test_a_write_that_is_cancelled_does_not_overtake_what_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    is_writing = threading.Event()
    replace = os.replace

    def slow(source: str, target: str) -> None:
        is_writing.set()
        gate.wait(5)
        replace(source, target)

    monkeypatch.setattr("os.replace", slow)
    folder = FolderFlowStore(tmp_path / "jobs")
    writing = asyncio.ensure_future(folder.put("a", b"late"))
    await asyncio.to_thread(is_writing.wait, 5)
    writing.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await folder.delete("a")
    assert os.listdir(tmp_path / "jobs") == []
