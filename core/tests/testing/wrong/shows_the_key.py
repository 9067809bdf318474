"""It puts the key into the path, which everybody logs."""

from __future__ import annotations

from datetime import datetime

import msgspec

from modelscan.contracts.auth import Credential
from modelscan.contracts.http import HttpRequest, Target
from modelscan.wire.openai_compatible import openai_compatible


class PathKey:
    needs_body_hash = False

    def exchange(self, credential: Credential, target: Target, now: datetime) -> None:
        return None

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        return msgspec.structs.replace(request, url=f"{request.url}/{credential.key.reveal()}")


modelscan_provider = openai_compatible(
    "wrong", base_url="https://wrong.example.org/v1", key="WRONG_KEY", scheme=PathKey()
)
