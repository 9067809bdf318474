"""The places that may hold a credential: environment, OS keychain, files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from modelscan.auth.forms import Secrets, complete
from modelscan.contracts.auth import Credential
from modelscan.contracts.provider import CredentialForm, SecretsFile
from modelscan.errors import CredentialError
from modelscan.types.secret import Secret

KEYRING_SERVICE = "modelscan"


def from_environment(forms: Iterable[CredentialForm], environment: Mapping[str, str]) -> Credential | None:
    """The first form whose secrets are all there, in variables or in files that variables name."""
    for form in forms:
        secrets, origins = _of_variables(form, environment)
        found = complete(secrets, form)
        if found is not None:
            return Credential(found, origins[next(iter(found))])
    return None


def from_keyring(name: str) -> Secret | None:
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


def from_file(path: str) -> Secret | None:
    """A file's content without the white space around it; None for an empty file. Raises `CredentialError`."""
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            text = file.read().strip()
    except OSError as error:
        raise CredentialError(f"the key file {path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise CredentialError(f"the key file {path} is no text") from None
    return Secret(text) if text else None


def from_vendors_file(
    forms: Iterable[CredentialForm], environment: Mapping[str, str], section: str = ""
) -> Credential | None:
    """What the vendor's own tools have stored, in the section given, named by a variable, or the default one."""
    for form in forms:
        if form.file is None:
            continue
        path = os.path.expanduser(_variable(form.file.path_env, environment) or form.file.path)
        chosen = section or _variable(form.file.section_env, environment) or form.file.section
        found = complete(_of_section(path, chosen, form.file), form)
        if found is not None:
            return Credential(found, f"file:{path}[{chosen}]")
    return None


def _of_variables(form: CredentialForm, environment: Mapping[str, str]) -> tuple[Secrets, dict[str, str]]:
    secrets: Secrets = {}
    origins: dict[str, str] = {}
    for secret, names in form.env.items():
        name = next((name for name in names if environment.get(name)), None)
        if name is not None:
            secrets[secret], origins[secret] = Secret(environment[name]), f"env:{name}"
    for secret, names in form.path_env.items():
        path = _variable(names, environment)
        if path and secret not in secrets:
            content = from_file(path)
            if content is not None:
                secrets[secret], origins[secret] = content, f"file:{path}"
    return secrets, origins


def _of_section(path: str, section: str, file: SecretsFile) -> Secrets:
    import configparser

    parser = configparser.RawConfigParser()
    try:
        with open(path, encoding="utf-8") as opened:
            parser.read_file(opened)
    except OSError:
        return {}
    except (configparser.Error, UnicodeDecodeError):
        # Its text would be in the error, and its text is secret.
        raise CredentialError(f"the file {path} is no INI file") from None
    if not parser.has_section(section):
        return {}
    found = parser[section]
    return {secret: Secret(found[name]) for secret, name in file.names.items() if found.get(name)}


def _variable(names: tuple[str, ...], environment: Mapping[str, str]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
