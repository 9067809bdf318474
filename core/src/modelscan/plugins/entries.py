"""One plugin's life: found, then loaded or one of the ways not to be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec

from modelscan.contracts.plugins import PluginRecord, PluginState
from modelscan.contracts.provider import Provider
from modelscan.errors import (
    PluginBlockedError,
    PluginBrokenError,
    PluginError,
    PluginIncompatibleError,
    PluginNotFoundError,
)
from modelscan.plugins.discovery import Found, canonical, distribution_of
from modelscan.plugins.metadata import compatible_address, level, metadata
from modelscan.plugins.notices import warn

if TYPE_CHECKING:
    from modelscan.plugins.implementations import Implementation

_CORE = "modelscan-core"


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
        return metadata(self.found, "Name")

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

    def note_level(self) -> None:
        """Note where its distribution holds data alone: there is nothing to import then."""
        if self.state == "found" and self.kind == "provider" and level(self.found) == "data":
            self.state = "data"

    def is_slow_now(self) -> None:
        """Note that its import takes too long: it may still be going on."""
        self.is_slow = True
        warn(f"{self.label} is slow to import, and holds up the program while it does")

    def refusal(self) -> PluginError:
        """The error that says why it can't be used, for its state. The cause is chained."""
        if self.state == "data":
            return self._without_codec()
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
            version=_core_version() if self.found.is_builtin else metadata(self.found, "Version"),
            error=self.error,
            advice=self.advice,
            is_builtin=self.found.is_builtin,
            is_slow=self.is_slow,
            import_s=self.import_s,
            is_native=_is_native(self.component),
            level=level(self.found),
        )

    def _without_codec(self) -> PluginNotFoundError:
        advice = f"`modelscan catalog show {self.name}` tells what it holds."
        if address := compatible_address(self.found):
            is_local = address.startswith("http://")
            key = None if is_local else f"{self.name.replace('-', '_').upper()}_API_KEY"
            advice += (
                " The vendor speaks as OpenAI does: until there is a codec of its own, give the client "
                f"plugins=[openai_compatible({self.name!r}, base_url={address!r}, key={key!r})], with "
                "openai_compatible from modelscan.wire.openai_compatible"
                + ("." if is_local else " and the API key in that variable.")
            )
        return PluginNotFoundError(
            f"provider {self.name!r} can't be called yet: {self.distribution} holds its plans, limits, models and "
            "prices, and no codec is installed that speaks to it",
            provider=self.name,
            advice=advice,
        )

    def _reinstall(self) -> str:
        home = self.distribution
        return f"pip install --upgrade {home}" if home else ""


def _core_version() -> str:
    import modelscan

    return modelscan.__version__


def _is_native(component: object) -> bool:
    from modelscan.contracts.operations import NativeOperation

    return isinstance(component, Provider) and any(
        isinstance(getattr(component, capability), NativeOperation) for capability in component.capabilities()
    )
