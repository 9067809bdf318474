"""Assembly: from settings to a pipeline, each part made when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import modelscan
from modelscan.auth.forms import GivenKey
from modelscan.client.admission import Unmetered
from modelscan.client.endpoints import Endpoints
from modelscan.client.metering import LateMetering
from modelscan.client.pipeline import Pipeline
from modelscan.client.retry import RetryPolicy
from modelscan.client.sending import Sender
from modelscan.client.settings import Settings
from modelscan.client.uploading import Uploads
from modelscan.contracts.http import HttpRequest
from modelscan.contracts.transport import Exchange, Socket, Timeouts, Transport, TransportOptions
from modelscan.errors import ConfigurationError
from modelscan.plugins import Plugins
from modelscan.routing.candidates import Candidates
from modelscan.transport.fetching import MediaFetcher
from modelscan.types.limits import Budget

if TYPE_CHECKING:
    from modelscan.client.flows import FlowRunner


class Assembly:
    """What a client is made of."""

    def __init__(
        self,
        settings: Settings,
        api_keys: Mapping[str, GivenKey],
        plugins: tuple[object, ...],
        transport: Transport | None,
        prices: Mapping[str, Any],
    ) -> None:
        self._settings = settings
        self._metering = LateMetering(settings, prices)
        self._api_keys = api_keys
        self.plugins = Plugins(
            extra=plugins,
            allow=settings["plugins.allow"],
            block=settings["plugins.block"],
            strict=settings["plugins.strict"],
        )
        self._transport = transport or LateTransport(self.plugins, settings)
        self._fetcher = MediaFetcher(_options(settings), allow_private=settings["transport.fetch_private"])

    def pipeline(self) -> Pipeline:
        """The pipeline, on the loop that is running."""
        settings = self._settings
        self._check_names()
        admission = self._metering.made(self.plugins)
        # What comes before a call or after its first request takes no limits of its own.
        later = Sender(self._transport, Unmetered(), _timeouts(settings), self._fetcher)
        uploads = Uploads(later, lambda: self._flow_runner(later, later))
        sender = Sender(self._transport, admission, _timeouts(settings), self._fetcher, uploads)
        return Pipeline(
            self.plugins,
            Candidates(settings.accounts, settings.routes),
            Endpoints(self.plugins, self._api_keys, settings.base_urls, sender.plain),
            sender,
            admission,
            lambda: self._flow_runner(sender, later),
            _retries(settings),
        )

    def _check_names(self) -> None:
        """Raise `ConfigurationError` for a provider that is given a key or an address under a misspelt name.

        A name like no installed provider's may be that of one which another environment has.
        """
        settings, installed = self._settings, self.plugins.names("provider")
        named = {key.partition("/")[0] for key in self._api_keys} | set(settings.base_urls)
        named |= {account.provider for account in settings.accounts}
        for name in sorted(named - set(installed)):
            from difflib import get_close_matches

            if near := get_close_matches(name, installed, n=1, cutoff=0.8):
                raise ConfigurationError(
                    f"no provider named {name!r} is installed", advice=f"Did you mean {near[0]!r}?"
                )

    def _flow_runner(self, sender: Sender, later: Sender) -> FlowRunner:
        from modelscan.client.flows import FlowRunner  # most programs have no flow, and it takes a while to import

        return FlowRunner(sender, later, _retries(self._settings))

    def close_budgets(self, budgets: Sequence[Budget]) -> None:
        """The context that opened these budgets has ended."""
        self._metering.close_budgets(budgets)

    async def close(self) -> None:
        """Close all connections, and write down what isn't yet."""
        await self._metering.close()
        await self._transport.close()
        await self._fetcher.close()


class LateTransport:
    """The transport of the settings, imported and made with the first request: models in the process need none."""

    def __init__(self, plugins: Plugins, settings: Settings) -> None:
        self._plugins = plugins
        self._settings = settings
        self._made: Transport | None = None

    async def send(self, request: HttpRequest, *, timeouts: Timeouts) -> Exchange:
        return await (self._made or self._make()).send(request, timeouts=timeouts)

    async def connect(self, request: HttpRequest, *, timeouts: Timeouts) -> Socket:
        return await (self._made or self._make()).connect(request, timeouts=timeouts)

    async def close(self) -> None:
        if self._made is not None:
            await self._made.close()

    def _make(self) -> Transport:
        self._made = self._plugins.transport(self._settings["client.transport"])(_options(self._settings))
        return self._made


def _options(settings: Settings) -> TransportOptions:
    return TransportOptions(
        ca_bundle=settings["transport.ca_bundle"] or None,
        http2=settings["transport.http2"],
        trust_env=settings["transport.trust_env"],
        max_connections=settings["transport.max_connections"] or None,
        user_agent=f"modelscan/{modelscan.__version__} (python)",
    )


def _timeouts(settings: Settings) -> Timeouts:
    return Timeouts(**{name: settings[f"timeouts.{name}"] or None for name in Timeouts.__struct_fields__})


def _retries(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=max(1, settings["retries.max_attempts"]),
        base_s=settings["retries.base_s"],
        cap_s=settings["retries.cap_s"],
        longest_wait_s=settings["retries.longest_wait_s"],
    )
