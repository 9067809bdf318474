"""Who gets a name that several plugins claim."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.plugins.entries import Entry
from modelscan.plugins.kinds import HOOK


def settle_claims(given: Sequence[Entry], found: Sequence[Entry]) -> None:
    """Put all but the winner of each name in the state `conflict`.

    The program's own wins, then the distribution `modelscan-<kind>-<name>`, then the core's own. Of two others neither
    is used: keys would go to whichever came first.
    """
    claims: dict[tuple[str, str], list[Entry]] = {}
    for entry in (*given, *found):
        if entry.state in ("found", "loaded") and not (entry.kind == HOOK and entry in given):
            claims.setdefault((entry.kind, entry.name), []).append(entry)
    for claimants in claims.values():
        if len(claimants) > 1:
            _settle(given, claimants)


def _settle(given: Sequence[Entry], claimants: Sequence[Entry]) -> None:
    first = (
        [entry for entry in claimants if entry in given][-1:]
        or [entry for entry in claimants if entry.has_first_claim]
        or [entry for entry in claimants if entry.found.is_builtin]
    )
    for entry in claimants:
        if entry in first[:1]:
            continue
        if entry.found.is_builtin or entry in given or (first and first[0] in given):
            entry.fail("conflict", "replaced by " + (first[0].distribution or "the program's own"), "Nothing to do.")
            continue
        rivals = ", ".join(sorted(other.distribution for other in claimants if other is not entry))
        whose = (
            f"the name is {first[0].distribution}'s" if first else f"{rivals} claims the same name, so neither is used"
        )
        entry.fail("conflict", whose, f"pip uninstall {entry.distribution}")
