"""Rendering the template: a plugin of any kind, as a repository of its own or as a member of ModelScan's workspace."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import msgspec

from modelscan.errors import ConfigurationError
from modelscan.plugins.kinds import GROUP_OF

TEMPLATE: Final = Path(__file__).parent / "template"
KINDS: Final = ("provider", "limiter", "strategy", "cache", "filter", "transport", "store", "hook")
Layout = Literal["repository", "workspace"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 20
_FREE: Final = {"title": 40, "about": 60, "author": 80}


@attrs.frozen(kw_only=True)
class Answers:
    """What the template is rendered with. `given` are its variables; those that aren't given have their defaults."""

    kind: str
    name: str
    given: dict[str, Any]  # a variable may be a text, a list of lines or a flag

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigurationError(
                f"there is no template for {self.kind!r}", advice=f"It is one of {', '.join(KINDS)}."
            )
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise ConfigurationError(
                f"{self.name!r} is no name for a plugin",
                advice=f"Lower-case words joined by hyphens, at most {_LONGEST_NAME} letters: acme, open-acme.",
            )
        for field, longest in _FREE.items():
            text = self.given.get(field, "")
            if len(text) > longest or re.search(r'["\\\n{}]', text):
                raise ConfigurationError(
                    f"the {field} can't be {text!r}",
                    advice=f"At most {longest} letters; no quotation marks, backslashes, braces or line breaks.",
                )


def render(answers: Answers, folder: Path) -> Path:
    """The plugin's new folder, in `folder`. Raises `ConfigurationError` where there is one of that name."""
    from cookiecutter.exceptions import OutputDirExistsException
    from cookiecutter.generate import generate_files
    from cookiecutter.prompt import prompt_for_config

    raw = msgspec.json.decode((TEMPLATE / "cookiecutter.json").read_bytes())
    chosen = {"kind": answers.kind, "name": answers.name, "layout": layout_of(folder, answers.kind)}
    context = {"cookiecutter": raw | answers.given | chosen}
    context["cookiecutter"] = dict(prompt_for_config(context, no_input=True))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        made: str = generate_files(repo_dir=TEMPLATE, context=context, output_dir=folder)
    except OutputDirExistsException as error:
        raise ConfigurationError(f"{error}", advice="Choose another name or folder, or remove that one.") from error
    return Path(made)


def usual_folder(here: Path, kind: str) -> Path:
    """Where a plugin is put unless somebody says otherwise: in the workspace that this is the root of, else here."""
    return here / "plugins" / folder_name(kind) if is_workspace(here) else here


def layout_of(folder: Path, kind: str) -> Layout:
    """What a plugin in this folder is: a member of the workspace around it, or a repository of its own."""
    resolved = folder.resolve()
    is_inside = (resolved.parent.name, resolved.name) == ("plugins", folder_name(kind))
    return "workspace" if is_inside and is_workspace(resolved.parents[1]) else "repository"


def folder_name(kind: str) -> str:
    """The folder of a kind's plugins in the workspace: the last part of its entry points' group."""
    return GROUP_OF[kind].rpartition(".")[2]


def is_workspace(folder: Path) -> bool:
    """Whether the folder is the root of a workspace whose plugins are members."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return False
    members: list[str] = project.get("tool", {}).get("uv", {}).get("workspace", {}).get("members", [])
    return "plugins/*/*" in members
