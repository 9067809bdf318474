"""From what an author says on the command line, or in a file, to what the template is rendered with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from modelscan.authoring.arguments import variables
from modelscan.authoring.definition import CAPABILITIES, Definition
from modelscan.authoring.rendering import Answers
from modelscan.catalog.format import FORMAT
from modelscan.catalog.reading import read
from modelscan.errors import ConfigurationError

AUTH_NAMES = {"header": "x-api-key", "query": "key"}
"""What a key's header or parameter is called unless somebody says otherwise."""


def answers_from(path: Path, name: str, given: Mapping[str, Any]) -> Answers:
    """A provider from its definition; `given` (title, about, author) wins. Raises `ConfigurationError`."""
    definition = read(path.read_text(encoding="utf-8"), Definition, name=str(path))
    if definition.provider != name:
        raise ConfigurationError(
            f"{path} defines {definition.provider!r}, not {name!r}",
            advice=f"modelscan new provider {definition.provider}",
        )
    return Answers(kind="provider", name=name, given=variables(definition) | dict(given))


def answers_of(kind: str, name: str, given: Mapping[str, Any]) -> Answers:
    """A plugin from single answers; those that are missing have their defaults. Raises `ConfigurationError`."""
    texts = {key: given[key] for key in ("title", "about", "author") if key in given}
    plain = Answers(kind=kind, name=name, given=texts)  # refuses a wrong name before anything is made of it
    return (
        Answers(kind=kind, name=name, given=variables(_definition(name, given)) | texts)
        if kind == "provider"
        else plain
    )


def title_of(name: str) -> str:
    """A name as people write it."""
    return name.replace("-", " ").title()


def base_url_of(name: str, family: str) -> str:
    """An address that nobody has, in place of the vendor's: with as much of a path as the family leaves out."""
    return f"https://api.{name}.example" + {"anthropic": "", "gemini": "/v1beta"}.get(family, "/v1")


def variable_of(name: str) -> str:
    """The environment variable that holds the key, as vendors name them."""
    return name.replace("-", "_").upper() + "_API_KEY"


def _definition(name: str, given: Mapping[str, Any]) -> Definition:
    family = given.get("family", "openai-compatible")
    scheme = given.get("auth", "bearer")
    env = () if scheme == "none" else given.get("env", (variable_of(name),))
    content = {
        "format": FORMAT,
        "provider": name,
        "name": given.get("title", title_of(name)),
        "family": family,
        "connection": {"base_urls": {"default": given.get("base_url", base_url_of(name, family))}},
        "auth": {"scheme": scheme, "name": given.get("auth_name", AUTH_NAMES.get(scheme, "")), "env": env},
        "capabilities": given.get("capabilities") or usual(family),
    }
    try:
        return msgspec.convert(content, Definition)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{error}", advice="modelscan new --help says what each option takes.") from error


def usual(family: str) -> tuple[str, ...]:
    """What a provider of a family can do, unless somebody says otherwise."""
    all_of_it: Mapping[str, tuple[str, ...]] = {
        **CAPABILITIES,
        "openai-compatible": ("chat", "models"),
        "rest": ("chat",),
    }
    return all_of_it.get(family, ("chat",))
