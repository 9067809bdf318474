"""How much an installation of the core and one provider is: packages, and megabytes of their files."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from plain_install import plain_install, site_packages

MOST_PACKAGES = 18
MOST_MB = 18.5


def megabytes(folder: Path) -> float:
    """Millions of bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def largest(folder: Path, count: int = 3) -> str:
    """The entries of a folder that hold the most."""
    sizes = sorted(((megabytes(path), path.name) for path in folder.iterdir() if path.is_dir()), reverse=True)
    return ", ".join(f"{name} {size:.1f}" for size, name in sizes[:count])


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        plain, compiled = Path(temporary, "plain"), Path(temporary, "compiled")
        folder = site_packages(plain_install(plain, has_bytecode=False))
        with_bytecode = site_packages(plain_install(compiled, has_bytecode=True))
        packages = len(list(folder.glob("*.dist-info")))
        lines = [
            f"{'':24} {'measured':>8}  {'gate':>5}",
            f"{'packages':24} {packages:8}  {MOST_PACKAGES:5}",
            f"{'MB as uv installs it':24} {megabytes(folder):8.1f}  {MOST_MB:5.1f}  ({largest(folder)})",
            f"{'MB with bytecode (pip)':24} {megabytes(with_bytecode):8.1f}",
        ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
