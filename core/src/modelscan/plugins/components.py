"""What a component hook must give, by kind."""

from __future__ import annotations

import importlib
from typing import Any

from modelscan.contracts.provider import Provider
from modelscan.errors import PluginBrokenError, PluginIncompatibleError
from modelscan.hookspecs import PLUGIN_API
from modelscan.plugins.implementations import Implementation

_FACTORIES = {
    "auth": ("modelscan.contracts.auth", "AuthScheme"),
    "transport": ("modelscan.contracts.transport", "Transport"),
    "limiter": ("modelscan.contracts.limiter", "Limiter"),
    "strategy": ("modelscan.contracts.policies", "Strategy"),
    "cache": ("modelscan.contracts.policies", "Cache"),
    "filter": ("modelscan.contracts.policies", "Filter"),
    "store": ("modelscan.contracts.policies", "Store"),
}
_VALUES = {
    "provider": ("modelscan.contracts.provider", "Provider"),
    "tokenizer": ("modelscan.contracts.operations", "Tokenizer"),
    "catalog_source": ("modelscan.contracts.catalog", "CatalogSource"),
    "command": ("click", "Command"),
}


def component_of(kind: str, implementation: Implementation) -> object:
    """The component that an implementation gives. Raises `PluginBrokenError` for another type or one without a name."""
    made = implementation()
    if kind in _FACTORIES:
        _check_factory(made, *_FACTORIES[kind], implementation.hook)
    else:
        _check_value(made, *_VALUES[kind], implementation.hook)
    if not isinstance(getattr(made, "name", None), str):
        raise PluginBrokenError(f"what {implementation.hook} returns has no `name`")
    return made


def check_name(made: Any, name: str) -> None:
    """Raise `PluginBrokenError` unless a component is named as its entry point is."""
    if made.name != name:
        raise PluginBrokenError(f"it calls itself {made.name!r}, and its entry point {name!r}: the two must be equal")


def check_api(plugin: object) -> None:
    """Raise `PluginIncompatibleError` where a module or provider was written for another interface than this core's."""
    theirs = plugin.api if isinstance(plugin, Provider) else getattr(plugin, "PLUGIN_API", PLUGIN_API)
    if theirs == PLUGIN_API:
        return
    message = f"it was written for plugin interface {theirs!r}, and this is {PLUGIN_API}"
    newer = isinstance(theirs, int) and theirs > PLUGIN_API
    raise PluginIncompatibleError(message, advice="pip install --upgrade modelscan-core" if newer else "")


def _check_factory(made: object, module: str, contract: str, hook: str) -> None:
    if not callable(made):
        raise PluginBrokenError(
            f"{hook} returns {_described(made)}: it should return the class or function that makes a {contract}"
        )
    if isinstance(made, type):
        protocol = getattr(importlib.import_module(module), contract)
        lacks = [name for name, value in vars(protocol).items() if _is_method(name, value) and not hasattr(made, name)]
        if lacks:
            raise PluginBrokenError(
                f"{hook} returns {made.__name__}, which is no {contract}: it lacks {', '.join(lacks)}"
            )


def _check_value(made: object, module: str, contract: str, hook: str) -> None:
    if not isinstance(made, getattr(importlib.import_module(module), contract)):
        raise PluginBrokenError(f"{hook} returns {_described(made)}: it should return a {contract}")


def _is_method(name: str, value: object) -> bool:
    return callable(value) and not name.startswith("_")


def _described(made: object) -> str:
    return "None" if made is None else f"a {type(made).__name__}"
