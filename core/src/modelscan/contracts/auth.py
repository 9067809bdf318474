"""Auth schemes: how a credential signs a request. They work between encode and transport, once per attempt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import attrs
import msgspec

from modelscan.contracts.flows import Flow
from modelscan.contracts.http import HttpRequest, Target
from modelscan.types.secret import Secret


@attrs.frozen
class Credential:
    """What an account proves itself with: named secrets (`key`; `access_key_id` and `secret_access_key`; ...).

    `source` says where it came from (`argument`, `env:NAME`, `keyring:NAME`, `file:PATH`), for `doctor` and for errors.
    """

    secrets: Mapping[str, Secret]
    source: str = "argument"

    @property
    def key(self) -> Secret:
        """The only secret of a simple scheme. Raises `KeyError` where there is none of that name."""
        return self.secrets["key"]


class Token(msgspec.Struct, frozen=True):
    """A short-lived credential that was exchanged for a long-lived one; kept in memory only."""

    secret: Secret
    expires_at: datetime | None = None


@runtime_checkable
class AuthScheme(Protocol):
    """One way to sign. `needs_body_hash` asks the core for the body's SHA-256.

    Where `exchange` gives a flow, the core runs it when there is no token that is fresh, and hands the token to `sign`
    as the credential's secret `token`, beside the others. The flow's requests carry their own right (`auth=None`).
    """

    @property
    def needs_body_hash(self) -> bool:
        """Whether `sign` wants the body's hash."""
        ...

    def exchange(self, credential: Credential, target: Target, now: datetime) -> Flow[None, Token, Any] | None:
        """The flow that gets a token; None where the credential signs by itself. The state type is the scheme's own."""
        ...

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request, signed."""
        ...
