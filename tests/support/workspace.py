"""The workspace as its architecture tests see it: members, their modules, what those import, the files that git has."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

ROOT = Path(__file__).parents[2]


@attrs.frozen
class Member:
    """One distribution. Its name is its folder's, relative to the root."""

    name: str

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def project(self) -> dict[str, Any]:
        """Its pyproject.toml."""
        return tomllib.loads((self.folder / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def is_data(self) -> bool:
        """Whether it is of the level `data`: a catalog without a codec, which `tests/conformance` alone tests."""
        return "modelscan-level-data" in self.project["project"].get("keywords", ())

    @property
    def package(self) -> Path:
        """The folder of its import package."""
        name: str = self.project["tool"]["uv"]["build-backend"]["module-name"]
        return self.folder / "src" / name

    def modules(self) -> list[Path]:
        """Its own modules, tests not included."""
        return sorted((self.folder / "src").rglob("*.py"))


CORE = Member("core")
PLUGINS = [Member(path.parent.relative_to(ROOT).as_posix()) for path in sorted(ROOT.glob("plugins/*/*/pyproject.toml"))]
MEMBERS = [CORE, *PLUGINS]


def imported(module: Path) -> Iterator[str]:
    """The dotted names that a module imports, anywhere in it: `a.b.c` for `from a.b import c`."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def tracked() -> list[Path]:
    """The files that git has. Skips the test where this is no clone."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("these files are no clone, so git can't say which of them belong to the project")
    paths = (ROOT / name for name in found.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
