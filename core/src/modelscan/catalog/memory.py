"""Answers that were given before, kept for as long as the file says the same."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Final, TypeVar

from modelscan.catalog.answers import KnownLimit, KnownModel, PriceList
from modelscan.catalog.database import Database
from modelscan.errors import UnknownNameError

K = TypeVar("K")
V = TypeVar("V")

LOOK_EVERY_S: Final = 1.0
"""How often at most the file is asked whether another process has written to it."""

_MOST: Final = 100_000  # answers of a kind: a program that asks for ever new names doesn't fill the memory


class Memory:
    """The answers, by what was asked. To put one in, hold the database's `reading` since before it was read."""

    def __init__(
        self,
        database: Database,
        today: Callable[[], dt.date],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.due = 0.0
        self.limits: dict[tuple[str, str, str], tuple[KnownLimit, ...]] = {}
        self.prices: dict[tuple[str, str, dt.date | None], PriceList] = {}
        self.models: dict[str, KnownModel] = {}
        self.unknown: dict[object, UnknownNameError] = {}
        self._database = database
        self._today = today
        self._day = today()

    def look(self) -> None:
        """Forget everything if the file has changed or a day has begun; waits for nobody who is reading."""
        reading = self._database.reading
        if not reading.acquire(blocking=False):
            return  # soon again: who reads is about to be done
        try:
            self.due = self.clock() + LOOK_EVERY_S
            day, was = self._today(), self._day
            self._day = day
            if self._database.was_changed() or day != was:
                self.forget()
        finally:
            reading.release()

    def forget(self) -> None:
        """Forget everything: it was changed here."""
        with self._database.reading:
            self.limits.clear()
            self.prices.clear()
            self.models.clear()
            self.unknown.clear()


def keep(answers: dict[K, V], key: K, answer: V) -> V:
    """Put an answer into one of the dictionaries, and give it back."""
    if len(answers) >= _MOST:
        answers.clear()
    answers[key] = answer
    return answer
