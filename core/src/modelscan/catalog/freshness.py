"""One line for the user where what a call is decided by is old."""

from __future__ import annotations

from modelscan.catalog.answers import Freshness
from modelscan.catalog.columns import STALE_DAYS
from modelscan.plugins.notices import warn

_told: set[str] = set()


def warn_if_stale(provider: str, freshness: Freshness) -> None:
    """Warn, once per provider and process, where a row was verified too long ago."""
    if not freshness.is_stale or provider in _told:
        return
    _told.add(provider)
    when = f"last verified on {freshness.verified}" if freshness.verified else "never verified"
    warn(
        f"what the catalog knows of {provider} may no longer hold: some of it was {when} ({STALE_DAYS} days are fresh)",
        see="modelscan catalog verify",
    )
