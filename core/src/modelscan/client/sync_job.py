"""A job for blocking callers: it goes on in the background loop while they do something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelscan.client.background import BackgroundLoop

if TYPE_CHECKING:  # most programs have no job, and its module takes a while to import
    from modelscan.client.jobs import Job


class SyncJob:
    """A call under way. See `Job`."""

    def __init__(self, job: Job, background: BackgroundLoop) -> None:
        self._job = job
        self._background = background

    def __repr__(self) -> str:
        return repr(self._job)

    @property
    def id(self) -> str:
        """The job's name in its store."""
        return self._job.id

    @property
    def is_done(self) -> bool:
        """Whether `result` answers at once."""
        return self._job.is_done

    @property
    def progress(self) -> float | None:
        """How far it is, from 0 to 1, where the vendor tells."""
        return self._job.progress

    def result(self) -> Any:
        """The reply Struct, when it is there. See `Job.result`."""
        return self._background.run(self._job.result())

    def cancel(self) -> None:
        """Stop it, at the vendor's too where that is possible."""
        self._background.run(self._job.cancel())
