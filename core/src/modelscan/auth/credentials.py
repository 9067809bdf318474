"""Where keys come from: the call, the environment, the OS keychain, a file; in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping

from modelscan.contracts.auth import Credential
from modelscan.contracts.provider import Connection
from modelscan.errors import CredentialError
from modelscan.types.accounts import Account
from modelscan.types.secret import Secret

KEYRING_SERVICE = "modelscan"


def find_credential(
    account: Account,
    connection: Connection,
    given: Mapping[str, str | Secret],
    environment: Mapping[str, str] | None = None,
) -> Credential | None:
    """The account's credential, or None for a provider that needs none.

    `given` holds keys by `provider/account` or by provider. An account's own `credential` (`env:NAME`,
    `keyring:NAME`, `file:PATH`) is looked at before the connection's variables and the keychain.
    Raises `CredentialError` where a key is needed and none is found; the message lists where it was looked for.
    """
    environment = os.environ if environment is None else environment
    if not connection.schemes:
        return None
    argument = given.get(account.key) or given.get(account.provider)
    if argument:
        return _of(argument if isinstance(argument, Secret) else Secret(argument), "argument")
    if account.credential:
        return _named(account, environment)
    for name in connection.env:
        if environment.get(name):
            return _of(Secret(environment[name]), f"env:{name}")
    stored = _from_keyring(account.key) or _from_keyring(account.provider)
    if stored is not None:
        return _of(stored, "keyring")
    if connection.is_key_optional:
        return None
    raise _missing(account, connection)


def _of(secret: Secret, source: str) -> Credential:
    return Credential({"key": secret}, source)


def _named(account: Account, environment: Mapping[str, str]) -> Credential:
    kind, _, name = account.credential.partition(":")
    found: Secret | None
    if kind == "env":
        value = environment.get(name)
        found = Secret(value) if value else None
    elif kind == "keyring":
        found = _from_keyring(name)
    elif kind == "file":
        found = _from_file(name)
    else:
        raise CredentialError(
            f"account {account.key} names its credential by {account.credential.partition(':')[0]!r}",
            advice="Write env:NAME, keyring:NAME or file:PATH; the key itself never stands in the configuration.",
        )
    if found is None:
        raise CredentialError(
            f"account {account.key} takes its key from {account.credential}, and there is none",
            provider=account.provider,
            advice=f"Set it, or change `credential` of account {account.key}.",
        )
    return _of(found, account.credential)


def _from_file(path: str) -> Secret | None:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            text = file.read().strip()
    except OSError as error:
        raise CredentialError(f"the key file {path} can't be read: {error.strerror}") from error
    return Secret(text) if text else None


def _from_keyring(name: str) -> Secret | None:
    """The OS keychain, where the `keyring` package is installed; a locked or absent keychain counts as empty."""
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        value = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError:
        return None
    return Secret(value) if value else None


def _missing(account: Account, connection: Connection) -> CredentialError:
    looked = [f"${name}" for name in connection.env] + ["the OS keychain"]
    first = connection.env[0] if connection.env else "its key"
    return CredentialError(
        f"no API key for {account.key}; looked in the client's arguments, {', '.join(looked)}",
        provider=account.provider,
        account=account.name,
        advice=f"Set {first} in the environment, or pass api_keys={{{account.provider!r}: '...'}}.",
    )
