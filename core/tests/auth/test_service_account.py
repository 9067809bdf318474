"""Service accounts: the assertion is what the token endpoint expects, and the key never shows."""

from __future__ import annotations

import base64
import json
import sys
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from modelscan import Secret
from modelscan.auth.service_account import ServiceAccount, _account
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(base_urls={}, model="m")
SCHEME = ServiceAccount("https://www.example.org/auth/all")


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def credential(**changes: str | None) -> Credential:
    fields: dict[str, Any] = {
        "type": "service_account",
        "client_email": "robot@example.org",
        "private_key": pem(rsa_key()),
        "private_key_id": "k1",
        "token_uri": "https://oauth.example.org/token",
        "universe_domain": "example.org",
        **changes,
    }
    text = json.dumps({name: value for name, value in fields.items() if value is not None})
    return Credential({"service_account": Secret(text)}, "file:robot.json")


def assertion(of: Credential) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of what is sent to the endpoint; the signature has to hold."""
    body = SCHEME.exchange(of, TARGET, NOW).start(None, TARGET).request.body
    assert isinstance(body, bytes)
    form = parse_qs(body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    signed, _, signature = form["assertion"][0].rpartition(".")
    decoded = base64.urlsafe_b64decode(signature + "==")
    rsa_key().public_key().verify(decoded, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    return header, claims


def test_the_assertion_is_signed_by_the_accounts_key() -> None:
    header, claims = assertion(credential())
    moment = int(NOW.timestamp())
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims == {
        "iss": "robot@example.org",
        "scope": "https://www.example.org/auth/all",
        "aud": "https://oauth.example.org/token",
        "iat": moment,
        "exp": moment + 3600,
    }


def test_a_key_without_an_id_goes_without() -> None:
    assert "kid" not in assertion(credential(private_key_id=None))[0]


def test_the_request_goes_where_the_key_file_says() -> None:
    request = SCHEME.exchange(credential(), TARGET, NOW).start(None, TARGET).request
    assert (request.url, request.auth) == ("https://oauth.example.org/token", None)


def test_the_token_is_the_bearer() -> None:
    assert isinstance(SCHEME, AuthScheme)
    signed = SCHEME.sign(HttpRequest(url="https://x.org/"), Credential({"token": Secret("t")}), TARGET, None, NOW)
    assert signed.headers == (("authorization", "Bearer t"),)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"private_key": None}, "is no service account's key file"),
        ({"type": "authorized_user"}, "is of type 'authorized_user'"),
        ({"private_key": "canary"}, "private key can't be read"),
        ({"private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "is no RSA key"),
    ],
)
def test_a_file_that_is_no_service_accounts_is_refused_and_not_shown(
    changes: dict[str, str | None], message: str
) -> None:
    with pytest.raises(CredentialError, match=message) as caught:
        SCHEME.exchange(credential(**changes), TARGET, NOW).start(None, TARGET)
    assert "canary" not in str(caught.value)
    assert "PRIVATE" not in str(caught.value)


def test_no_secret_shows_in_what_is_kept() -> None:
    flow = SCHEME.exchange(credential(), TARGET, NOW)
    assert "PRIVATE" not in f"{flow!r} {SCHEME!r} {flow.start(None, TARGET)!r} {_account(credential())!r}"


def test_without_cryptography_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    with pytest.raises(CredentialError, match=r"pip install 'modelscan-core\[service-account\]'"):
        SCHEME.exchange(credential(), TARGET, NOW).start(None, TARGET)
