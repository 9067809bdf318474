"""An encrypted file of keys, for machines without a keychain: one file, one passphrase.

The passphrase goes through scrypt with a salt of the file's own; the keys are sealed with Fernet (AES-CBC and HMAC)
from the package `cryptography`. Only the file's user may read it.
"""

from __future__ import annotations

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from modelscan.auth.extras import missing_cryptography
from modelscan.auth.sources import from_keyring
from modelscan.errors import CredentialError
from modelscan.folders import data_folder
from modelscan.types.secret import Secret

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

PASSPHRASE_VARIABLE: Final = "MODELSCAN_KEY_PASSPHRASE"  # noqa: S105 - a name, not the thing
PASSPHRASE_NAME: Final = "key-file-passphrase"  # noqa: S105 - the same
"""What the passphrase is called in the OS keychain."""

_FILE: Final = "keys.json"
_VERSION: Final = 1
_COST: Final = 2**15
_MOST_COST: Final = 2**15
_MEMORY_BYTES: Final = 64 * 1024 * 1024


class _Sealed(msgspec.Struct, frozen=True):
    version: int
    cost: int
    salt: bytes
    keys: str


def key_file(environment: Mapping[str, str]) -> Path:
    """Where the file is: in `$MODELSCAN_HOME`, else in the user's data folder."""
    return data_folder(environment) / _FILE


def from_key_file(names: tuple[str, ...], environment: Mapping[str, str]) -> Secret | None:
    """The first of these keys that the file holds; None without a file or without a passphrase for it.

    Raises `CredentialError` for a wrong passphrase or a broken file, and where `cryptography` isn't installed.
    """
    path = key_file(environment)
    if not path.exists():
        return None
    passphrase = passphrase_of(environment)
    if passphrase is None:
        return None
    keys = read_keys(path, passphrase)
    return next((keys[name] for name in names if name in keys), None)


def passphrase_of(environment: Mapping[str, str]) -> Secret | None:
    """The file's passphrase, from `$MODELSCAN_KEY_PASSPHRASE` or the OS keychain."""
    given = environment.get(PASSPHRASE_VARIABLE)
    return Secret(given) if given else from_keyring(PASSPHRASE_NAME)


def read_keys(path: Path, passphrase: Secret) -> dict[str, Secret]:
    """The keys by name (`provider` or `provider/account`). Raises `CredentialError`."""
    try:
        sealed = msgspec.json.decode(path.read_bytes(), type=_Sealed)
    except OSError as error:
        raise CredentialError(f"the key file {path} can't be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise CredentialError(f"{path} is no key file") from error
    if sealed.version != _VERSION or sealed.cost > _MOST_COST:
        raise CredentialError(f"the key file {path} was written by another version of ModelScan")
    box = _box(passphrase, sealed.salt, sealed.cost)
    from cryptography.fernet import InvalidToken

    try:
        keys = msgspec.json.decode(box.decrypt(sealed.keys.encode()), type=dict[str, str])
    except InvalidToken as error:
        raise CredentialError(
            f"the key file {path} doesn't open with this passphrase",
            advice=f"Set ${PASSPHRASE_VARIABLE} to the passphrase that the file was written with.",
        ) from error
    return {name: Secret(key) for name, key in keys.items()}


def write_keys(path: Path, passphrase: Secret, keys: Mapping[str, Secret]) -> None:
    """Write the file anew, with these keys alone; a reader sees the old file or the new. Raises `CredentialError`."""
    import tempfile

    salt = os.urandom(16)
    plain = msgspec.json.encode({name: key.reveal() for name, key in keys.items()})
    sealed = _Sealed(_VERSION, _COST, salt, _box(passphrase, salt, _COST).encrypt(plain).decode())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent)  # only the user may read it
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(sealed))
            os.replace(draft, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(draft)
            raise
    except OSError as error:
        raise CredentialError(f"the key file {path} can't be written: {error.strerror}") from error


def _box(passphrase: Secret, salt: bytes, cost: int) -> Fernet:
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise missing_cryptography("the encrypted key file", "key-file") from error
    key = hashlib.scrypt(passphrase.reveal().encode(), salt=salt, n=cost, r=8, p=1, maxmem=_MEMORY_BYTES, dklen=32)
    return Fernet(urlsafe_b64encode(key))
