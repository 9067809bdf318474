"""fal's webhooks: signed with Ed25519, over the ids, the time and a hash of the body.

Source: docs.fal.ai, "Webhooks" (verifying), read 2026-11. The message is the request's id, the user's id, the time and
the body's SHA-256 in hexadecimal, one a line; the key set is public, and any of its keys may have signed.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from typing import Final

import msgspec

from modelscan.contracts.http import Headers, Webhook
from modelscan.errors import CredentialError

_SIGNED: Final = ("x-fal-webhook-request-id", "x-fal-webhook-user-id", "x-fal-webhook-timestamp")
_SIGNATURE: Final = "x-fal-webhook-signature"
_LEEWAY_S: Final = 300


class _Key(msgspec.Struct):
    x: str


class _KeySet(msgspec.Struct):
    keys: list[_Key]


def verified(headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
    """The webhook, if one of the keys has signed it within the last minutes. Raises `CredentialError` otherwise."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    found = {name.lower(): value for name, value in headers}
    try:
        sent_s = int(found["x-fal-webhook-timestamp"])
        signature = bytes.fromhex(found[_SIGNATURE])
        message = "\n".join([*(found[name] for name in _SIGNED), hashlib.sha256(body).hexdigest()])
        known = msgspec.json.decode(keys, type=_KeySet).keys
    except (KeyError, ValueError) as error:
        raise CredentialError(f"the webhook can't be checked: {error}") from error
    if abs(now.timestamp() - sent_s) > _LEEWAY_S:
        raise CredentialError("the webhook is from another time, perhaps sent again by somebody else")
    for key in known:
        try:
            raw = base64.urlsafe_b64decode(key.x + "=" * (-len(key.x) % 4))
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, message.encode())
        except (InvalidSignature, ValueError):
            continue
        return Webhook(headers, body, now)
    raise CredentialError("the webhook's signature is not fal's")
