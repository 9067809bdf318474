"""An entry of the ledger: one attempt, what it used and what that cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from modelscan.folders import data_folder
from modelscan.types.money import Cost
from modelscan.types.usage import UNREPORTED, Usage

_FILE: Final = "ledger.sqlite3"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One attempt: `at` (which names its time zone) it was sent to a model, for whom, and what became of it.

    `account` is the account's full name, `provider/name`; `budgets` are the keys of those that it draws on, outermost
    first; `outcome` is `ok`, or the name of the error that ended it. `id` is the ledger's own number of a stored entry.
    """

    call_id: str
    at: datetime
    provider: str
    account: str
    model: str
    capability: str
    usage: Usage = UNREPORTED
    cost: Cost = Cost()
    outcome: str = "ok"
    principal: str = ""
    tags: dict[str, str] = {}
    budgets: tuple[str, ...] = ()
    request_id: str = ""
    id: int = 0


def ledger_file(environment: Mapping[str, str]) -> Path:
    """Where the ledger is: in `$MODELSCAN_HOME`, else in the user's data folder."""
    return data_folder(environment) / _FILE
