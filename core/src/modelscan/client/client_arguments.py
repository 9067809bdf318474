"""What a client is made with; one list for the async and the blocking one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypedDict

from modelscan.auth.forms import GivenKey
from modelscan.contracts.flows import FlowStore
from modelscan.contracts.provider import Provider
from modelscan.contracts.transport import Transport
from modelscan.types.accounts import Account, Route
from modelscan.types.limits import Budget, Limit


class Mock(Transport, Protocol):
    """A provider together with a transport that stands for the whole network."""

    provider: Provider


class ClientArguments(TypedDict, total=False):
    """All optional.

    `plans`, `base_urls` and `api_keys` go by provider, where a key may be several secrets by name; `accounts` and
    `routes` are for more than one of a kind. `limits` by provider stand instead of the catalog's; `budgets` hold for
    all calls together. `prices` by `provider/model` (or `provider/*`) win over the catalog's, each as
    `{"per": 1_000_000, "units": {"input_tokens": "0.15", "output_tokens": "0.60"}}`.
    `transport` is the name of a transport plugin, or a transport. `plugins`
    are an application's own modules or objects with hooks. `jobs` is the folder or store where jobs are kept for
    another process to go on with (the process's memory otherwise). `settings` are keys of the configuration, as
    `{"retries.max_attempts": 2}`; `config` is a file, or False for none. `mock` (such as
    `modelscan.testing.mock.MockProvider`) adds its provider and stands for the transport, so that nothing leaves.
    """

    api_keys: Mapping[str, GivenKey]
    base_urls: Mapping[str, str]
    plans: Mapping[str, str]
    accounts: Iterable[Account]
    routes: Mapping[str, Route]
    limits: Mapping[str, Sequence[Limit]]
    budgets: Sequence[Budget]
    prices: Mapping[str, Any]
    transport: str | Transport
    jobs: FlowStore | str | Path
    plugins: Iterable[object]
    settings: Mapping[str, Any]
    config: str | Path | bool
    mock: Mock
