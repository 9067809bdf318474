"""aiohttp's exceptions as the core's; none of them is chained where it holds the request's headers or its URL."""

from __future__ import annotations

import builtins

import aiohttp

from modelscan.errors import ModelScanError
from modelscan.transport.failures import broken, proxy_refused, timed_out
from modelscan.transport.phases import PhaseClock


class Dropped(Exception):
    """Wraps the exceptions that make aiohttp send a request again."""

    def __init__(self, error: aiohttp.ClientError) -> None:
        super().__init__()
        self.error = error


def failure(error: BaseException, clock: PhaseClock, host: str) -> ModelScanError | None:
    """What to raise instead of an exception of aiohttp or of the clock; None for one that is to pass as it is."""
    cause = error.error if isinstance(error, Dropped) else error
    if isinstance(cause, ModelScanError):
        return None
    if isinstance(cause, builtins.TimeoutError) and clock.is_expired:
        return timed_out(clock.phase, host, clock.limit_s)
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        return proxy_refused(host, f"{cause.status} {cause.message}")
    if isinstance(cause, aiohttp.ClientConnectorError):
        return broken("connect", host, cause.os_error)
    if isinstance(cause, (aiohttp.ClientError, OSError)):
        return broken(clock.phase, host, cause)
    return None


def shown_cause(error: BaseException) -> BaseException | None:
    """The part of an exception that may be shown.

    aiohttp's request infos hold headers and URLs, its connection keys a proxy's password.
    """
    if isinstance(error, Dropped):
        error = error.error
    if isinstance(error, aiohttp.ClientResponseError):
        return None
    if isinstance(error, aiohttp.ClientConnectorError):
        return error.os_error
    return error
