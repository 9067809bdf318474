"""The encrypted key file: it opens with its passphrase alone, and nothing in it can be read without."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modelscan import Account, Secret
from modelscan.auth import keyfile
from modelscan.auth.credentials import find_credential
from modelscan.auth.keyfile import key_file, read_keys, write_keys
from modelscan.contracts.provider import Connection
from modelscan.errors import CredentialError
from modelscan.wire.schemes import Bearer

PASSPHRASE = Secret("correct horse battery")
KEYS = {"ex": Secret("sk-canary-0123456789"), "ex/work": Secret("sk-work-canary")}
CONNECTION = Connection(
    base_urls={"default": "https://api.example.org"}, schemes={"default": Bearer()}, env=("EX_KEY",)
)


@pytest.fixture
def path(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keyfile, "_COST", 2**4)
    found = home / "folder" / "keys.json"
    write_keys(found, PASSPHRASE, KEYS)
    return found


def found(path: Path, account: Account | None = None, **environment: Any) -> tuple[str, str]:
    credential = find_credential(
        account or Account(provider="ex"), CONNECTION, {}, {"MODELSCAN_HOME": str(path.parent), **environment}
    )
    assert credential is not None
    return credential.key.reveal(), credential.source


def test_keys_come_back_and_only_their_user_may_read_them(path: Path) -> None:
    assert read_keys(path, PASSPHRASE) == KEYS
    assert b"canary" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["keys.json"]


def test_a_key_is_found_after_the_environment_and_the_keychain(path: Path, keychain: Any) -> None:
    opened: dict[str, Any] = {"MODELSCAN_KEY_PASSPHRASE": PASSPHRASE.reveal()}
    assert found(path, **opened) == ("sk-canary-0123456789", "keyfile")
    assert found(path, Account(provider="ex", name="work"), **opened) == ("sk-work-canary", "keyfile")
    assert found(path, Account(provider="ex", credential="keyfile:ex/work"), **opened)[1] == "keyfile:ex/work"
    assert found(path, EX_KEY="k", **opened) == ("k", "env:EX_KEY")
    keychain({"ex": "from-chain"})
    assert found(path, **opened) == ("from-chain", "keyring")


def test_the_keychain_may_hold_the_passphrase(path: Path, keychain: Any) -> None:
    keychain({"key-file-passphrase": PASSPHRASE.reveal()})
    assert found(path) == ("sk-canary-0123456789", "keyfile")


def test_a_locked_file_is_named_where_a_key_is_missing(path: Path) -> None:
    with pytest.raises(CredentialError, match=r"keys.json \(locked: \$MODELSCAN_KEY_PASSPHRASE isn't set\)"):
        found(path)


def test_an_open_file_without_the_key_is_named_too(path: Path) -> None:
    write_keys(path, PASSPHRASE, {"other": Secret("x")})
    with pytest.raises(CredentialError, match="the OS keychain, .*keys.json\n"):
        found(path, MODELSCAN_KEY_PASSPHRASE=PASSPHRASE.reveal())


def test_a_wrong_passphrase_opens_nothing_and_isnt_shown(path: Path) -> None:
    with pytest.raises(CredentialError, match="doesn't open with this passphrase") as caught:
        read_keys(path, Secret("wrong canary"))
    assert "canary" not in str(caught.value)


def test_a_file_of_another_kind_version_or_cost_is_refused(path: Path) -> None:
    sealed = msgspec.json.decode(path.read_bytes())
    for change, message in (({"version": 2}, "another version"), ({"cost": 2**30}, "another version")):
        path.write_bytes(msgspec.json.encode({**sealed, **change}))
        with pytest.raises(CredentialError, match=message):
            read_keys(path, PASSPHRASE)
    path.write_bytes(b"[]")
    with pytest.raises(CredentialError, match="is no key file"):
        read_keys(path, PASSPHRASE)


def test_a_file_that_cant_be_read_or_written_is_named(home: Path) -> None:
    with pytest.raises(CredentialError, match="can't be read"):
        read_keys(home, PASSPHRASE)
    (home / "file").write_text("")
    with pytest.raises(CredentialError, match="can't be written"):
        write_keys(home / "file" / "keys.json", PASSPHRASE, KEYS)


def test_a_failed_write_keeps_the_old_file_and_leaves_no_draft(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path.parent / "taken").mkdir()
    (path.parent / "taken" / "x").write_text("")
    with pytest.raises(CredentialError, match="can't be written"):
        write_keys(path.parent / "taken", PASSPHRASE, KEYS)
    assert sorted(os.listdir(path.parent)) == ["keys.json", "taken"]


def test_without_cryptography_it_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.fernet", None)
    with pytest.raises(CredentialError, match=r"pip install 'modelscan-core\[key-file\]'"):
        found(path, MODELSCAN_KEY_PASSPHRASE="x")


def test_the_file_lies_in_the_users_data_folder(home: Path) -> None:
    assert key_file({"MODELSCAN_HOME": str(home)}) == home / "keys.json"
    assert key_file({}) == home / "data" / "modelscan" / "keys.json"
