"""Service accounts: a signed claim, made from the account's key file, is exchanged for a token (RFC 7523).

Source: Google's page "Using OAuth 2.0 for Server to Server Applications", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import attrs
import msgspec

from modelscan.auth.extras import missing_cryptography
from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError
from modelscan.types.secret import Secret
from modelscan.wire.jwt import bearing, compact, secret_of
from modelscan.wire.oauth2 import TokenFlow

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME_S: Final = 3600


class _KeyFile(msgspec.Struct, frozen=True):
    client_email: str
    private_key: str
    token_uri: str
    type: str = "service_account"
    private_key_id: str = ""

    def __repr__(self) -> str:
        return f"_KeyFile({self.client_email})"


@attrs.frozen
class ServiceAccount:
    """Signs by a token for a service account; `scope` is what the token may be used for.

    The credential's `service_account` is the content of the key file (JSON), which names the token endpoint too. Needs
    the package `cryptography` (extra `service-account`).
    """

    scope: str
    needs_body_hash: bool = attrs.field(default=False, init=False)

    def exchange(self, credential: Credential, target: Target, now: datetime) -> TokenFlow:
        """The flow that gets a token. Raises `CredentialError` for a secret that is no service account's key file."""
        account = _account(credential)
        secrets = (Secret(account.private_key), *credential.secrets.values())
        return TokenFlow(account.token_uri, lambda: self._form(account, now), now, secrets)

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the token as its bearer."""
        return bearing(request, secret_of(credential, "token"))

    def _form(self, account: _KeyFile, now: datetime) -> Mapping[str, str]:
        moment = int(now.timestamp())
        claims = {
            "iss": account.client_email,
            "scope": self.scope,
            "aud": account.token_uri,
            "iat": moment,
            "exp": moment + _LIFETIME_S,
        }
        header = {"alg": "RS256", "typ": "JWT"}
        if account.private_key_id:
            header["kid"] = account.private_key_id
        return {"grant_type": _GRANT, "assertion": compact(header, claims, _rs256(account.private_key))}


def _account(credential: Credential) -> _KeyFile:
    text = secret_of(credential, "service_account")
    try:
        account = msgspec.json.decode(text, type=_KeyFile)
    except msgspec.MsgspecError:
        # Its text could be in the error, and its text is secret.
        raise CredentialError(f"the credential from {credential.source} is no service account's key file") from None
    if account.type != "service_account":
        raise CredentialError(
            f"the credential from {credential.source} is of type {account.type!r}, and a service account's is needed"
        )
    return account


def _rs256(private_key: str) -> Callable[[bytes], bytes]:
    try:
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as error:
        raise missing_cryptography("a service account", "service-account") from error
    try:
        key = serialization.load_pem_private_key(private_key.encode(), password=None)
    except (ValueError, TypeError):
        raise CredentialError("the service account's private key can't be read") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CredentialError("the service account's private key is no RSA key")
    return lambda data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())
