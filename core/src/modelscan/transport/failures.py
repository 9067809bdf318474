"""What a failed request says: the host, what went wrong, and what to check. Never a header, a key or a query."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

from modelscan.errors import ConnectError, Phase, TimeoutError, TransportError

_TIMED_OUT = {
    "connect": "no connection to {host} within {limit:g} s",
    "send": "{host} took none of the request for {limit:g} s",
    "wait": "{host} sent no answer within {limit:g} s",
    "read": "{host} fell silent for {limit:g} s in the middle of its answer",
}
_TIMEOUT_ADVICE = {
    "connect": "Check the address, the network and the proxy, or raise connect_s.",
    "send": "Check the network, or raise send_s.",
    "wait": "The model may need longer: stream the answer, or raise wait_s.",
    "read": "Check the network, or raise read_s.",
}
_BROKEN = {
    "connect": "no connection to {host}",
    "send": "the connection to {host} broke while the request was sent",
    "wait": "{host} closed the connection without an answer",
    "read": "the connection to {host} was cut in the middle of its answer",
}
_CERTIFICATE_ADVICE = "A proxy or a firewall may hold its own CA: name its bundle in SSL_CERT_FILE or `ca_bundle`."


def timed_out(phase: Phase, host: str, limit_s: float | None) -> TimeoutError:
    """The error for a phase that took longer than `limit_s`."""
    return TimeoutError(
        _TIMED_OUT[phase].format(host=host, limit=limit_s or 0), phase=phase, advice=_TIMEOUT_ADVICE[phase]
    )


def proxy_refused(host: str, status: str) -> ConnectError:
    """The error for a proxy that answered CONNECT with this status."""
    return ConnectError(
        f"no connection to {host}: the proxy answered {status.strip()}",
        advice="Check HTTPS_PROXY and its user name and password, or name the host in NO_PROXY.",
    )


def broken(phase: Phase, host: str, error: BaseException) -> TransportError:
    """The error for a connection that failed in a phase, told from the exception that a library raised."""
    reason, advice = _reason(error)
    message = _BROKEN[phase].format(host=host) + (f": {reason}" if reason else "")
    if phase == "connect":
        return ConnectError(message, advice=advice)
    return TransportError(message, phase=phase, advice=advice)


def _reason(error: BaseException) -> tuple[str, str]:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate can't be trusted ({cause.verify_message})", _CERTIFICATE_ADVICE
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({getattr(cause, 'reason', None) or 'closed in the handshake'})", ""
        if isinstance(cause, socket.gaierror):
            return "its name can't be resolved", "Check the spelling of the base URL, and DNS."
        if isinstance(cause, ConnectionRefusedError):
            return "nothing listens there", "Check the port, and whether the server runs."
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower(), ""
    return "", ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [c for c in (cause.__cause__, cause.__context__, getattr(cause, "os_error", None)) if c is not None]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
