"""The memory of limits that responses told of: what the catalog doesn't know, or knows otherwise."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from modelscan.limits.learning.reports import LimitReport, Period
from modelscan.types.limits import Limit, LimitKind

FADES_S: Final = 30 * 86400.0
"""A limit that no response has told of for so long is forgotten."""

_MOST: Final = 16  # limits of one account and model; nobody has so many, and a server could invent them
_SEEN_EVERY_S: Final = 3600.0  # a limit seen again is written down no oftener
_SAVE_EVERY_S: Final = 3.0


class Key(NamedTuple):
    """What tells the limits of one account and model apart."""

    unit: str
    kind: LimitKind
    window_s: float | None
    period: Period | None
    scope: tuple[str, ...]


class LearnedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that responses told of. Its words are those of `LimitReport`; an empty `model` is all of the account's.

    `learned_s` is when its amount was first told, `seen_s` when it was last (within an hour), in seconds since 1970.
    """

    account: str
    model: str
    unit: str
    kind: LimitKind
    window_s: float | None
    period: Period | None
    zone: str
    scope: tuple[str, ...]
    amount: int
    name: str
    learned_s: float
    seen_s: float

    @property
    def key(self) -> Key:
        """What tells it apart from the other limits of its account and model."""
        return Key(self.unit, self.kind, self.window_s, self.period, self.scope)

    def as_limit(self) -> Limit:
        """The same in the words of configurations and hooks."""
        return Limit(self.unit, self.amount, window_s=self.window_s, per=self.period, zone=self.zone, scope=self.scope)


class Change(NamedTuple):
    """A limit that is new, or whose amount is; `before` is the amount that was told last, None for a new one."""

    limit: LearnedLimit
    before: int | None


Entries = dict[tuple[str, str, Key], LearnedLimit | None]
"""What is to be written down, by account, model and key; None for what is to be struck out."""


class Learned:
    """What responses told of the limits of every account and model.

    With a `path` it is kept in that file, for programs to come: read when it is first needed, written off the calls'
    path, every `save_every_s` at most and by `close`. A file that can't be used costs the memory alone: `problem` says
    why, and calls go on. It belongs to one event loop.
    """

    def __init__(self, path: Path | None = None, *, save_every_s: float = _SAVE_EVERY_S) -> None:
        self.problem = ""
        self._path = path
        self._save_every_s = save_every_s
        self._places: dict[tuple[str, str], dict[Key, LearnedLimit]] = {}
        self._is_read = path is None
        self._unsaved: Entries = {}
        self._timer: asyncio.TimerHandle | None = None
        self._saving: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()  # what was learned later is written later

    def note(self, account: str, model: str, report: LimitReport, now_s: float) -> Change | None:
        """Remember what a response told; what changed by it, None for nothing.

        `now_s` is seconds since 1970. A report that can't be counted by changes nothing, and neither does one that
        holds for a tier of service alone.
        """
        amount = report.limit
        if amount is None or report.tier or not report.is_countable:
            return None
        self._read(now_s)
        scope = report.scope
        at = (account, model if "model" in scope else "")
        key = Key(report.unit, report.kind, report.window_s, report.period, scope)
        place = self._places.setdefault(at, {})
        known = place.get(key)
        is_same = known is not None and known.amount == amount and not _has_faded(known, now_s)
        if known is not None and is_same and now_s - known.seen_s < _SEEN_EVERY_S:
            return None
        limit = LearnedLimit(
            account=account,
            model=at[1],
            **key._asdict(),
            zone=report.zone,
            amount=amount,
            name=report.name,
            learned_s=known.learned_s if known is not None and is_same else now_s,
            seen_s=now_s,
        )
        self._put(place, limit)
        return None if is_same else Change(limit, None if known is None else known.amount)

    def limits(self, account: str, model: str, now_s: float) -> tuple[LearnedLimit, ...]:
        """What is known of a model of an account, with what holds for all of the account's models."""
        self._read(now_s)
        places = (self._places.get((account, name)) for name in dict.fromkeys((model, "")))
        return tuple(limit for place in places if place for limit in place.values() if not _has_faded(limit, now_s))

    def everything(self, now_s: float) -> tuple[LearnedLimit, ...]:
        """All that is known."""
        self._read(now_s)
        return tuple(
            limit for place in self._places.values() for limit in place.values() if not _has_faded(limit, now_s)
        )

    async def close(self) -> None:
        """Write down what isn't yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._saving is not None:
            await self._saving
        await self._save()

    def _put(self, place: dict[Key, LearnedLimit], limit: LearnedLimit) -> None:
        key = limit.key
        # The same counter of the vendor's with another window: what was learned of its window before was wrong.
        gone = [
            other
            for other, known in place.items()
            if known.name == limit.name and other.unit == key.unit and other != key
        ]
        if key not in place and len(place) - len(gone) >= _MOST:
            gone.append(min(place, key=lambda other: place[other].seen_s))
        for other in gone:
            del place[other]
            self._unsaved[limit.account, limit.model, other] = None
        place[key] = self._unsaved[limit.account, limit.model, key] = limit
        self._save_soon()

    def _read(self, now_s: float) -> None:
        if self._is_read or self._path is None:
            return
        self._is_read = True
        from modelscan.limits.learning.stored import Unusable, read

        try:
            for limit in read(self._path, now_s - FADES_S):
                self._places.setdefault((limit.account, limit.model), {})[limit.key] = limit
        except Unusable as error:
            self.problem = str(error)

    def _save_soon(self) -> None:
        if self._path is None or self._timer is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop: `close` does it
            return
        self._timer = loop.call_later(self._save_every_s, self._begin_to_save)

    def _begin_to_save(self) -> None:
        self._timer = None
        self._saving = asyncio.ensure_future(self._save())

    async def _save(self) -> None:
        async with self._writing:
            if self._path is None or not self._unsaved:
                return
            entries, self._unsaved = self._unsaved, {}
            from modelscan.limits.learning.stored import Unusable, write

            try:
                await asyncio.to_thread(write, self._path, entries)
            except Unusable as error:
                self.problem = str(error)
                self._unsaved = entries | self._unsaved


def _has_faded(limit: LearnedLimit, now_s: float) -> bool:
    return now_s - limit.seen_s > FADES_S
