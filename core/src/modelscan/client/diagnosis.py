"""What is wrong with an installation, and how to mend it: the facts behind `modelscan doctor`."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Literal

import msgspec

from modelscan.auth.credentials import find_credential
from modelscan.client.configuration import load
from modelscan.client.settings import Settings
from modelscan.contracts.auth import Credential
from modelscan.errors import CredentialError, ModelScanError
from modelscan.folders import config_folder
from modelscan.plugins import Plugins
from modelscan.routing.candidates import Candidates
from modelscan.types.accounts import Account

Verdict = Literal["ok", "note", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. A key is shown by its last four characters at most."""

    topic: str
    verdict: Verdict
    text: str
    advice: str = ""


def diagnose() -> list[Finding]:
    """Everything worth knowing about this installation; nothing is sent anywhere."""
    findings = [*_python()]
    try:
        settings = load()
    except ModelScanError as error:
        return [*findings, Finding("configuration", "problem", error.message, error.advice)]
    plugins = Plugins(allow=settings["plugins.allow"], block=settings["plugins.block"])
    sections: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _configuration(settings),
        lambda: _plugins(plugins),
        lambda: _providers(plugins, settings),
        lambda: _credentials(plugins, settings),
        _network,
    )
    for section in sections:
        findings += section()
    return findings


def providers_with_keys(settings: Settings) -> list[str]:
    """The installed providers that have an account whose key is found on this machine; nothing is sent anywhere."""
    plugins = Plugins(allow=settings["plugins.allow"], block=settings["plugins.block"])
    return sorted(
        {account.provider for account, found in _found_keys(plugins, settings) if isinstance(found, Credential)}
    )


def _python() -> Iterator[Finding]:
    import modelscan

    yield Finding("python", "ok", f"Python {platform.python_version()}, modelscan-core {modelscan.__version__}")


def _configuration(settings: Settings) -> Iterator[Finding]:
    where = settings.file or f"no file (looked here, in the folders above, and in {config_folder()})"
    yield Finding("configuration", "ok", where)
    for path, origin in settings.origins.items():
        if origin != "default":
            yield Finding("configuration", "note", f"{path} = {settings[path]!r}, from the {origin}")


def _plugins(plugins: Plugins) -> Iterator[Finding]:
    data = 0
    for record in plugins.check():
        name = f"{record.kind} {record.name} {record.version}".rstrip()
        if record.state == "loaded":
            slow = f" (slow: its import took {record.import_s:.1f} s)" if record.is_slow else ""
            yield Finding("plugins", "note" if slow else "ok", name + slow)
        elif record.state == "data":
            data += 1
        else:
            verdict: Verdict = "note" if record.state == "blocked" else "problem"
            yield Finding("plugins", verdict, f"{name}: {record.state}: {record.error}", record.advice)
    if data:
        yield Finding("plugins", "ok", f"{data} more hold a provider's data alone; `modelscan plugins` names them")


def _providers(plugins: Plugins, settings: Settings) -> Iterator[Finding]:
    """Accounts and addresses of providers that nothing is installed for: misspelt, most of the time."""
    installed = plugins.names("provider")
    named = {*settings.base_urls, *(account.provider for account in settings.accounts)}
    data = {record.name for record in plugins.records("provider") if record.state == "data"}
    for name in sorted(named & data):
        text = f"it names the provider {name!r}, which can't be called yet: its data alone are installed"
        yield Finding("configuration", "problem", text, "`modelscan plugins` lists what can be called.")
    for name in sorted(named - {*installed} - data):
        near = get_close_matches(name, installed, n=1)
        yield Finding(
            "configuration",
            "problem",
            f"it names the provider {name!r}, which isn't installed",
            f"Did you mean {near[0]!r}?" if near else f"Install modelscan-provider-{name}, or take it out.",
        )


def _credentials(plugins: Plugins, settings: Settings) -> Iterator[Finding]:
    for account, found in _found_keys(plugins, settings):
        if isinstance(found, CredentialError):
            yield Finding("keys", "note", found.message, found.advice)
        elif found is None:
            yield Finding("keys", "ok", f"{account.key} needs no key")
        else:
            shown = ", ".join(secret.masked() for secret in found.secrets.values())
            yield Finding("keys", "ok", f"{account.key}: {shown} from {found.source}")


def _found_keys(plugins: Plugins, settings: Settings) -> Iterator[tuple[Account, Credential | CredentialError | None]]:
    """Every account of the installed providers, with its key, None where it needs none, or what is wrong with it."""
    candidates = Candidates(settings.accounts, settings.routes)
    for name in plugins.names("provider"):
        try:
            connection = plugins.provider(name).connection
        except ModelScanError:
            continue
        for account in candidates.accounts(name):
            try:
                yield account, find_credential(account, connection, {})
            except CredentialError as error:
                yield account, error


def _network() -> Iterator[Finding]:
    for variable in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        value = os.environ.get(variable) or os.environ.get(variable.lower())
        if value:
            yield Finding("network", "note", f"{variable} is set to {_without_password(value)}")
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = os.environ.get(variable)
        if path and not os.path.exists(path):
            yield Finding(
                "network", "problem", f"{variable} names {path}, which doesn't exist", f"Mend or unset {variable}."
            )


def _without_password(address: str) -> str:
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
