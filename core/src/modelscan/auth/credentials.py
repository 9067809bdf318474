"""Where keys come from: the call, the environment, the OS keychain, an encrypted file; in this order."""

from __future__ import annotations

import os
from collections.abc import Mapping

from modelscan.auth.forms import GivenKey, forms_of, secrets_of
from modelscan.auth.keyfile import PASSPHRASE_VARIABLE, from_key_file, key_file, passphrase_of
from modelscan.auth.sources import from_environment, from_file, from_keyring, from_vendors_file
from modelscan.contracts.auth import Credential
from modelscan.contracts.provider import Connection, CredentialForm
from modelscan.errors import CredentialError
from modelscan.types.accounts import Account
from modelscan.types.secret import Secret


def find_credential(
    account: Account,
    connection: Connection,
    given: Mapping[str, GivenKey],
    environment: Mapping[str, str] | None = None,
) -> Credential | None:
    """The account's credential, or None for a provider that needs none.

    `given` holds keys by `provider/account` or by provider. An account's own `credential` (`env:NAME`, `keyring:NAME`,
    `keyfile:NAME`, `file:PATH`, `profile:NAME` of a file of the vendor's tools) is looked at before the connection's
    variables, the keychain, the encrypted file and the vendor's file.
    Raises `CredentialError` where a key is needed and none is found, or a part of one; the message lists where it was
    looked for.
    """
    environment = os.environ if environment is None else environment
    if not connection.schemes:
        return None
    forms = forms_of(connection)
    argument = given.get(account.key) or given.get(account.provider)
    try:
        if argument:
            return Credential(secrets_of(argument, forms, "the client's arguments"), "argument")
        if account.credential:
            return _named(account, forms, environment)
        found = _looked_up(account, forms, environment)
    except CredentialError as error:
        error.about(provider=account.provider, account=account.name)
        raise
    if found is None and not connection.is_key_optional:
        raise _missing(account, forms, environment)
    return found


def _looked_up(
    account: Account, forms: tuple[CredentialForm, ...], environment: Mapping[str, str]
) -> Credential | None:
    found = from_environment(forms, environment)
    if found is not None:
        return found
    stored = from_keyring(account.key) or from_keyring(account.provider)
    if stored is not None:
        return Credential(secrets_of(stored, forms, "the OS keychain"), "keyring")
    stored = from_key_file((account.key, account.provider), environment)
    if stored is not None:
        return Credential(secrets_of(stored, forms, "the encrypted key file"), "keyfile")
    return from_vendors_file(forms, environment)


def _named(account: Account, forms: tuple[CredentialForm, ...], environment: Mapping[str, str]) -> Credential:
    kind, _, name = account.credential.partition(":")
    stored: Secret | None = None
    if kind == "env":
        stored = Secret(environment[name]) if environment.get(name) else None
    elif kind == "keyring":
        stored = from_keyring(name)
    elif kind == "keyfile":
        stored = from_key_file((name,), environment)
    elif kind == "file":
        stored = from_file(name)
    elif kind == "profile":
        found = from_vendors_file(forms, environment, name)
        if found is not None:
            return found
    else:
        raise CredentialError(
            f"account {account.key} doesn't say where its credential is",
            advice="Write env:NAME, keyring:NAME, keyfile:NAME, file:PATH or profile:NAME; the key itself never "
            "stands in the configuration.",
        )
    if stored is None:
        raise CredentialError(
            f"account {account.key} takes its key from {account.credential}, and there is none",
            advice=f"Set it, or change `credential` of account {account.key}.",
        )
    return Credential(secrets_of(stored, forms, account.credential), account.credential)


def _missing(account: Account, forms: tuple[CredentialForm, ...], environment: Mapping[str, str]) -> CredentialError:
    variables = [_variables(form) for form in forms]
    looked = [*filter(None, variables), "the OS keychain"]
    path = key_file(environment)
    if path.exists():
        is_locked = passphrase_of(environment) is None
        looked.append(f"{path} (locked: ${PASSPHRASE_VARIABLE} isn't set)" if is_locked else str(path))
    looked += [form.file.path for form in forms if form.file is not None]
    first = variables[0].partition(", ")[0] or "its key"
    return CredentialError(
        f"no API key for {account.key}; looked in the client's arguments, {', '.join(looked)}",
        provider=account.provider,
        account=account.name,
        advice=f"Set {first.replace('$', '')} in the environment, or pass api_keys={{{account.provider!r}: ...}}.",
    )


def _variables(form: CredentialForm) -> str:
    """The variables that would make the form whole: alternatives by comma, what belongs together by `and`."""
    wanted = [(*form.env.get(name, ()), *form.path_env.get(name, ())) for name in form.needed]
    if len(wanted) == 1:
        return ", ".join(f"${name}" for name in wanted[0])
    return " and ".join(f"${names[0]}" for names in wanted if names)
