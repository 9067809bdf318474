"""A plugin's own implementations: checked by pluggy, and called without it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from modelscan import hookspecs
from modelscan.errors import PluginBrokenError
from modelscan.hookspecs import HOOKS

if TYPE_CHECKING:
    from pluggy import HookImpl

    from modelscan.plugins.entries import Entry

_HOOKS = {hook.name: hook for hook in HOOKS}


class Implementation(msgspec.Struct, frozen=True, eq=False):
    """One function of one plugin. `takes` are the positions of the arguments it wants; None for all, in order.

    It gives what the plugin gives, and raises what it raises: both are of any type.
    """

    hook: str
    entry: Entry
    function: Callable[..., Any]
    takes: tuple[int, ...] | None = None
    is_first: bool = False
    is_last: bool = False

    @property
    def is_component(self) -> bool:
        """Whether it gives a component, rather than being a hook proper."""
        return _HOOKS[self.hook].kind == "component"

    def __call__(self, *arguments: Any) -> Any:
        if self.takes is None:
            return self.function(*arguments)
        if len(self.takes) == 1:
            return self.function(arguments[self.takes[0]])
        return self.function(*[arguments[position] for position in self.takes])


def implementations(plugin: object, entry: Entry) -> tuple[Implementation, ...]:
    """What a module or object implements. Raises `PluginBrokenError` for what its author got wrong."""
    import pluggy

    manager = pluggy.PluginManager("modelscan")  # its own: nothing that another plugin left behind gets in the way
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, entry.name)
    except pluggy.PluginValidationError as error:
        raise PluginBrokenError(" ".join(str(error).split())) from error
    found = []
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if caller.spec is not None:
                found.append(_checked(caller.name, implementation, entry, caller.spec.argnames))
            elif not implementation.optionalhook:
                raise PluginBrokenError(f"there is no hook {caller.name!r}{_nearest(caller.name, _HOOKS)}")
    _check_unmarked(plugin, {implementation.hook for implementation in found})
    return tuple(found)


def missing(hook: str, plugin: object, has: Iterable[Implementation]) -> PluginBrokenError:
    """The error for a plugin without the hook that its group asks for."""
    others = ", ".join(implementation.hook for implementation in has)
    if others:
        return PluginBrokenError(f"it has no {hook}, but {others}: its entry point may stand in the wrong group")
    near = _nearest(hook, [name for name in dir(plugin) if name.startswith("modelscan_")])
    return PluginBrokenError(f"it has no function {hook} that is marked with @hookimpl{near}")


def _checked(name: str, implementation: HookImpl, entry: Entry, all_arguments: tuple[str, ...]) -> Implementation:
    function = implementation.function
    if implementation.wrapper or implementation.hookwrapper:
        raise PluginBrokenError(f"{name} is a wrapper: hooks are called directly, so mark it with plain @hookimpl")
    if inspect.iscoroutinefunction(function) != _HOOKS[name].is_async:
        how = "`async def`: it is awaited" if _HOOKS[name].is_async else "a plain `def`: nobody awaits it"
        raise PluginBrokenError(f"{name} must be {how}")
    _check_parameters(name, function, implementation.argnames)
    takes = tuple(all_arguments.index(argument) for argument in implementation.argnames)
    return Implementation(
        hook=name,
        entry=entry,
        function=function,
        takes=None if takes == tuple(range(len(all_arguments))) else takes,
        is_first=implementation.tryfirst,
        is_last=implementation.trylast,
    )


def _check_parameters(name: str, function: Callable[..., object], passed: tuple[str, ...]) -> None:
    """What is passed is passed by position; anything else that a function needs would fail every call of it."""
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not parameter.empty or parameter.name in passed:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            raise PluginBrokenError(f"{name} needs keyword-only {parameter.name}: arguments are passed by position")
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise PluginBrokenError(f"{name} is a method that needs {parameter.name}: give an instance of its class")


def _check_unmarked(plugin: object, marked: set[str]) -> None:
    """Pluggy passes in silence over what isn't a marked function; here the author hears of it."""
    for name in _HOOKS.keys() - marked:
        value = inspect.getattr_static(plugin, name, None)
        if value is None:
            continue
        if inspect.isroutine(value):
            raise PluginBrokenError(f"{name} isn't marked with @hookimpl (from modelscan import hookimpl)")
        raise PluginBrokenError(
            f"{name} is a {type(value).__name__}: make it a function, marked with @hookimpl, that returns it"
        )


def _nearest(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else ""
