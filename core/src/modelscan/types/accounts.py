"""Accounts, and candidates for a call."""

from __future__ import annotations

import msgspec


class Account(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One account with a provider. It names its credential's source and never holds the credential.

    `credential` is `env:NAME`, `keyring:NAME`, `keyfile:NAME`, `file:PATH`, `profile:NAME`, or empty for the provider's
    own environment variables and the places after them.
    Limits, health and plan hang on the account. `params` are what the provider's connection declares (an account id,
    an API version). `base_urls` replaces the provider's own addresses.
    """

    provider: str
    name: str = "default"
    credential: str = ""
    plan: str = ""
    region: str = ""
    organization: str = ""
    project: str = ""
    params: dict[str, str] = {}
    base_urls: dict[str, str] = {}

    @property
    def key(self) -> str:
        """The account's full name, `provider/name`: what limits, health and the ledger go by."""
        return f"{self.provider}/{self.name}"


class Candidate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One way to carry out a call: a model with an account, and what routing knows of it.

    `price` is the estimated cost of this call in US dollars (for ranking only: bills are exact and in `Cost`).
    """

    account: Account
    model: str
    price: float = 0.0
    latency_p95_s: float = 0.0
    headroom: float = 1.0
    is_healthy: bool = True

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self.account.provider

    @property
    def name(self) -> str:
        """`provider/model`, as it is written in a call."""
        return f"{self.account.provider}/{self.model}"


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """A set of models and how to choose among them: `Route("cheapest", requires={"vision"})`.

    `strategy` names a strategy plugin; `models` are the candidates (empty: those of the route's name in the
    configuration); `requires` are capabilities that a candidate must have.
    """

    strategy: str
    models: tuple[str, ...] = ()
    requires: frozenset[str] = frozenset()
