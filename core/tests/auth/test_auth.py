"""Keys: where they come from, where they may go, and that nobody ever sees them."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import Account, Secret
from modelscan.auth.credentials import find_credential
from modelscan.auth.hosts import CredentialHosts
from modelscan.auth.signer import Signer
from modelscan.contracts.auth import Credential
from modelscan.contracts.http import Body, HttpRequest, HttpResponse, Target
from modelscan.contracts.provider import Connection
from modelscan.errors import ConfigurationError, CredentialError


@attrs.frozen
class Header:
    needs_body_hash: bool = False

    def exchange(self, credential: Credential, target: Target, now: datetime) -> None:
        return None

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        value = f"{credential.key.reveal()} {body_sha256}"
        return msgspec.structs.replace(request, headers=(*request.headers, ("key", value)))


BASE = {"default": "https://api.example.org/v1"}
CONNECTION = Connection(
    base_urls=BASE, schemes={"default": Header(), "hashed": Header(needs_body_hash=True)}, env=("A_KEY", "B_KEY")
)
ACCOUNT = Account(provider="ex")


@pytest.fixture(autouse=True)
def no_keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def keychain(monkeypatch: pytest.MonkeyPatch, entries: dict[str, str], *, locked: bool = False) -> None:
    class KeyringError(Exception):
        pass

    def get_password(service: str, name: str) -> str | None:
        if locked:
            raise KeyringError
        return entries.get(name)

    errors = ModuleType("keyring.errors")
    errors.KeyringError = KeyringError  # type: ignore[attr-defined]
    keyring: Any = SimpleNamespace(get_password=get_password, errors=errors)
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)


def found(account: Account = ACCOUNT, given: dict[str, Any] | None = None, **environment: str) -> tuple[str, str]:
    credential = find_credential(account, CONNECTION, given or {}, environment)
    assert credential is not None
    return credential.key.reveal(), credential.source


def test_sources_are_asked_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    keychain(monkeypatch, {"ex": "from-chain"})
    assert found(given={"ex": "given"}, A_KEY="a") == ("given", "argument")
    assert found(given={"ex": "given", "ex/default": Secret("own")}) == ("own", "argument")
    assert found(A_KEY="a", B_KEY="b") == ("a", "env:A_KEY")
    assert found(B_KEY="b") == ("b", "env:B_KEY")
    assert found() == ("from-chain", "keyring")


def test_a_locked_keychain_counts_as_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    keychain(monkeypatch, {"ex": "x"}, locked=True)
    with pytest.raises(CredentialError, match=r"looked in .*\$A_KEY, \$B_KEY, the OS keychain"):
        found()


def test_an_account_names_its_own_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keychain(monkeypatch, {"mine": "from-chain"})
    (tmp_path / "key").write_text("from-file\n")
    assert found(Account(provider="ex", credential="env:MINE"), MINE="m", A_KEY="a") == ("m", "env:MINE")
    assert found(Account(provider="ex", credential="keyring:mine")) == ("from-chain", "keyring:mine")
    path = f"file:{tmp_path / 'key'}"
    assert found(Account(provider="ex", credential=path)) == ("from-file", path)


@pytest.mark.parametrize("credential", ["env:NONE", "keyring:none", "file:/nonexistent/key", "sk-canary-0123456789"])
def test_a_source_without_a_key_is_named_and_a_key_written_there_is_not_shown(credential: str) -> None:
    with pytest.raises(CredentialError) as caught:
        found(Account(provider="ex", credential=credential), A_KEY="a")
    if credential.startswith("sk-"):
        assert "env:NAME" in str(caught.value)


def test_an_empty_key_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    with pytest.raises(CredentialError, match="there is none"):
        found(Account(provider="ex", credential=f"file:{tmp_path / 'key'}"))


def test_a_provider_may_need_no_key_or_do_without_one() -> None:
    assert find_credential(ACCOUNT, Connection(base_urls=BASE), {}, {}) is None
    optional = attrs.evolve(CONNECTION, is_key_optional=True)
    assert find_credential(ACCOUNT, optional, {}, {}) is None


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://api.example.org/v2/x", True),
        ("wss://api.example.org/live", True),
        ("https://API.example.org/", True),
        ("http://api.example.org/v1", False),
        ("https://api.example.org:8443/v1", False),
        ("https://evil.org/v1", False),
        ("https://api.example.org.evil.org/", False),
        ("https://api.example.org@evil.org/", False),
        ("https://eu.cdn.example.com/f", True),
        ("https://cdn.example.com/f", False),
        ("http://eu.cdn.example.com/f", False),
        ("https://exact.example.com/f", True),
        ("https://exact.example.com:444/f", False),
    ],
)
def test_a_credential_goes_to_declared_hosts_only(url: str, is_allowed: bool) -> None:
    hosts = CredentialHosts(BASE.values(), ("*.cdn.example.com", "exact.example.com"))
    for _ in range(2):
        if is_allowed:
            hosts.check(url)
        else:
            with pytest.raises(CredentialError, match="doesn't declare that host"):
                hosts.check(url)


def test_remembered_urls_are_bounded() -> None:
    hosts = CredentialHosts(BASE.values())
    for number in range(3000):
        hosts.check(f"https://api.example.org/{number}")
    assert len(hosts._allowed) <= 1024


def signer(find: Any) -> Signer:
    async def hash_body(body: Body) -> str:
        return f"hash of {body!r}"

    async def send(request: HttpRequest) -> HttpResponse:
        raise AssertionError("nothing is exchanged here")

    return Signer(CONNECTION, TARGET, find, hash_body, send)


TARGET = Target(base_urls=BASE, model="m")
URL = "https://api.example.org/v1/x"


async def test_a_request_is_signed_by_the_scheme_it_names() -> None:
    calls: list[int] = []

    def find() -> Credential:
        calls.append(1)
        return Credential({"key": Secret("k")})

    subject = signer(find)
    assert (await subject.sign(HttpRequest(url=URL), TARGET)).headers == (("key", "k None"),)
    hashed = await subject.sign(HttpRequest(url=URL, body=b"x", auth="hashed"), TARGET)
    assert hashed.headers == (("key", "k hash of b'x'"),)
    assert calls == [1]


async def test_a_presigned_request_and_a_missing_optional_key_stay_as_they_are() -> None:
    presigned = HttpRequest(url="https://bucket.example.net/x?sig=1", auth=None)
    assert await signer(lambda: None).sign(presigned, TARGET) is presigned
    plain = HttpRequest(url=URL)
    assert await signer(lambda: None).sign(plain, TARGET) is plain


async def test_an_unknown_scheme_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no auth scheme 'other'; it has default, hashed"):
        await signer(lambda: None).sign(HttpRequest(url=URL, auth="other"), TARGET)


async def test_a_foreign_host_never_sees_the_key() -> None:
    subject = signer(lambda: Credential({"key": Secret("k")}))
    with pytest.raises(CredentialError):
        await subject.sign(HttpRequest(url="https://evil.org/"), TARGET)


def test_a_credential_shows_nothing() -> None:
    assert "canary" not in repr(Credential({"key": Secret("sk-canary-0123456789")}))
