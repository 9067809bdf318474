"""From what a source holds to the secrets of a credential, in one of the forms that the connection declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from modelscan.contracts.provider import Connection, CredentialForm
from modelscan.errors import CredentialError
from modelscan.types.secret import Secret

Secrets = dict[str, Secret]
GivenKey = str | Secret | Mapping[str, str | Secret]
"""A key as a program gives it: one text, or several secrets by name."""


def forms_of(connection: Connection) -> tuple[CredentialForm, ...]:
    """The forms that its credential may have; a single key is one too, and comes first."""
    if connection.forms and not connection.env:
        return connection.forms
    return (CredentialForm(env={"key": connection.env}), *connection.forms)


def secrets_of(given: GivenKey, forms: tuple[CredentialForm, ...], origin: str) -> Secrets:
    """The secrets that a program or a source gave.

    Raises `CredentialError` where they make up none of the forms; the message names what is needed, and shows nothing.
    """
    if isinstance(given, Mapping):
        found = _named({name: _as_secret(value) for name, value in given.items() if value}, forms)
    else:
        found = _told(given.reveal() if isinstance(given, Secret) else given, forms)
    if found is None:
        wanted = ", or ".join(" and ".join(form.needed) for form in forms)
        raise CredentialError(
            f"the credential from {origin} is incomplete: it has to have {wanted}",
            advice="Give several secrets as a mapping, or as a JSON object where only text fits.",
        )
    return found


def complete(secrets: Mapping[str, Secret], form: CredentialForm) -> Secrets | None:
    """The form's secrets out of those; None where one that is needed is missing."""
    found = {name: secrets[name] for name in form.names if secrets.get(name)}
    return found if all(name in found for name in form.needed) else None


def _named(secrets: Mapping[str, Secret], forms: tuple[CredentialForm, ...]) -> Secrets | None:
    return next((found for form in forms if (found := complete(secrets, form)) is not None), None)


def _told(text: str, forms: tuple[CredentialForm, ...]) -> Secrets | None:
    is_object = text.lstrip().startswith("{")
    if is_object:
        found = _named(_fields(text), forms)
        if found is not None:
            return found
    single = [form for form in forms if len(form.needed) == 1]
    # An object that isn't ours is a vendor's own file, such as a service account's.
    single.sort(key=lambda form: bool(form.path_env) != is_object)
    return {single[0].needed[0]: Secret(text)} if single else None


def _fields(text: str) -> Secrets:
    try:
        values = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return {name: Secret(value) for name, value in values.items() if isinstance(value, str) and value}


def _as_secret(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(value)
