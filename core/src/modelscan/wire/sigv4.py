"""AWS Signature Version 4: the signature of a request, from its parts and the moment.

Source: the IAM user guide, "Create a signed AWS API request" (read 2026-11), and AWS's published test suite of the
version, whose cases are among the tests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

import attrs
import msgspec

from modelscan.contracts.auth import Credential
from modelscan.contracts.http import Headers, HttpRequest, Target
from modelscan.errors import ConfigurationError, CredentialError

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_UNSIGNED: Final = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "expect",
        "te",
        "transfer-encoding",
        "user-agent",
        "x-amzn-trace-id",
    }
)
"""Headers that a transport or a proxy may change on the way."""

_REPLACED: Final = frozenset({"authorization", "host", "x-amz-date", "x-amz-security-token"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
_SPACES: Final = re.compile(r"\s+")


@attrs.frozen
class SigV4:
    """Signs for one AWS service; the region is the target's parameter `region_param`.

    The credential has `access_key_id`, `secret_access_key` and, where it is a temporary one, `session_token`. URLs are
    taken as they go out, so a path that holds `%3A` is signed as `%253A`: every service but S3 wants it encoded twice.
    """

    service: str
    region_param: str = "region"
    needs_body_hash: bool = attrs.field(default=True, init=False)

    def exchange(self, credential: Credential, target: Target, now: datetime) -> None:
        """None: the keys sign by themselves."""

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with `x-amz-date`, `authorization` and, for temporary keys, `x-amz-security-token`.

        Raises `CredentialError` for a credential without the two keys, `ConfigurationError` without a region.
        """
        key_id, secret = _secret(credential, "access_key_id"), _secret(credential, "secret_access_key")
        moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = "/".join((moment[:8], self._region(target), self.service, "aws4_request"))
        url = urlsplit(request.url)
        headers = (*_kept(request.headers), ("x-amz-date", moment))
        token = credential.secrets.get("session_token")
        if token is not None:
            headers = (*headers, ("x-amz-security-token", token.reveal()))
        signed = _signed_headers((*headers, ("host", _host(url))))
        canonical = canonical_request(request.method, url, signed, body_sha256 or _EMPTY_SHA256)
        to_sign = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()))
        signature = hmac.new(_signing_key(secret, scope), to_sign.encode(), hashlib.sha256).hexdigest()
        authorization = (
            f"{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={';'.join(signed)}, Signature={signature}"
        )
        return msgspec.structs.replace(request, headers=(*headers, ("authorization", authorization)))

    def _region(self, target: Target) -> str:
        region = target.params.get(self.region_param)
        if not region:
            raise ConfigurationError(
                f"an AWS signature needs the region, and the account has no parameter {self.region_param!r}",
                advice="Set AWS_REGION, or the account's region.",
            )
        return region


def canonical_request(method: str, url: SplitResult, headers: Mapping[str, str], body_sha256: str) -> str:
    """The text that is hashed and signed; `headers` are the signed ones, sorted, by their lower-case names."""
    lines = [f"{name}:{value}" for name, value in headers.items()]
    parts = (method, _path(url.path), _query(url.query), *lines, "", ";".join(headers), body_sha256)
    return "\n".join(parts)


def _path(path: str) -> str:
    """The path without empty, `.` and `..` segments, and encoded (once more, for it comes as it goes out)."""
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    ends_open = path.rpartition("/")[2] in ("", ".", "..") and bool(segments)
    return quote("/" + "/".join(segments) + ("/" if ends_open else ""), safe="/-_.~")


def _query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return "&".join(
        f"{name}={value}" for name, value in sorted((_again(name), _again(value)) for name, _, value in pairs)
    )


def _again(text: str) -> str:
    return quote(unquote(text), safe="-_.~")


def _host(url: SplitResult) -> str:
    host = (url.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    return host if url.port in (None, _DEFAULT_PORTS.get(url.scheme)) else f"{host}:{url.port}"


def _kept(headers: Headers) -> Headers:
    return tuple((name, value) for name, value in headers if name.lower() not in _REPLACED)


def _signed_headers(headers: Headers) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        if name.lower() not in _UNSIGNED:
            values.setdefault(name.lower(), []).append(_SPACES.sub(" ", value.strip()))
    return {name: ",".join(values[name]) for name in sorted(values)}


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _secret(credential: Credential, name: str) -> str:
    found = credential.secrets.get(name)
    if found is None:
        raise CredentialError(
            f"an AWS signature needs the secret {name!r}, and the credential from {credential.source} has none"
        )
    return found.reveal()
