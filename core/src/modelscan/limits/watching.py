"""What is told when a limit or a budget is nearly used up."""

from __future__ import annotations

import logging

from modelscan.accounting.budgets import shown_key
from modelscan.contracts.limiter import Quota
from modelscan.limits.refusals import shown
from modelscan.plugins import Hooks

_log = logging.getLogger("modelscan")


class Nearly:
    """Tells the observers; of a budget also the log, since its end ends the program's calls."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def __call__(self, quota: Quota, used: int) -> None:
        self._hooks.nearly_used(quota, used)
        if quota.is_money:
            name, rest = shown_key(quota), shown(quota, quota.amount)
            _log.warning("budget %s: %s of %s are spent", name, shown(quota, used), rest)
