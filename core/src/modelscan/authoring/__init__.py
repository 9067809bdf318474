"""What plugin authors run: the template, the definition of a provider in one file, the check of a whole plugin.

Nothing that users run imports it, but for the two commands `modelscan new` and `modelscan lint-plugin`. It wants the
extra `dev`.
"""

from __future__ import annotations

from importlib.util import find_spec

from modelscan.errors import ConfigurationError


def check_tools() -> None:
    """Raises `ConfigurationError` where the packages of the extra `dev` aren't all there."""
    missing = [name for name in ("cookiecutter", "jsonschema", "yaml") if find_spec(name) is None]
    if missing:
        raise ConfigurationError(
            f"{', '.join(missing)} isn't installed", advice="pip install 'modelscan-core[cli,dev,testing]'"
        )
