"""Where a credential may go: the connection's own addresses and the hosts it declares, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from modelscan.errors import CredentialError

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PLAIN_FORM = {"ws": "http", "wss": "https"}
_REMEMBERED_URLS = 1024


class CredentialHosts:
    """Says whether a URL's host may see the credential; remembers what it has said."""

    def __init__(self, base_urls: Iterable[str], declared: Iterable[str] = ()) -> None:
        self._origins = {_origin(url) for url in base_urls}
        self._declared = tuple(pattern.lower() for pattern in declared)
        self._allowed: set[str] = set()

    def check(self, url: str) -> None:
        """Raises `CredentialError` for a URL that the credential must not be sent to."""
        if url in self._allowed:
            return
        origin = _origin(url)
        if origin not in self._origins and not self._is_declared(*origin):
            raise CredentialError(
                f"the credential was not sent to {origin[1]!r}: the connection doesn't declare that host",
                advice="Declare it in the connection's credential_hosts if it is the vendor's, "
                "or use auth=None for a presigned URL.",
            )
        if len(self._allowed) >= _REMEMBERED_URLS:
            self._allowed.clear()
        self._allowed.add(url)

    def _is_declared(self, scheme: str, host: str, port: int | None) -> bool:
        if scheme != "https" or port != _DEFAULT_PORTS["https"]:
            return False
        return any(
            host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern for pattern in self._declared
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = _PLAIN_FORM.get(parts.scheme, parts.scheme)
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent there: TLS, or this machine."""
    scheme, host, _ = _origin(url)
    return scheme == "https" or host in ("localhost", "127.0.0.1", "::1")
