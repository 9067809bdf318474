"""The versions of the catalog's file, and how an older one becomes the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelscan.catalog.price_history import SECOND
from modelscan.catalog.tables import FIRST
from modelscan.errors import CatalogError

if TYPE_CHECKING:
    import apsw

MIGRATIONS: Final = (FIRST, SECOND)
"""Each makes the next version of the one before; the first begins with an empty file."""


def migrate(connection: apsw.Connection, steps: tuple[str, ...] = MIGRATIONS) -> None:
    """Bring the file to its newest version, each step whole or not at all. Raises `CatalogError` for a later one."""
    while (version := _version(connection)) < len(steps):
        connection.execute("BEGIN IMMEDIATE")
        try:
            if _version(connection) == version:  # else another process was faster
                connection.execute(steps[version])
                connection.pragma("user_version", version + 1)
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    if version > len(steps):
        raise CatalogError(
            f"the catalog {connection.filename} is of version {version}, and this ModelScan knows {len(steps)} at most",
            advice="Upgrade modelscan-core, or let MODELSCAN_HOME name another folder.",
        )


def _version(connection: apsw.Connection) -> int:
    return int(connection.pragma("user_version"))
