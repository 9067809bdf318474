"""Plugins made by the template, and their tests run without installing them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from modelscan.authoring.answering import answers_of
from modelscan.authoring.rendering import render


def rendered(folder: Path, kind: str, name: str, **given: Any) -> Path:
    """A new plugin in a folder, from answers of whatever type its variables have."""
    return render(answers_of(kind, name, given), folder)


def run_tests(plugin: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The plugin's own tests, in a process of its own that finds it as if it were installed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "PYTHONPATH": installed(plugin)}
    return subprocess.run(command, cwd=plugin, env=environment, capture_output=True, text=True, check=False)


def installed(plugin: Path) -> str:
    """The PYTHONPATH with which a plugin is found: its package, and beside its folder the metadata of its build."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    site = plugin.parent / "site"
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, entries),) = project["entry-points"].items()
    points = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{points}")
    return os.pathsep.join([str(site), str(plugin / "src")])
