"""`modelscan` and `python -m modelscan`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    broken = _half_overwritten()
    if broken:
        sys.stderr.write(broken)
        return 3
    try:
        import click as _click  # noqa: F401 - only whether it is there
    except ImportError:
        sys.stderr.write("The command line needs an extra: pip install 'modelscan-core[cli]'\n")
        return 3
    from modelscan.cli.app import run

    return run(sys.argv[1:])


def _half_overwritten() -> str:
    """A message where another product of the same import name has overwritten files of this one; empty for none."""
    import modelscan

    if getattr(modelscan, "__getattr__", None) is not None and hasattr(modelscan, "_MODULE_OF"):
        return ""
    return (
        "This environment also holds the distribution `modelscan`, a security scanner that installs the same package\n"
        "name and has overwritten files of `modelscan-core`. Mend it with:\n"
        "  pip uninstall -y modelscan && pip install --force-reinstall --no-deps modelscan-core\n"
    )


if __name__ == "__main__":
    sys.exit(main())
