"""The example is a community's plugin, outside the workspace: `nox -s downstream` installs and runs it."""

collect_ignore = ["example"]
