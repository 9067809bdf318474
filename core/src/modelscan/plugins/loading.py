"""Loading one plugin: whatever goes wrong in it ends here, in its entry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import Final

import msgspec

from modelscan.errors import PluginBrokenError, PluginIncompatibleError
from modelscan.plugins.components import check_api, check_name, component_of
from modelscan.plugins.entries import Entry
from modelscan.plugins.implementations import implementations, missing
from modelscan.plugins.kinds import HOOK, hook_name
from modelscan.plugins.notices import told


class Patience(msgspec.Struct, frozen=True):
    """How long an import may take: beyond `slow_s` it is reported, beyond `longest_s` a check gives it up."""

    slow_s: float = 1.0
    longest_s: float = 30.0


USUAL_PATIENCE: Final = Patience()


def load(entry: Entry, patience: Patience) -> bool:
    """Import an entry's module and take its component or hooks, once; its state says how that went.

    Returns False where another thread did it meanwhile. Only `KeyboardInterrupt` gets through: a plugin that exits
    is broken, and no more.
    """
    with entry.lock:
        if entry.state != "found":  # another thread has loaded it meanwhile
            return False
        try:
            plugin = _import(entry, patience.slow_s)
            check_api(plugin)
            _take(entry, plugin)
        except KeyboardInterrupt:
            raise
        except PluginIncompatibleError as error:
            entry.fail("incompatible", error.message, vars(error).get("advice", ""))  # else the entry knows better
        except PluginBrokenError as error:
            entry.fail("broken", error.message, cause=error.__cause__)
        except BaseException as error:  # noqa: BLE001 - that is the point
            entry.fail("broken", told(error), cause=error)
        else:
            entry.loaded()
        return True


def load_patiently(entry: Entry, patience: Patience) -> None:
    """Load in a thread of its own, and give up on an import that doesn't end: others wait to be looked at."""
    thread = threading.Thread(target=load, args=(entry, patience), daemon=True)
    thread.start()
    thread.join(patience.longest_s)
    if thread.is_alive():
        entry.is_slow_now()
        entry.fail("broken", f"its import hasn't ended after {patience.longest_s:g} s")


def _take(entry: Entry, plugin: object) -> None:
    own = implementations(plugin, entry)
    if entry.kind == HOOK:
        entry.implementations = tuple(one for one in own if not one.is_component)
        if not entry.implementations:
            raise PluginBrokenError("it implements no hook")
        return
    wanted = hook_name(entry.kind)
    implementation = next((one for one in own if one.hook == wanted), None)
    if implementation is None:
        raise missing(wanted, plugin, own)
    made = component_of(entry.kind, implementation)
    check_api(made)
    check_name(made, entry.name)
    entry.component = made


def _import(entry: Entry, slow_s: float) -> object:
    point = entry.found.entry_point
    if point is None:
        raise PluginBrokenError(entry.found.error)
    load_it: Callable[[], object] = point.load
    watchdog = threading.Timer(slow_s, entry.is_slow_now)
    watchdog.daemon = True
    start = perf_counter()
    watchdog.start()
    try:
        return load_it()
    finally:
        watchdog.cancel()
        entry.import_s = perf_counter() - start
        if entry.import_s > slow_s and not entry.is_slow:  # it never let the watchdog run
            entry.is_slow_now()
