"""Recording: each attempt's row in the ledger, and what budgets had spent before this program."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modelscan.accounting.budgets import Drawn
from modelscan.accounting.entry import Entry, ledger_file
from modelscan.limits.calendar import period_of
from modelscan.types.usage import UNREPORTED, Usage

if TYPE_CHECKING:
    from modelscan.accounting.ledger import Ledger
    from modelscan.client.tickets import AttemptTicket


class Recorder:
    """Writes the ledger of one client, which is opened with the first row."""

    def __init__(self, *, is_kept: bool) -> None:
        self._is_kept = is_kept
        self._ledger: Ledger | None = None

    def record(self, ticket: AttemptTicket, usage: Usage | None) -> None:
        """Write down what became of an attempt that may have cost something; off this thread."""
        if not self._is_kept:
            return
        context, endpoint = ticket.call.context, ticket.endpoint
        self._opened().append(
            Entry(
                call_id=ticket.call.id,
                at=ticket.at,
                provider=endpoint.candidate.provider,
                account=endpoint.account_key,
                model=endpoint.target.model,
                capability=ticket.call.capability,
                usage=UNREPORTED if usage is None else usage,
                cost=ticket.cost,
                principal=context.principal,
                tags=context.tags,
                budgets=tuple(each.quota.key for each in (*ticket.around, *ticket.drawn)),
            )
        )

    def spent(self, drawn: Drawn) -> int:
        """What was spent of a budget in its present period by programs before this one, in billionths."""
        if not self._is_kept:
            return 0
        quota = drawn.quota
        begin, _ = period_of(quota.period, quota.zone, quota.anchor, datetime.now(UTC).timestamp())
        since = None if begin == -float("inf") else datetime.fromtimestamp(begin, UTC)
        return self._opened().spent_nano(since, {"budget": quota.key}, quota.unit)

    async def close(self) -> None:
        """Write what is still to be written."""
        if self._ledger is not None:
            await asyncio.to_thread(self._ledger.close)

    def _opened(self) -> Ledger:
        if self._ledger is None:
            from modelscan.accounting.ledger import Ledger

            self._ledger = Ledger(ledger_file(os.environ))
        return self._ledger
