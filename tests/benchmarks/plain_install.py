"""What a user has after installing the core and one provider, no extras: wheels of this workspace in an environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("modelscan-core", "modelscan-provider-openai")


def plain_install(folder: Path, *, has_bytecode: bool) -> Path:
    """Make the environment in a folder; returns its interpreter, of the version that runs this."""
    wheels, home = folder / "wheels", folder / "environment"
    for package in PACKAGES:
        _uv("build", "--wheel", "--package", package, "--out-dir", str(wheels))
    _uv("venv", "--python", sys.executable, str(home))
    compiled = ["--compile-bytecode"] if has_bytecode else []
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    _uv("pip", "install", *compiled, "--python", str(python), *map(str, sorted(wheels.glob("*.whl"))))
    return python


def site_packages(python: Path) -> Path:
    """The folder that an interpreter's packages are in."""
    code = "import sysconfig; print(sysconfig.get_path('platlib'))"
    return Path(subprocess.run([python, "-c", code], text=True, capture_output=True, check=True).stdout.strip())


def _uv(*arguments: str) -> None:
    uv = shutil.which("uv")
    if uv is None:
        raise SystemExit("uv isn't on the path, and the wheels are built and installed with it")
    subprocess.run([uv, "--quiet", *arguments], cwd=ROOT, check=True)
