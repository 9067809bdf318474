"""The scheme that a credential asks for, where a vendor takes several kinds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from modelscan.contracts.auth import AuthScheme, Credential, Token
from modelscan.contracts.flows import Flow
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError


@attrs.frozen
class BySecret:
    """Signs by the scheme of the first secret that the credential has.

    `BySecret({"key": HeaderKey("api-key"), "client_secret": ClientCredentials(...)})`
    """

    schemes: Mapping[str, AuthScheme]

    @property
    def needs_body_hash(self) -> bool:
        """Whether one of them does."""
        return any(scheme.needs_body_hash for scheme in self.schemes.values())

    def exchange(self, credential: Credential, target: Target, now: datetime) -> Flow[None, Token, Any] | None:
        """The flow of the credential's scheme; None where it signs by itself."""
        return self._scheme(credential).exchange(credential, target, now)

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request as the credential's scheme signs it. Raises `CredentialError` where none knows the credential."""
        return self._scheme(credential).sign(request, credential, target, body_sha256, now)

    def _scheme(self, credential: Credential) -> AuthScheme:
        for name, scheme in self.schemes.items():
            if name in credential.secrets:
                return scheme
        raise CredentialError(
            f"the credential from {credential.source} has none of the secrets {', '.join(self.schemes)}"
        )
