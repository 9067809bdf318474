"""Names: of keys, of whoever holds leases, of a lease that is carried elsewhere."""

from __future__ import annotations

import os
from typing import Final

DETACHED: Final = "d:"
_ALL: Final = "*"


def base_of(prefix: str, account: str) -> bytes:
    """The beginning of the names of all keys of an account. What stands in braces decides on which node they lie.

    >>> base_of("modelscan", "openai/default")
    b'modelscan:{openai/default}:'
    """
    tag = account.replace("%", "%25").replace("{", "%7B").replace("}", "%7D").replace("*", "%2A") or _ALL
    return f"{prefix}:{{{tag}}}:".encode()


def fresh_name() -> str:
    """A name that nobody has."""
    return os.urandom(9).hex()


def detached_name(holder: str, number: int) -> str:
    """Who holds a lease for which there is a token."""
    return f"{DETACHED}{holder}:{number}"
