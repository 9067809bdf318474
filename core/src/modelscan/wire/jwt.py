"""JSON Web Tokens (RFC 7515, RFC 7519), as far as vendors want them: written and signed, never read."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

import attrs
import msgspec

from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError
from modelscan.wire.schemes import with_header

_LIFETIME_S: Final = 1800
_EARLIER_S: Final = 5


def compact(header: Mapping[str, Any], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """The token in its compact form; `sign` gives the signature of the bytes that it is given."""
    signing_input = b".".join(_base64(msgspec.json.encode(part)) for part in (header, claims))
    return b".".join((signing_input, _base64(sign(signing_input)))).decode()


def hs256(key: str) -> Callable[[bytes], bytes]:
    """The signature with a shared secret (algorithm `HS256`)."""
    return lambda data: hmac.new(key.encode(), data, hashlib.sha256).digest()


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@attrs.frozen
class SharedSecretJwt:
    """Signs each request by a token of its own making, with a secret that the vendor knows.

    The credential's `access_key` names the account and its `secret_key` signs: `iss`, `exp` in half an hour, `nbf` a
    few seconds ago. A vendor with other claims overrides `claims`, one with other secrets `key`.
    """

    needs_body_hash: bool = attrs.field(default=False, init=False)

    def header(self) -> Mapping[str, Any]:
        """The token's header."""
        return {"alg": "HS256", "typ": "JWT"}

    def claims(self, credential: Credential, now: datetime) -> Mapping[str, Any]:
        """What the token says."""
        moment = int(now.timestamp())
        return {"iss": secret_of(credential, "access_key"), "exp": moment + _LIFETIME_S, "nbf": moment - _EARLIER_S}

    def key(self, credential: Credential) -> str:
        """What the token is signed with."""
        return secret_of(credential, "secret_key")

    def exchange(self, credential: Credential, target: Target, now: datetime) -> None:
        """None: the token is made here."""

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the token as its bearer. Raises `CredentialError` where a secret is missing."""
        return bearing(request, compact(self.header(), self.claims(credential, now), hs256(self.key(credential))))


def bearing(request: HttpRequest, token: str) -> HttpRequest:
    """The request with a token as its bearer (RFC 6750)."""
    return with_header(request, "authorization", f"Bearer {token}")


def secret_of(credential: Credential, name: str) -> str:
    """One of a credential's secrets. Raises `CredentialError` where there is none of that name."""
    found = credential.secrets.get(name)
    if found is None:
        raise CredentialError(f"the credential from {credential.source} has no secret {name!r}, and it is needed here")
    return found.reveal()
