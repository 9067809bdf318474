"""From the model that a caller names to the candidates that could answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from modelscan.errors import ConfigurationError, InvalidRequestError
from modelscan.types.accounts import Account, Candidate, Route

Model = str | Route | Sequence[str]
"""`provider/model`, the name of a route, a `Route`, or several models in order of preference."""


def model_name(model: Model) -> str:
    """A model, route or list as one text, for messages and for hooks."""
    if isinstance(model, str):
        return model
    return model.strategy if isinstance(model, Route) else ", ".join(model)


class Candidates:
    """Knows the configured accounts and routes. An answer is remembered: the configuration doesn't change."""

    def __init__(self, accounts: Iterable[Account], routes: Mapping[str, Route]) -> None:
        self._accounts: dict[str, list[Account]] = {}
        for account in accounts:
            self._accounts.setdefault(account.provider, []).append(account)
        self._routes = routes
        self._by_name: dict[str, tuple[Candidate, ...]] = {}

    def accounts(self, provider: str) -> list[Account]:
        """The provider's accounts; one called `default` where none is configured."""
        return self._accounts.get(provider) or [Account(provider=provider)]

    def configured(self) -> list[Account]:
        """All accounts that are configured."""
        return [account for accounts in self._accounts.values() for account in accounts]

    def of(self, model: Model) -> tuple[Candidate, ...]:
        """The candidates for a model, a route or a list, in the order given.

        Raises `InvalidRequestError` for a name that is neither `provider/model` nor a route.
        """
        if isinstance(model, str):
            found = self._by_name.get(model)
            if found is None:
                found = self._by_name[model] = self._named(model)
            return found
        names = self._models_of(model) if isinstance(model, Route) else model
        return tuple(candidate for name in names for candidate in self.of(name))

    def route_of(self, model: Model) -> Route | None:
        """The route that a name or a `Route` stands for; None for plain models."""
        if isinstance(model, Route):
            return model
        return self._routes.get(model) if isinstance(model, str) else None

    def _named(self, name: str) -> tuple[Candidate, ...]:
        route = self._routes.get(name)
        if route is not None:
            return tuple(candidate for model in self._models_of(route) for candidate in self.of(model))
        provider, slash, model = name.partition("/")
        if not slash or not provider or not model:
            known = ", ".join(sorted(self._routes)) or "none is configured"
            raise InvalidRequestError(
                f"{name!r} names no model",
                advice=f"Write provider/model (openai/gpt-4o-mini), or the name of a route ({known}).",
            )
        provider, _, only = provider.partition("@")
        accounts = [account for account in self.accounts(provider) if not only or account.name == only]
        if not accounts:
            names = ", ".join(account.name for account in self.accounts(provider))
            raise ConfigurationError(f"provider {provider!r} has no account {only!r}; it has {names}")
        return tuple(Candidate(account=account, model=model) for account in accounts)

    def _models_of(self, route: Route) -> tuple[str, ...]:
        models = route.models
        if not models:
            raise ConfigurationError(
                f"the route {route.strategy!r} has no models",
                advice="Give it models=(...), or list them under [routes.NAME] in modelscan.toml.",
            )
        if route.requires:
            raise ConfigurationError(
                f"the route {route.strategy!r} requires {', '.join(sorted(route.requires))}, and this version doesn't "
                "know yet what a model can do",
                advice="Leave `requires` out and list fitting models; the catalog comes with one of the next versions.",
            )
        return models
