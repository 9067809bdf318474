"""Where a user's things are kept on this machine: `$MODELSCAN_HOME` for all of them, else what the platform says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "MODELSCAN_HOME"


def data_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where the catalog, the ledger, keys and what was learned live. It need not exist."""
    home = _home(environment)
    if home is not None:
        return home
    from platformdirs import user_data_path

    return user_data_path("modelscan", appauthor=False)


def config_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where the user's configuration lives. It need not exist."""
    home = _home(environment)
    if home is not None:
        return home
    from platformdirs import user_config_path

    return user_config_path("modelscan", appauthor=False)


def _home(environment: Mapping[str, str] | None) -> Path | None:
    home = (os.environ if environment is None else environment).get(HOME_VARIABLE)
    return Path(home).expanduser() if home else None
