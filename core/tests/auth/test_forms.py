"""Credentials of several secrets, and of several kinds: wherever they come from, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest

from modelscan import Account, Secret
from modelscan.auth.credentials import find_credential
from modelscan.contracts.provider import Connection, CredentialForm, SecretsFile
from modelscan.errors import CredentialError
from modelscan.wire.schemes import Bearer

KEYS = CredentialForm(
    env={
        "access_key_id": ("CLOUD_KEY_ID",),
        "secret_access_key": ("CLOUD_SECRET", "CLOUD_OLD_SECRET"),
        "session_token": ("CLOUD_TOKEN",),
    },
    optional=frozenset({"session_token"}),
    file=SecretsFile(
        path="~/.cloud/credentials",
        path_env=("CLOUD_FILE",),
        section_env=("CLOUD_PROFILE",),
        names={"access_key_id": "cloud_id", "secret_access_key": "cloud_secret", "session_token": "cloud_token"},
    ),
)
ROBOT = CredentialForm(path_env={"robot": ("ROBOT_FILE",)})
CONNECTION = Connection(
    base_urls={"default": "https://api.example.org"},
    schemes={"default": Bearer()},
    env=("CLOUD_API_KEY",),
    forms=(KEYS, ROBOT),
)
PAIR = {"access_key_id": "id-canary", "secret_access_key": "secret-canary-0123"}
PAIR_SECRETS = {name: Secret(value) for name, value in PAIR.items()}
ACCOUNT = Account(provider="cloud")
ROBOT_JSON = '{"private_key": "canary"}'


def found(
    given: Any = None, *, account: Account = ACCOUNT, connection: Connection = CONNECTION, **environment: Any
) -> tuple[dict[str, str], str]:
    credential = find_credential(account, connection, {"cloud": given} if given else {}, environment)
    assert credential is not None
    return {name: secret.reveal() for name, secret in credential.secrets.items()}, credential.source


@pytest.mark.parametrize("given", [PAIR, PAIR_SECRETS, msgspec.json.encode(PAIR).decode()])
def test_a_program_gives_several_secrets_by_name_or_as_json(given: Any) -> None:
    assert found(given) == (PAIR, "argument")


def test_one_text_is_the_simple_key_and_an_object_of_the_vendors_is_its_file() -> None:
    assert found("sk-1") == ({"key": "sk-1"}, "argument")
    assert found(Secret("sk-1")) == ({"key": "sk-1"}, "argument")
    assert found(ROBOT_JSON) == ({"robot": ROBOT_JSON}, "argument")
    assert found("{broken") == ({"robot": "{broken"}, "argument")


def test_a_secret_that_no_form_has_or_that_is_empty_is_left_out() -> None:
    assert found({**PAIR, "other": "x", "session_token": ""}) == (PAIR, "argument")


def test_the_environment_gives_the_first_form_that_is_whole(home: Path) -> None:
    (home / "robot.json").write_text(ROBOT_JSON)
    path = str(home / "robot.json")
    pair: dict[str, Any] = {"CLOUD_KEY_ID": "i", "CLOUD_OLD_SECRET": "s"}
    assert found(CLOUD_API_KEY="k", **pair) == ({"key": "k"}, "env:CLOUD_API_KEY")
    assert found(**pair) == ({"access_key_id": "i", "secret_access_key": "s"}, "env:CLOUD_KEY_ID")
    assert found(**pair, CLOUD_TOKEN="t")[0]["session_token"] == "t"
    assert found(CLOUD_KEY_ID="i", ROBOT_FILE=path) == ({"robot": ROBOT_JSON}, f"file:{path}")


def test_a_variable_that_holds_the_secret_wins_over_one_that_names_a_file(home: Path) -> None:
    form = CredentialForm(env={"robot": ("ROBOT",)}, path_env={"robot": ("ROBOT_FILE",)})
    connection = attrs.evolve(CONNECTION, env=(), forms=(form,))
    assert found(connection=connection, ROBOT="r", ROBOT_FILE="/nonexistent") == ({"robot": "r"}, "env:ROBOT")
    (home / "empty").write_text(" \n")
    with pytest.raises(CredentialError, match=r"\$ROBOT, \$ROBOT_FILE"):
        found(connection=connection, ROBOT_FILE=str(home / "empty"))


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cant_be_read_is_named(home: Path, content: bytes | None) -> None:
    path = home / "robot.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CredentialError, match="robot.json") as caught:
        found(ROBOT_FILE=str(path))
    assert caught.value.provider == "cloud"


def test_the_keychain_holds_several_secrets_as_json(keychain: Any) -> None:
    keychain({"cloud/default": msgspec.json.encode(PAIR).decode()})
    assert found() == (PAIR, "keyring")


INI = """
[default]
cloud_id = i1
cloud_secret = s1
[work]
cloud_id=i2
cloud_secret=s2
cloud_token=t2
[half]
cloud_id=i3
"""


def test_the_vendors_own_file_comes_last_and_has_profiles(home: Path) -> None:
    path = home / "credentials"
    path.write_text(INI)
    here: dict[str, Any] = {"CLOUD_FILE": str(path)}
    assert found(**here) == ({"access_key_id": "i1", "secret_access_key": "s1"}, f"file:{path}[default]")
    assert found(**here, CLOUD_PROFILE="work")[0] == {
        "access_key_id": "i2", "secret_access_key": "s2", "session_token": "t2"
    }  # fmt: skip
    work = Account(provider="cloud", credential="profile:work")
    assert found(account=work, **here, CLOUD_API_KEY="k")[1] == f"file:{path}[work]"
    assert found(**here, CLOUD_API_KEY="k")[1] == "env:CLOUD_API_KEY"
    for section in ("half", "none"):
        with pytest.raises(CredentialError, match=f"takes its key from profile:{section}, and there is none"):
            found(account=Account(provider="cloud", credential=f"profile:{section}"), **here)


def test_a_vendors_file_that_is_broken_is_named_and_not_shown(home: Path) -> None:
    (home / "credentials").write_text("canary-0123456789\n")
    with pytest.raises(CredentialError, match="is no INI file") as caught:
        found(CLOUD_FILE=str(home / "credentials"))
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_half_a_credential_is_refused_by_name_and_not_shown() -> None:
    with pytest.raises(CredentialError, match="key, or access_key_id and secret_access_key, or robot") as caught:
        found({"access_key_id": "id-canary"})
    assert "canary" not in str(caught.value)
    only_pair = attrs.evolve(CONNECTION, env=(), forms=(KEYS,))
    with pytest.raises(CredentialError, match="access_key_id and secret_access_key") as caught:
        found("id-canary", connection=only_pair)
    assert "canary" not in str(caught.value)
    with pytest.raises(CredentialError, match="the credential from env:X is incomplete"):
        found(account=Account(provider="cloud", credential="env:X"), connection=only_pair, X='{"access_key_id": 1}')


def test_what_is_missing_lists_every_variable_and_file() -> None:
    with pytest.raises(CredentialError) as caught:
        found(CLOUD_KEY_ID="id-canary")
    text = str(caught.value)
    assert "$CLOUD_API_KEY, $CLOUD_KEY_ID and $CLOUD_SECRET, $ROBOT_FILE, the OS keychain, ~/.cloud/credentials" in text
    assert "Set CLOUD_API_KEY in the environment" in text
    assert "canary" not in text


def test_a_connection_without_variables_still_says_what_to_do() -> None:
    with pytest.raises(CredentialError, match="Set its key in the environment"):
        found(connection=attrs.evolve(CONNECTION, env=(), forms=()))
