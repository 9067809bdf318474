"""fal's webhooks: only what fal has signed, and only now."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fal.codec import QueuedImages
from modelscan.contracts.http import Headers
from modelscan.errors import CredentialError

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = b'{"request_id": "r-1", "status": "OK"}'
SIGNER = Ed25519PrivateKey.generate()
OTHER = Ed25519PrivateKey.generate()


def keys(*signers: Ed25519PrivateKey) -> bytes:
    raw = [signer.public_key().public_bytes_raw() for signer in signers]
    return json.dumps(
        {"keys": [{"kty": "OKP", "x": base64.urlsafe_b64encode(x).decode().rstrip("=")} for x in raw]}
    ).encode()


def signed(body: bytes, at: datetime = NOW) -> Headers:
    stamp = str(int(at.timestamp()))
    message = "\n".join(["r-1", "u-1", stamp, hashlib.sha256(body).hexdigest()])
    return (
        ("X-Fal-Webhook-Request-Id", "r-1"),
        ("X-Fal-Webhook-User-Id", "u-1"),
        ("X-Fal-Webhook-Timestamp", stamp),
        ("X-Fal-Webhook-Signature", SIGNER.sign(message.encode()).hex()),
    )


def test_a_signed_webhook_is_let_in() -> None:
    webhook = QueuedImages().verify(signed(BODY), BODY, keys(OTHER, SIGNER), NOW)
    assert (webhook.body, webhook.received_at) == (BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "known"),
    [
        (signed(BODY), BODY + b" ", keys(SIGNER)),
        (signed(BODY), BODY, keys(OTHER)),
        (signed(BODY), BODY, b'{"keys": [{"x": "AA"}]}'),
        (signed(BODY), BODY, b"no keys"),
        (signed(BODY, NOW - timedelta(minutes=6)), BODY, keys(SIGNER)),
        (signed(BODY, NOW + timedelta(minutes=6)), BODY, keys(SIGNER)),
        (signed(BODY)[:3], BODY, keys(SIGNER)),
        ((*signed(BODY)[:3], ("x-fal-webhook-signature", "no hex")), BODY, keys(SIGNER)),
    ],
)
def test_a_webhook_that_anybody_else_may_have_sent_is_not(headers: Headers, body: bytes, known: bytes) -> None:
    with pytest.raises(CredentialError):
        QueuedImages().verify(headers, body, known, NOW)
