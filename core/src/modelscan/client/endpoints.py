"""Endpoints: a candidate made ready to be called, with its provider, its target and the signer of its account."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from modelscan.auth.credentials import find_credential
from modelscan.auth.exchange import SendRequest
from modelscan.auth.forms import GivenKey
from modelscan.auth.signer import Signer
from modelscan.contracts.duplex import DuplexOperation
from modelscan.contracts.flows import Flow
from modelscan.contracts.http import Body, Target
from modelscan.contracts.operations import NativeOperation, Operation, StreamingOperation
from modelscan.contracts.provider import Connection, Parameter, Provider
from modelscan.errors import ConfigurationError, ModelScanError, UnsupportedError
from modelscan.plugins import Plugins
from modelscan.types.accounts import Account, Candidate

Mode = Literal["whole", "stream", "live"]

_WANTED: Mapping[Mode, tuple[type, ...]] = {
    "whole": (Operation, NativeOperation, Flow),
    "stream": (StreamingOperation, NativeOperation),
    "live": (DuplexOperation,),
}


class Endpoint(msgspec.Struct, frozen=True, eq=False):
    """One model of one account, ready to be called. `is_elsewhere`: not at the address that its provider declares."""

    candidate: Candidate
    provider: Provider
    target: Target
    signer: Signer
    account_key: str
    is_elsewhere: bool = False
    _checked: dict[tuple[str, str], Any] = {}

    @property
    def place(self) -> str:
        """Whose limits are learned here: the account's, and elsewhere those of that address."""
        if not self.is_elsewhere:
            return self.account_key
        return f"{self.account_key}@{urlsplit(self.target.base_urls.get('default', '')).netloc}"

    def operation(self, capability: str, mode: Mode) -> Any:
        """The operation for a capability: one of the protocols in `contracts.operations`, whichever the plugin chose.

        Raises `UnsupportedError` where the provider has none, or none that streams.
        """
        found = self._checked.get((capability, mode))
        if found is None:
            found = self._checked[capability, mode] = self._check(capability, mode)
        return found

    def is_flow(self, capability: str) -> bool:
        """Whether the capability takes several requests."""
        return self._is_a(Flow, capability)

    def is_native(self, capability: str) -> bool:
        """Whether the capability's model runs in this process."""
        return self._is_a(NativeOperation, capability)

    def can_stream(self, capability: str) -> bool:
        """Whether a chat's answer may be streamed."""
        return capability == "chat" and self._is_a(StreamingOperation, capability)

    def concerns(self, error: ModelScanError, request_id: str = "") -> ModelScanError:
        """The error, told whom it concerns, and without this account's secrets."""
        self.signer.mask(error)
        account = self.candidate.account
        return error.about(
            provider=account.provider, model=self.target.model, account=account.name, request_id=request_id
        )

    def _is_a(self, protocol: type, capability: str) -> bool:
        """Whether the operation follows a protocol; remembered, since looking takes ten microseconds."""
        key = (capability, protocol.__name__)
        found = self._checked.get(key)
        if found is None:
            found = self._checked[key] = isinstance(getattr(self.provider, capability, None), protocol)
        return bool(found)

    def _check(self, capability: str, mode: Mode) -> object:
        operation = getattr(self.provider, capability, None)
        if operation is None or not isinstance(operation, _WANTED[mode]):
            can = ", ".join(self.provider.capabilities()) or "nothing yet"
            what = f"can't stream {capability}" if operation is not None else f"has no {capability}"
            raise UnsupportedError(
                f"this provider {what}; it can: {can}", provider=self.provider.name, model=self.target.model
            )
        return operation


class Endpoints:
    """Makes endpoints and keeps them."""

    def __init__(
        self,
        plugins: Plugins,
        api_keys: Mapping[str, GivenKey],
        base_urls: Mapping[str, str],
        send: SendRequest,
    ) -> None:
        self._plugins = plugins
        self._api_keys = api_keys
        self._base_urls = base_urls
        self._send = send
        self._made: dict[tuple[str, str], Endpoint] = {}
        self._of_candidate: dict[int, Endpoint] = {}  # by identity: the same candidate comes with every call
        self._signers: dict[str, Signer] = {}

    def of(self, candidate: Candidate) -> Endpoint:
        """The candidate's endpoint. Raises a `PluginError` for a provider that can't be loaded."""
        found = self._of_candidate.get(id(candidate))
        if found is not None and found.candidate is candidate:
            return found
        key = (candidate.account.key, candidate.model)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = self._of_candidate[id(candidate)] = self._make(candidate)
        return found

    def provider(self, name: str) -> Provider:
        """A provider by name. Raises a `PluginError` where it can't be loaded."""
        return self._plugins.provider(name)

    def _make(self, candidate: Candidate) -> Endpoint:
        account = candidate.account
        provider = self._plugins.provider(account.provider)
        target = target_of(provider.connection, account, candidate.model, self._base_urls.get(account.provider))
        signer = self._signers.get(account.key)
        if signer is None:
            signer = self._signers[account.key] = self._signer(provider.connection, account, target)
        variables = any(os.environ.get(name) for name in provider.connection.base_url_env)
        is_elsewhere = bool(variables or account.base_urls or self._base_urls.get(account.provider))
        return Endpoint(candidate, provider, target, signer, account.key, is_elsewhere)

    def _signer(self, connection: Connection, account: Account, target: Target) -> Signer:
        def find() -> Any:
            return find_credential(account, connection, self._api_keys)

        return Signer(connection, target, find, _hash, self._send)


def target_of(connection: Connection, account: Account, model: str, base_url: str | None = None) -> Target:
    """Where calls of this account go: its own addresses, else the argument's, the environment's, the connection's.

    Raises `ConfigurationError` for a parameter that is needed and missing.
    """
    named = next((os.environ[name] for name in connection.base_url_env if os.environ.get(name)), None)
    urls = dict(connection.base_urls)
    if base_url or named:
        urls["default"] = base_url or named or ""
    urls |= account.base_urls
    params = _params(connection, account, urls)
    for field in ("region", "organization", "project"):
        if getattr(account, field):
            params[field] = getattr(account, field)
    params |= account.params
    try:
        urls = {name: url.format_map(params).rstrip("/") for name, url in urls.items()}
    except KeyError as error:
        raise ConfigurationError(
            f"account {account.key} needs the parameter {error.args[0]!r} for its address", provider=account.provider
        ) from None
    return Target(base_urls=urls, model=model, account=account.name, params=params)


def _params(connection: Connection, account: Account, urls: Mapping[str, str]) -> dict[str, str]:
    """The declared parameters' values; one that stood in an address which another has replaced may be missing."""
    params: dict[str, str] = {}
    for parameter in connection.parameters:
        value = _value(parameter, account)
        if value is not None:
            params[parameter.name] = value
        elif _stands_in(urls, parameter) or not _stands_in(connection.base_urls, parameter):
            names = " or ".join(f"${name}" for name in parameter.env)
            raise ConfigurationError(
                f"account {account.key} needs the parameter {parameter.name!r}",
                provider=account.provider,
                advice=f"Set {names or 'it'}, or params = {{ {parameter.name} = '...' }} of the account. "
                f"{parameter.help}",
            )
    return params


def _stands_in(urls: Mapping[str, str], parameter: Parameter) -> bool:
    return any(f"{{{parameter.name}}}" in url for url in urls.values())


def _value(parameter: Parameter, account: Account) -> str | None:
    if parameter.name in account.params:
        return account.params[parameter.name]
    own = getattr(account, parameter.name, "") if parameter.name in ("region", "organization", "project") else ""
    found = (os.environ[name] for name in parameter.env if os.environ.get(name))
    return str(own) if own else next(found, parameter.default)


async def _hash(body: Body) -> str:
    from modelscan.transport.bodies import sha256

    return await sha256(body)
