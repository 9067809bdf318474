"""First-party plugins are what the template renders, plus their own code."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from modelscan.authoring.rendering import KINDS, folder_name
from rendered import rendered
from workspace import PLUGINS, ROOT, Member

KIND_OF = {folder_name(kind): kind for kind in KINDS}
MADE = [member for member in PLUGINS if member.name.split("/")[1] in KIND_OF and not member.is_data]

# What of its metadata is a plugin's own.
OWN = ("version", "description", "dependencies", "optional-dependencies", "keywords", "urls")


@pytest.mark.parametrize("member", MADE, ids=lambda member: member.name)
def test_a_plugin_differs_from_the_template_only_in_what_is_its_own(member: Member, tmp_path: Path) -> None:
    _, folder, name = member.name.split("/")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    given = {"author": "The ModelScan authors", **({"auth": "none"} if folder == "providers" else {})}
    fresh = rendered(tmp_path / "plugins" / folder, KIND_OF[folder], name, **given)
    assert scaffold(member.folder) == scaffold(fresh)
    (root,) = tmp_path.glob("pyproject.toml")
    assert tomllib.loads(root.read_text()) == tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert root.read_text() == (ROOT / "pyproject.toml").read_text()


def scaffold(folder: Path) -> dict[str, Any]:
    """What a plugin has from the template: its metadata but for its own, and the files that all have alike."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    for key in OWN:
        project["project"].pop(key, None)
    names = ("LICENSE", "py.typed", "README.md", "tests", "noxfile.py", ".github", "CHANGELOG.md", ".gitignore")
    present = {path.name for path in (folder, *folder.glob("src/*")) for path in path.iterdir() if path.name in names}
    return {"project": project, "files": present, "licence": (folder / "LICENSE").read_bytes()}
