"""One connection, several kinds of credential: each is signed by its own scheme."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from modelscan import Secret
from modelscan.contracts.auth import AuthScheme, Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.errors import CredentialError
from modelscan.wire.by_secret import BySecret
from modelscan.wire.oauth2 import ClientCredentials
from modelscan.wire.schemes import HeaderKey
from modelscan.wire.sigv4 import SigV4

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(base_urls={}, model="m", params={"region": "eu-1"})
URL = "https://api.example.org/"
SUBJECT = BySecret({"key": HeaderKey("api-key"), "client_secret": ClientCredentials("https://login.example.org/")})


def credential(**secrets: str) -> Credential:
    return Credential({name: Secret(value) for name, value in secrets.items()})


def test_the_credential_chooses_the_scheme() -> None:
    key, client = credential(key="k"), credential(client_id="i", client_secret="s", token="t")
    assert SUBJECT.sign(HttpRequest(url=URL), key, TARGET, None, NOW).headers == (("api-key", "k"),)
    assert SUBJECT.exchange(key, TARGET, NOW) is None
    assert SUBJECT.sign(HttpRequest(url=URL), client, TARGET, None, NOW).headers == (("authorization", "Bearer t"),)
    assert SUBJECT.exchange(client, TARGET, NOW) is not None


def test_the_body_is_hashed_where_one_of_them_wants_it() -> None:
    assert isinstance(SUBJECT, AuthScheme)
    assert not SUBJECT.needs_body_hash
    assert BySecret({"key": HeaderKey("api-key"), "access_key_id": SigV4("bedrock")}).needs_body_hash


def test_a_credential_that_none_of_them_knows_is_refused() -> None:
    with pytest.raises(CredentialError, match="none of the secrets key, client_secret"):
        SUBJECT.sign(HttpRequest(url=URL), credential(other="canary"), TARGET, None, NOW)
