"""What every strategy must do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar, Final

import msgspec

from modelscan.contracts.policies import Strategy
from modelscan.testing.conformance.policy_tests.made import CALL, MadeByName
from modelscan.testing.conformance.suite import counts_for
from modelscan.types.accounts import Account, Candidate

_LONGEST_S: Final = 0.1


def candidates(count: int) -> tuple[Candidate, ...]:
    """Candidates that differ in everything that a strategy may look at."""
    return tuple(
        Candidate(
            account=Account(provider=f"provider-{number % 3}", name=f"account-{number % 2}"),
            model=f"model-{number}",
            price=(number * 7 % 5) / 100,
            latency_p95_s=(number * 3 % 7) / 10,
            headroom=(number * 5 % 11) / 10,
            is_healthy=number % 4 != 3,
        )
        for number in range(count)
    )


class StrategySuite(MadeByName):
    """A strategy ranks what it is given, and quickly: `strategy = "name"`, or its class."""

    kind = "strategy"
    strategy: ClassVar[str | Callable[..., Strategy]]

    @counts_for("bronze")
    def test_it_is_a_strategy(self, made: Any) -> None:
        """Its factory gives one without any option."""
        assert isinstance(made, Strategy), f"{made!r} has no method `rank`"

    @counts_for("bronze", is_evidence=True)
    def test_it_ranks_what_it_was_given(self, made: Strategy) -> None:
        """It may drop candidates; it can't make any up, and names none twice."""
        for count in (0, 1, 2, 9):
            given = candidates(count)
            ranked = list(made.rank(CALL, given))
            strange = [one.name for one in ranked if one not in given]
            assert not strange, f"it made up candidates that it wasn't given: {', '.join(strange)}"
            assert len({id(one) for one in ranked}) == len(ranked), "it names a candidate twice"

    @counts_for("silver")
    def test_candidates_are_left_as_they_are(self, made: Strategy) -> None:
        """The list belongs to the core."""
        given = list(candidates(9))
        before = msgspec.json.encode(given)
        made.rank(CALL, given)
        assert msgspec.json.encode(given) == before, "it changes the list of candidates: sort a copy"

    @counts_for("silver")
    def test_it_is_quick(self, made: Strategy) -> None:
        """It is asked on every call."""
        given = candidates(100)
        start = time.perf_counter()
        made.rank(CALL, given)
        took = time.perf_counter() - start
        assert took < _LONGEST_S, f"ranking a hundred candidates takes {took:.2f} s: every call waits for it"
