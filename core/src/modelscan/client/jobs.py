"""Jobs: flows that go on by themselves, to be waited for, cancelled, or resumed by another process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

from modelscan.client.flow_store import FolderFlowStore, MemoryFlowStore
from modelscan.client.flows import Track
from modelscan.client.stored import StoredJob, StoredStep
from modelscan.contracts.flows import FlowStore
from modelscan.errors import ModelScanError


class Job:
    """A call under way. Give its `id` to `client.resume` to go on with it after this process has ended."""

    def __init__(self, track: Track, task: asyncio.Task[Any]) -> None:
        self._track = track
        self._task = task
        task.add_done_callback(_look)

    def __repr__(self) -> str:
        return f"<Job {self.id} {'done' if self.is_done else 'under way'}>"

    @property
    def id(self) -> str:
        """The job's name in its store."""
        return self._track.job.id

    @property
    def is_done(self) -> bool:
        """Whether `result` answers at once."""
        return self._task.done()

    @property
    def progress(self) -> float | None:
        """How far it is, from 0 to 1, where the vendor tells."""
        return self._track.progress

    async def result(self) -> Any:
        """The reply Struct, when it is there; raises what the call raised. Giving up the wait leaves the job alone.

        Raises `ModelScanError` for a job that was cancelled, or left to another process by closing the client.
        """
        await asyncio.wait([self._task])
        if self._task.cancelled():
            what = "was left when its client was closed" if self._track.is_left else "was cancelled"
            advice = "Go on with client.resume(job.id)." if self._track.is_left else ""
            raise ModelScanError(f"the job {self.id} {what}", advice=advice)
        return self._task.result()

    async def cancel(self) -> None:
        """Stop it, at the vendor's too where that is possible. A job that is done stays as it is."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def leave(self) -> None:
        """Stop attending to it; at the vendor's it goes on."""
        self._track.is_left = True
        await self.cancel()


class Jobs:
    """The jobs of one client, in a store: a folder's path, a `FlowStore`, or None for this process's memory."""

    def __init__(self, store: FlowStore | str | Path | None) -> None:
        if store is None:
            store = MemoryFlowStore()
        elif isinstance(store, (str, Path)):
            store = FolderFlowStore(store)
        self._store = store
        self._running: set[Job] = set()

    async def start(self, run: Callable[[Track], Coroutine[Any, Any, Any]]) -> Job:
        """A new job. It is stored when this returns; what goes wrong before that is raised here."""
        return await self._begun(Track(self._job(f"job-{uuid4().hex}")), run)

    async def resume(self, job_id: str, run: Callable[[Any, StoredStep, Track], Coroutine[Any, Any, Any]]) -> Job:
        """A stored job, gone on with from its step. Raises `InvalidRequestError` where there is none."""
        for job in self._running:
            if job.id == job_id:
                return job
        request, step = await self._job(job_id).get()
        return await self._begun(Track(self._job(job_id), step), lambda track: run(request, step, track))

    async def leave(self) -> None:
        """Stop attending to all of them."""
        for job in tuple(self._running):
            await job.leave()

    def _job(self, job_id: str) -> StoredJob:
        return StoredJob(job_id, self._store)

    async def _begun(self, track: Track, run: Callable[[Track], Coroutine[Any, Any, Any]]) -> Job:
        task = asyncio.get_running_loop().create_task(run(track))
        job = Job(track, task)
        self._running.add(job)
        task.add_done_callback(lambda _: self._running.discard(job))
        task.add_done_callback(lambda _: track.has_begun.set())
        try:
            await track.has_begun.wait()
        except BaseException:
            await (job.cancel() if track.step is None else job.leave())
            raise
        if task.done() and not track.is_stored:
            task.result()
        return job


def _look(task: asyncio.Task[Any]) -> None:
    """A job that nobody waits for may fail in silence."""
    if not task.cancelled():
        task.exception()
