"""What a program gives to one client, without packaging: a module, an object, a marked function, a provider."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import SimpleNamespace

from modelscan.contracts.provider import Provider
from modelscan.errors import PluginBrokenError, PluginError
from modelscan.plugins.components import check_api, component_of
from modelscan.plugins.discovery import Found
from modelscan.plugins.entries import Entry
from modelscan.plugins.implementations import Implementation, implementations
from modelscan.plugins.kinds import HOOK
from modelscan.plugins.notices import told

_ADVICE = "Mend it, or leave it out of the client's `plugins`."


def entries_of(extra: object) -> Iterator[Entry]:
    """An entry per component, and one for all hooks proper. Raises `PluginError`: the author is here to see it."""
    name = _name(extra)
    try:
        yield from _entries(extra, name)
    except KeyboardInterrupt:
        raise
    except PluginError as error:
        advice = vars(error).get("advice", _ADVICE)
        raise type(error)(f"plugins=[{name}] can't be used: {error.message}", advice=advice) from error.__cause__
    except BaseException as error:
        raise PluginBrokenError(f"plugins=[{name}] can't be used: {told(error)}", advice=_ADVICE) from error


def _entries(extra: object, name: str) -> Iterator[Entry]:
    check_api(extra)
    if isinstance(extra, Provider):
        yield _loaded("provider", extra.name, component=extra)
        return
    plugin = SimpleNamespace(**{name: extra}) if inspect.isfunction(extra) else extra
    own = implementations(plugin, _loaded(HOOK, name))
    if not own:
        raise PluginBrokenError("it implements no hook; mark functions with @hookimpl (from modelscan import hookimpl)")
    for implementation in own:
        if implementation.is_component:
            kind = implementation.hook.removeprefix("modelscan_")
            made = component_of(kind, implementation)
            check_api(made)
            yield _loaded(kind, str(getattr(made, "name", "")), component=made)
    hooks = tuple(implementation for implementation in own if not implementation.is_component)
    if hooks:
        hooks[0].entry.implementations = hooks
        yield hooks[0].entry


def _loaded(kind: str, name: str, *, component: object = None, own: tuple[Implementation, ...] = ()) -> Entry:
    return Entry(Found(kind, name, None), state="loaded", component=component, implementations=own)


def _name(extra: object) -> str:
    named = extra if isinstance(getattr(extra, "__name__", None), str) else type(extra)
    return str(getattr(named, "__name__"))  # noqa: B009 - mypy doesn't know that `named` has one
