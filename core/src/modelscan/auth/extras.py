"""What to say where an optional package is missing."""

from __future__ import annotations

from modelscan.errors import CredentialError


def missing_cryptography(what: str, extra: str) -> CredentialError:
    """The error for something that needs the package `cryptography`, which isn't there."""
    return CredentialError(
        f"{what} needs the package cryptography, and it isn't installed",
        advice=f"pip install 'modelscan-core[{extra}]'",
    )
