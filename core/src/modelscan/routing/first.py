"""The strategy `first`: in the order given."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.contracts.policies import Call
from modelscan.hookspecs import hookimpl
from modelscan.types.accounts import Candidate


class First:
    """Keeps the candidates as they are: the first that works answers."""

    name = "first"

    def rank(self, call: Call, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return candidates


@hookimpl
def modelscan_strategy() -> type[First]:
    """The built-in strategy `first`."""
    return First
