"""Signing: one object per account that puts its credential on requests, and on no request it doesn't belong to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timezone

from modelscan.auth.hosts import CredentialHosts
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import Body, HttpRequest, Target
from modelscan.contracts.provider import Connection
from modelscan.errors import ConfigurationError


class Signer:
    """Signs an account's requests. The credential is looked up at the first request that needs it."""

    def __init__(
        self,
        connection: Connection,
        target: Target,
        find: Callable[[], Credential | None],
        hash_body: Callable[[Body], Awaitable[str]],
    ) -> None:
        self._schemes = connection.schemes
        self._hosts = CredentialHosts(target.base_urls.values(), connection.credential_hosts)
        self._find = find
        self._hash_body = hash_body
        self._found = False
        self._credential: Credential | None = None

    @property
    def credential(self) -> Credential | None:
        """The account's credential. Raises `CredentialError` where one is needed and missing."""
        if not self._found:
            self._credential = self._find()
            self._found = True
        return self._credential

    async def sign(self, request: HttpRequest, target: Target) -> HttpRequest:
        """The request as it may be sent. Raises `CredentialError` for a host that the key must not go to."""
        if request.auth is None or not self._schemes:
            return request
        scheme = self._scheme(request.auth)
        credential = self.credential
        if credential is None:
            return request
        self._hosts.check(request.url)
        body_sha256 = await self._hash_body(request.body) if scheme.needs_body_hash else None
        return scheme.sign(request, credential, target, body_sha256, datetime.now(timezone.utc))

    def _scheme(self, name: str) -> AuthScheme:
        try:
            return self._schemes[name]
        except KeyError:
            known = ", ".join(sorted(self._schemes))
            raise ConfigurationError(f"the connection has no auth scheme {name!r}; it has {known}") from None

