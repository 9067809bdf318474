"""Auth schemes that put one secret, or two, into a request as they are."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from modelscan.contracts.auth import Credential, Token
from modelscan.contracts.flows import Flow
from modelscan.contracts.http import HttpRequest, Target


class _StaticScheme(msgspec.Struct, frozen=True):
    """A scheme whose credential signs by itself: no body is hashed and no token fetched."""

    @property
    def needs_body_hash(self) -> bool:
        """False."""
        return False

    def exchange(self, credential: Credential, target: Target, now: datetime) -> Flow[None, Token, Any] | None:
        """None: there is nothing to exchange."""
        return None


class HeaderKey(_StaticScheme, frozen=True):
    """The key in a header: `HeaderKey("x-api-key")`, `HeaderKey("authorization", prefix="Token ")`."""

    name: str
    prefix: str = ""

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the header, in place of one of that name."""
        return with_header(request, self.name, self.prefix + credential.key.reveal())


class Bearer(HeaderKey, frozen=True):
    """The key as a bearer token (RFC 6750): `Authorization: Bearer KEY`."""

    name: str = "authorization"
    prefix: str = "Bearer "


class QueryKey(_StaticScheme, frozen=True):
    """The key in the address: `QueryKey("key")` adds `?key=KEY`."""

    name: str

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the parameter, after those that it has."""
        joint = "&" if "?" in request.url else "?"
        url = f"{request.url}{joint}{quote(self.name, safe='')}={quote(credential.key.reveal(), safe='')}"
        return msgspec.structs.replace(request, url=url)


class Basic(_StaticScheme, frozen=True):
    """A user's name and password (RFC 7617): the credential's secrets `username` and `password`.

    A credential with a `key` alone is a user's name without a password, as several vendors ask for.
    """

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the header."""
        secrets = credential.secrets
        user = secrets.get("username") or credential.key
        password = secrets["password"].reveal() if "password" in secrets else ""
        pair = base64.b64encode(f"{user.reveal()}:{password}".encode()).decode()
        return with_header(request, "authorization", f"Basic {pair}")


def with_header(request: HttpRequest, name: str, value: str) -> HttpRequest:
    """The request with a header, in place of those of that name."""
    lowered = name.lower()
    others = [header for header in request.headers if header[0].lower() != lowered]
    return msgspec.structs.replace(request, headers=(*others, (name, value)))
