"""JSON Web Tokens that are made here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from modelscan import Secret
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError
from modelscan.wire.jwt import SharedSecretJwt, compact, hs256

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(base_urls={}, model="m")


def read(token: str, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, read by other means than they were written by; the signature has to hold."""
    signed, _, signature = token.rpartition(".")
    expected = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)) == expected
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    return header, claims


def token_of(scheme: SharedSecretJwt, **secrets: str) -> str:
    credential = Credential({name: Secret(value) for name, value in secrets.items()})
    signed = scheme.sign(HttpRequest(url="https://x.org/"), credential, TARGET, None, NOW)
    return dict(signed.headers)["authorization"].removeprefix("Bearer ")


def test_the_compact_form_is_the_rfcs() -> None:
    # The example of RFC 7515, appendix A.1, with the JSON written as compactly as we write it.
    token = compact({"typ": "JWT", "alg": "HS256"}, {"iss": "joe"}, hs256("key"))
    assert token.startswith("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.")
    assert read(token, "key") == ({"typ": "JWT", "alg": "HS256"}, {"iss": "joe"})


def test_a_key_pair_signs_each_request_for_half_an_hour() -> None:
    moment = int(NOW.timestamp())
    header, claims = read(token_of(SharedSecretJwt(), access_key="ak", secret_key="sk"), "sk")
    assert header == {"alg": "HS256", "typ": "JWT"}
    assert claims == {"iss": "ak", "exp": moment + 1800, "nbf": moment - 5}


@attrs.frozen
class IdAndSecret(SharedSecretJwt):
    """A vendor that joins both in one key, counts milliseconds and wants a header of its own."""

    def header(self) -> Mapping[str, Any]:
        return {"alg": "HS256", "sign_type": "SIGN"}

    def claims(self, credential: Credential, now: datetime) -> Mapping[str, Any]:
        moment = int(now.timestamp() * 1000)
        return {"api_key": credential.key.reveal().partition(".")[0], "exp": moment + 60_000, "timestamp": moment}

    def key(self, credential: Credential) -> str:
        return credential.key.reveal().partition(".")[2]


def test_a_vendor_may_have_claims_and_keys_of_its_own() -> None:
    header, claims = read(token_of(IdAndSecret(), key="id.secret"), "secret")
    assert header["sign_type"] == "SIGN"
    assert (claims["api_key"], claims["exp"] - claims["timestamp"]) == ("id", 60_000)


def test_it_is_a_scheme_that_exchanges_nothing_and_hashes_nothing() -> None:
    scheme: AuthScheme = SharedSecretJwt()
    assert not scheme.needs_body_hash
    assert scheme.exchange(Credential({}), TARGET, NOW) is None


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(CredentialError, match="'access_key'"):
        token_of(SharedSecretJwt(), secret_key="canary")
