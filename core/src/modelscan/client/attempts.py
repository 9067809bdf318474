"""The attempt loop: the only place that retries and falls back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from modelscan.client.retry import RetryPolicy
from modelscan.contracts.policies import Call
from modelscan.errors import DeadlineError, ModelScanError
from modelscan.types.accounts import Candidate

Result = TypeVar("Result")


class AttemptError(Exception):
    """An attempt failed with `error`; `again` says whether the same candidate may be tried once more."""

    def __init__(self, error: ModelScanError, *, again: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.again = again


async def attempt_until_done(
    call: Call,
    candidates: Sequence[Candidate],
    attempt: Callable[[Candidate, int], Awaitable[Result]],
    policy: RetryPolicy,
) -> Result:
    """The first candidate's result that isn't a failure.

    A round tries each candidate that is left, in order; one whose failure isn't worth repeating is left out from then
    on. Between rounds the policy's shortest wait passes. Raises the last error, with the earlier ones as notes, or
    `DeadlineError`.
    """
    deadline = call.context.deadline
    rounds = _Rounds(call, candidates, attempt, policy)
    if deadline is None:
        return await rounds.run()
    if asyncio.get_running_loop().time() >= deadline:
        raise DeadlineError("the call's deadline had passed before it began", model=call.model)
    try:
        async with asyncio.timeout_at(deadline):
            return await rounds.run()
    except TimeoutError as error:
        if isinstance(error, ModelScanError):
            raise
        raise DeadlineError("the call's deadline passed", model=call.model) from (rounds.last or error)


class _Rounds(Generic[Result]):
    def __init__(
        self,
        call: Call,
        candidates: Sequence[Candidate],
        attempt: Callable[[Candidate, int], Awaitable[Result]],
        policy: RetryPolicy,
    ) -> None:
        self._deadline = call.context.deadline
        self._left = list(candidates)
        self._attempt = attempt
        self._policy = policy
        self._errors: list[ModelScanError] = []
        self._number = 0

    @property
    def last(self) -> ModelScanError | None:
        return self._errors[-1] if self._errors else None

    async def run(self) -> Result:
        failures = 0
        while True:
            failures += 1
            waits: list[float] = []
            for candidate in tuple(self._left):
                self._number += 1
                try:
                    return await self._attempt(candidate, self._number)
                except AttemptError as failed:
                    wait = self._note(candidate, failed, failures)
                if wait is not None:
                    waits.append(wait)
            if not self._left:
                raise self._final_error()
            await asyncio.sleep(min(waits))

    def _note(self, candidate: Candidate, failed: AttemptError, failures: int) -> float | None:
        error = failed.error
        self._errors.append(error)
        wait = self._policy.wait_s(error, failures) if failed.again else None
        if wait is not None and self._is_too_late(wait):
            error.add_note(f"not tried again: the deadline comes before the wait of {wait:.1f} s is over")
            wait = None
        if wait is None:
            self._left.remove(candidate)
        return wait

    def _is_too_late(self, wait_s: float) -> bool:
        return self._deadline is not None and asyncio.get_running_loop().time() + wait_s >= self._deadline

    def _final_error(self) -> ModelScanError:
        *earlier, last = self._errors
        told = Counter(_in_short(error) for error in earlier if error is not last)
        for text, times in told.items():
            often = f", {times} times" if times > 1 else ""
            last.add_note(f"before that{often}: {'the same' if text == _in_short(last) else text}")
        return last


def _in_short(error: ModelScanError) -> str:
    """An error without its advice."""
    return f"{type(error).__name__}: {str(error).removesuffix(error.advice).rstrip()}"
