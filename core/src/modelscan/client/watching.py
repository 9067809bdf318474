"""Those who watch: what a call and its attempts tell the observers, and when."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from modelscan.contracts.observed import Attempt, Outcome
from modelscan.contracts.policies import Call
from modelscan.plugins import Hooks, WatchedAttempt
from modelscan.types.accounts import Candidate
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED


class CallWatch:
    """One call, for its observers: told of each attempt, and once of the end."""

    __slots__ = ("_call", "_started_s", "_watched", "attempts")

    def __init__(self, hooks: Hooks, call: Call) -> None:
        self._call = call
        self._started_s = perf_counter()
        self._watched = hooks.watch(call)
        self.attempts = 0

    def attempt(self, candidate: Candidate, number: int) -> AttemptWatching:
        """An attempt begins."""
        self.attempts = number
        attempt = Attempt(number=number, candidate=candidate, call_id=self._call.id)
        return AttemptWatching(self._watched.attempt_started(attempt), number)

    def finished(self, reply: Any = None, error: BaseException | None = None) -> None:
        """The call ended, with a reply Struct or an error, or with neither (a stream that was closed early)."""
        self._watched.finished(_outcome(self._started_s, self.attempts, reply, error))


class AttemptWatching:
    """One attempt, for its observers. `headers` are what they add to the request."""

    __slots__ = ("_number", "_started_s", "_watched")

    def __init__(self, watched: WatchedAttempt, number: int) -> None:
        self._watched = watched
        self._number = number
        self._started_s = perf_counter()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers of the observers, for trace context."""
        return self._watched.headers

    def first_chunk(self) -> None:
        """The stream's first chunk is here."""
        self._watched.first_chunk(perf_counter() - self._started_s)

    def finished(self, reply: Any = None, error: BaseException | None = None) -> None:
        """The attempt ended."""
        self._watched.finished(_outcome(self._started_s, self._number, reply, error))


class StreamWatch:
    """A stream's attempt and its call, which end together."""

    __slots__ = ("_attempt", "_call", "_has_ended")

    def __init__(self, call: CallWatch, attempt: AttemptWatching) -> None:
        self._call = call
        self._attempt = attempt
        self._has_ended = False

    def finished(self, reply: Any = None, error: BaseException | None = None) -> None:
        """The stream ended; only the first telling counts."""
        if not self._has_ended:
            self._has_ended = True
            self._attempt.finished(reply, error)
            self._call.finished(reply, error)


def _outcome(started_s: float, attempts: int, reply: Any, error: BaseException | None) -> Outcome:
    return Outcome(
        duration_s=perf_counter() - started_s,
        attempts=attempts,
        error=error,
        usage=getattr(reply, "usage", UNREPORTED),
        cost=getattr(reply, "cost", _NO_COST),
        reply=reply,
    )


_NO_COST = Cost()
