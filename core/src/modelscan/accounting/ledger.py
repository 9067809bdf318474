"""The ledger: what every attempt used and cost, kept on this machine, written off the calls' path."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelscan.accounting.ledger_writer import CLOSING_S, LedgerWriter

if TYPE_CHECKING:
    import apsw

    from modelscan.accounting.entry import Entry
    from modelscan.accounting.spending import Spent

_FLUSH_S: Final = 30.0
_BEFORE_READING_S: Final = 1.0


def _log(text: str) -> None:
    logging.getLogger("modelscan").warning("%s", text)


class Ledger:
    """One file of entries. Several processes, and several ledgers of one process, may write the same one.

    An entry is in the file 50 ms after it was appended, and the time of one write: a process that is killed loses no
    more than that. At the end of the process all is written. `report` hears, once, of a disk that doesn't take them
    (without one it is logged under `modelscan`); no call ever does.
    """

    def __init__(self, path: Path, *, report: Callable[[str], None] = _log) -> None:
        self.path = path
        self._writer = LedgerWriter(path, report)

    def append(self, entry: Entry) -> None:
        """Have an entry written soon. Never waits, and never fails."""
        self._writer.append(entry)

    def flush(self, timeout_s: float = _FLUSH_S) -> bool:
        """Wait until all that was appended before is in the file; False where it isn't by then."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float = CLOSING_S) -> None:
        """Write what waits, and close the file. An entry that comes later opens it again."""
        self._writer.close(timeout_s)

    def spent(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        by: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
    ) -> tuple[Spent, ...]:
        """What was spent from `since` until before `until`: exact sums, by dimensions such as `model` or `tag:feature`.

        `where` narrows it down: `{"provider": "openai", "tag:feature": "faq", "budget": key}`. Days are those of UTC.
        Raises `ValueError` for an unknown dimension and `ConfigurationError` for a file that can't be read.
        """
        from modelscan.accounting.spending import Query, spent

        query = Query(since=since, until=until, where=where or {}, by=tuple(by))
        with self._reading() as connection:
            return spent(connection, query) if connection is not None else ()

    def spent_nano(self, since: datetime | None, where: Mapping[str, str], currency: str = "USD") -> int:
        """What a budget has counted since a moment: the sum of all costs in billionths, each rounded up.

        Raises what `spent` raises.
        """
        from modelscan.accounting.spending import Query, spent_nano

        query = Query(since=since, where=where)
        with self._reading() as connection:
            return spent_nano(connection, query, currency) if connection is not None else 0

    def entries(
        self, since: datetime | None = None, until: datetime | None = None, where: Mapping[str, str] | None = None
    ) -> Iterator[Entry]:
        """The entries, in the order of their times, read as they are asked for. Raises what `spent` raises."""
        from modelscan.accounting.spending import Query, entries

        query = Query(since=since, until=until, where=where or {})
        with self._reading() as connection:
            if connection is not None:
                yield from entries(connection, query)

    def _reading(self) -> AbstractContextManager[apsw.Connection | None]:
        """A connection that sees all that was appended (where the disk takes it); None where nothing has ever been."""
        from modelscan.accounting.ledger_file import opened_to_read

        self.flush(_BEFORE_READING_S)
        return opened_to_read(self.path)
