"""Parrot: a format of its own, whose codec is in `codec`."""

from __future__ import annotations

from modelscan.contracts.provider import Connection, Provider
from modelscan.hookspecs import hookimpl
from modelscan.wire.schemes import Bearer
from modelscan_provider_parrot.codec import (
    ParrotChat,
    ParrotErrors,
)

__all__ = ["modelscan_provider"]


@hookimpl
def modelscan_provider() -> Provider:
    """The provider. Its key is read from `PARROT_API_KEY`."""
    return Provider(
        name="parrot",
        connection=Connection(
            base_urls={
                "default": "https://parrot.example/v1",
            },
            schemes={"default": Bearer()},
            env=("PARROT_API_KEY",),
        ),
        errors=ParrotErrors(),
        chat=ParrotChat(),
    )
