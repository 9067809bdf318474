"""Sends ModelScan's requests with aiohttp: the transport for many calls in flight."""

from __future__ import annotations

from modelscan.hookspecs import hookimpl
from modelscan_transport_aiohttp.transport import AiohttpTransport

__all__ = ["AiohttpTransport", "modelscan_transport"]


@hookimpl
def modelscan_transport() -> type[AiohttpTransport]:
    """The transport named `aiohttp`."""
    return AiohttpTransport
