"""What is known of a plugin."""

from __future__ import annotations

from typing import Literal

import msgspec

PluginState = Literal["found", "loaded", "broken", "blocked", "conflict", "incompatible", "data"]
"""`found`: installed and not imported yet. `conflict`: another plugin has its name, and this one isn't used. `data`: it
holds a catalog and no codec, so it is never imported and never called."""


class PluginRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin, as far as it is known without importing it, or after it was.

    `distribution` and `version` are empty for what a client was given by its program. `error` says what is wrong and
    `advice` is the command or the change that mends it; both are empty where nothing is. `import_s` is None until it
    was imported; `is_slow` also holds while an import blocks. `is_native` marks a provider that runs its model in this
    process. `level` is the quality level that the distribution was published with (its keyword
    `modelscan-level-NAME`), `data` for one without a codec; empty for none.
    """

    kind: str
    name: str
    state: PluginState
    distribution: str = ""
    version: str = ""
    error: str = ""
    advice: str = ""
    is_builtin: bool = False
    is_slow: bool = False
    import_s: float | None = None
    is_native: bool = False
    level: str = ""
