"""One plugin's life: found, then loaded or one of the ways not to be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from modelscan.contracts.plugins import PluginRecord, PluginState
from modelscan.contracts.provider import Provider
from modelscan.errors import PluginBlockedError, PluginBrokenError, PluginError, PluginIncompatibleError
from modelscan.plugins.discovery import Found, canonical, distribution_of
from modelscan.plugins.notices import warn

if TYPE_CHECKING:
    from modelscan.plugins.implementations import Implementation

_CORE = "modelscan-core"
_LEVEL = "modelscan-level-"


class Entry(msgspec.Struct, eq=False):
    """What is known of one plugin, and what it gave once it was loaded."""

    found: Found
    state: PluginState = "found"
    error: str = ""
    advice: str = ""
    cause: BaseException | None = None
    import_s: float | None = None
    is_slow: bool = False
    component: object = None
    implementations: tuple[Implementation, ...] = ()
    lock: threading.RLock = msgspec.field(default_factory=threading.RLock)

    @property
    def kind(self) -> str:
        """`provider`, `transport`, ..., or `hook`."""
        return self.found.kind

    @property
    def name(self) -> str:
        """The entry point's name."""
        return self.found.name

    @property
    def label(self) -> str:
        """How messages name it."""
        home = self.distribution
        return f"{self.kind} {self.name!r}" + (f" of {home}" if home else "")

    @property
    def distribution(self) -> str:
        """What is to be installed to get it; empty for what a program gave."""
        if self.found.is_builtin:
            return _CORE
        return _metadata(self.found, "Name")

    @property
    def has_first_claim(self) -> bool:
        """Whether its distribution is named after it."""
        return canonical(self.distribution) == distribution_of(self.kind, self.name)

    def fail(self, state: PluginState, error: str, advice: str = "", cause: BaseException | None = None) -> None:
        """Note that it can't be used, why, and what mends it."""
        self.state, self.error, self.cause = state, error, cause
        self.advice = advice or self._reinstall()

    def loaded(self) -> None:
        """Note that it can be used. Also after an import that had been given up on."""
        self.state, self.error, self.advice, self.cause = "loaded", "", "", None

    def is_slow_now(self) -> None:
        """Note that its import takes too long: it may still be going on."""
        self.is_slow = True
        warn(f"{self.label} is slow to import, and holds up the program while it does")

    def refusal(self) -> PluginError:
        """The error that says why it can't be used, for its state. The cause is chained."""
        classes: dict[str, type[PluginError]] = {"blocked": PluginBlockedError, "incompatible": PluginIncompatibleError}
        provider = self.name if self.kind == "provider" else ""
        refusal = classes.get(self.state, PluginBrokenError)(
            f"{self.label} can't be used: {self.error}", provider=provider, advice=self.advice
        )
        refusal.__cause__ = self.cause
        return refusal

    def record(self) -> PluginRecord:
        """All of this as a value. Reads the distribution's metadata and imports nothing."""
        return PluginRecord(
            kind=self.kind,
            name=self.name,
            state=self.state,
            distribution=self.distribution,
            version=_core_version() if self.found.is_builtin else _metadata(self.found, "Version"),
            error=self.error,
            advice=self.advice,
            is_builtin=self.found.is_builtin,
            is_slow=self.is_slow,
            import_s=self.import_s,
            is_native=_is_native(self.component),
            level=_level(self.found),
        )

    def _reinstall(self) -> str:
        home = self.distribution
        return f"pip install --upgrade {home}" if home else ""


def _metadata(found: Found, field: str) -> str:
    if found.distribution is None:
        return ""
    try:
        return str(found.distribution.metadata[field] or "")
    except Exception:  # noqa: BLE001 - a folder without metadata, or one that can't be read: the plugin itself may be fine
        return ""


def _level(found: Found) -> str:
    words = _metadata(found, "Keywords").replace(",", " ").split()
    return next((word.removeprefix(_LEVEL) for word in words if word.startswith(_LEVEL)), "")


def _core_version() -> str:
    import modelscan

    return modelscan.__version__


def _is_native(component: object) -> bool:
    from modelscan.contracts.operations import NativeOperation

    return isinstance(component, Provider) and any(
        isinstance(getattr(component, capability), NativeOperation) for capability in component.capabilities()
    )
