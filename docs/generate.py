"""Writes the reference pages from the code: `python docs/generate.py`; `--check` only says what is out of date."""

from __future__ import annotations

import inspect
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import get_args, get_origin

import click

from modelscan import errors
from modelscan.authoring.definition import Definition
from modelscan.catalog.format import Catalog
from modelscan.catalog.reading import read, schema
from modelscan.cli.app import COMMANDS, app
from modelscan.client.settings import ACCOUNT_KEYS, KEYS, OTHER_VARIABLES, PROVIDER_KEYS, ROUTE_KEYS, Key
from modelscan.plugins import Plugins
from modelscan.plugins.reference import hook_reference

REFERENCE = Path(__file__).parent / "reference"
MEMBERS = sorted((Path(__file__).parents[1] / "plugins").glob("*/*/pyproject.toml"))


def configuration() -> str:
    """Every setting, by section."""
    lines = ["# Configuration", "", "[Configure a client](../how-to/configure.md) says where settings come from."]
    section = ""
    for key in KEYS:
        if key.section != section:
            section = key.section
            lines += ["", f"## [{section}]", "", "| key | type | default | environment | |", "|---|---|---|---|---|"]
        cells = (f"`{key.name}`", _type(key), f"`{_toml(key.default)}`", f"`{key.variable}`", key.help)
        lines.append(_row(*cells))
    lines += [
        *("", "## [accounts.NAME]", ""),
        "An account with a provider. A table that is named after a provider is its default account.",
        *_pairs("key", ACCOUNT_KEYS),
        *("", "## [routes.NAME]", ""),
        "A set of models and the strategy that chooses among them; a call names it in place of a model.",
        *_pairs("key", ROUTE_KEYS),
        *("", "## [providers.NAME]"),
        *_pairs("key", PROVIDER_KEYS),
        *("", "## Other variables", ""),
        "They stand in the environment alone. A plugin's own (`MODELSCAN_EMBEDDED_MODEL`) are in its README.",
        *_pairs("variable", OTHER_VARIABLES),
    ]
    return "\n".join(lines) + "\n"


def _pairs(what: str, texts: Mapping[str, str]) -> list[str]:
    return ["", f"| {what} | |", "|---|---|", *(_row(f"`{name}`", text) for name, text in texts.items())]


def error_tree() -> str:
    """Every error: its place in the tree, when it is raised, whether trying again may help, what to do."""
    lines = ["# Errors", "", "Every error that ModelScan raises on purpose is in `modelscan.errors`.", "", "```text"]
    lines += [name for name, _ in _tree(errors.ModelScanError)]
    lines += ["```", "", "| error | when | try again? | what to do |", "|---|---|---|---|"]
    for _, error in _tree(errors.ModelScanError):
        when = (inspect.getdoc(error) or "").replace("\n", " ")
        lines.append(_row(f"`{error.__name__}`", when, _try_again(error), error.advice))
    lines += ["", "*Try again?* is the class's default; an error's own `retryable` is what counts."]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """The help of every command."""
    pages = ["# Command line\n\n`python3 go.py` stands for `modelscan` in a clone that nothing is installed in.\n"]
    pages += _help(app, click.Context(app, info_name="modelscan"), COMMANDS)
    return "\n".join(pages)


def _help(command: click.Command, context: click.Context, names: Iterable[str] = ()) -> Iterator[str]:
    """A command's help, then that of the commands below it."""
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for name in names or command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None  # noqa: S101 - its list names commands that exist
            yield from _help(inner, click.Context(inner, info_name=name, parent=context, terminal_width=100))


def plugin_directory() -> str:
    """Every plugin of this repository, as its own metadata and definition tell it."""
    lines = [
        "# Plugins of this repository",
        *(
            "",
            "`modelscan plugins` lists what is installed; levels come from what a plugin's conformance tests showed.",
        ),
    ]
    for kind in sorted({path.parent.parent.name for path in MEMBERS}):
        lines += ["", f"## {kind.capitalize()}", "", "| plugin | install | what it is | can | key | level |"]
        lines.append("|---|---|---|---|---|---|")
        lines += [
            _row(*_plugin_cells(path, kind))
            for path in MEMBERS
            if path.parent.parent.name == kind and not _is_data(path)
        ]
    count = sum(map(_is_data, MEMBERS))
    lines += ["", f"{count} more providers are known by their data alone: [Providers](providers.md) names them."]
    return "\n".join(lines) + "\n"


_COUNTED = ("models", "prices", "plans", "limits", "official", "secondary", "unverified")
_HOW_SURE = """\
What each provider's package holds in its [catalog.yaml](catalog-format.md). One of the level `data` can't be called
yet: its package has no codec.

*Official* are the prices and limits that were read on the vendor's own page, *secondary* those that somebody else read
there, *unverified* those that nobody has checked; *last read* says from which day to which that was."""


def provider_directory() -> str:
    """Every provider that a catalog of this repository tells of: how much, and how sure and fresh that is."""
    catalogs = [(path, *found) for path in MEMBERS for found in _catalogs(path)]
    sums = [sum(column) for column in zip(*(_counts(catalog) for _, catalog, _ in catalogs), strict=True)]
    lines = [
        "# Providers",
        *("", _HOW_SURE, ""),
        _row("provider", "", "level", *_COUNTED, "last read"),
        "|---|---|---|---|---|---|---|---|---|---|---|",
        *(_row(*_provider_cells(path, catalog, level)) for path, catalog, level in catalogs),
        _row("", f"{len(catalogs)} providers", "", *map(str, sums), ""),
    ]
    return "\n".join(lines) + "\n"


def _catalogs(path: Path) -> Iterator[tuple[Catalog, str]]:
    """A member's catalog, if it has one, and its level."""
    for file in path.parent.glob("src/*/catalog.yaml"):
        yield read(file.read_text(encoding="utf-8"), Catalog, name=str(file)), _level(path)


def _provider_cells(path: Path, catalog: Catalog, level: str) -> tuple[str, ...]:
    days = sorted(source.verified for source in catalog.sources)
    read_on = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return f"`{path.parent.name}`", catalog.name, level, *map(str, _counts(catalog)), read_on


def _counts(catalog: Catalog) -> tuple[int, ...]:
    """Its models, prices, plans and limits, and of the prices and limits those of each trust."""
    trust = {source.id: source.trust for source in catalog.sources}
    prices = [prices.source or model.source for model in catalog.models for prices in model.prices]
    limits = [limit.source or plan.source for plan in catalog.plans for limit in plan.limits]
    by = Counter(trust[source] for source in (*prices, *limits))
    counts = len(catalog.models), len(prices), len(catalog.plans), len(limits)
    return *counts, by["official"], by["secondary"], by["unverified"]


def _plugin_cells(path: Path, kind: str) -> tuple[str, ...]:
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    name = path.parent.name
    can, keys = "", ""
    if kind == "providers":
        provider = Plugins().provider(name)
        can = ", ".join(provider.capabilities()).replace("_", " ")
        keys = ", ".join(f"`{variable}`" for variable in provider.connection.env)
    return f"`{name}`", f"`pip install {project['name']}`", project["description"], can, keys, _level(path)


def _level(path: Path) -> str:
    """The level that a member is published with."""
    words = tomllib.loads(path.read_text(encoding="utf-8"))["project"].get("keywords", ())
    return "".join(word.rpartition("-")[2] for word in words if word.startswith("modelscan-level-"))


def _is_data(path: Path) -> bool:
    return _level(path) == "data"


def catalog_schema() -> str:
    """The format of `catalog.yaml`, for editors."""
    return _schema(Catalog)


def definition_schema() -> str:
    """The format of a provider's definition, for editors."""
    return _schema(Definition)


def _schema(kind: type[Catalog]) -> str:
    return json.dumps(schema(kind), indent=1, ensure_ascii=False) + "\n"


PAGES = {
    "catalog.schema.json": catalog_schema,
    "definition.schema.json": definition_schema,
    "configuration.md": configuration,
    "command-line.md": command_line,
    "errors.md": error_tree,
    "hooks.md": hook_reference,
    "plugins.md": plugin_directory,
    "providers.md": provider_directory,
}


def main(*, is_check: bool) -> int:
    """Write the pages that are out of date, or only name them; returns the exit code."""
    stale = []
    for name, write in PAGES.items():
        path, text = REFERENCE / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not is_check:
                path.write_text(text, encoding="utf-8")
    if is_check and stale:
        print(f"Out of date: {', '.join(stale)}. Run: python docs/generate.py")
        return 1
    return 0


def _tree(
    error: type[errors.ModelScanError], lead: str = "", indent: str = ""
) -> Iterator[tuple[str, type[errors.ModelScanError]]]:
    yield f"{lead}{error.__name__}", error
    children = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    for child in children:
        is_last = child is children[-1]
        yield from _tree(child, indent + ("└── " if is_last else "├── "), indent + ("    " if is_last else "│   "))


def _try_again(error: type[errors.ModelScanError]) -> str:
    if issubclass(error, errors.TransportError) and error is not errors.ConnectError:
        return "in phase `connect`"
    return "yes" if error.retryable or error is errors.ConnectError else "no"


def _type(key: Key) -> str:
    if get_origin(key.type) is list:
        return f"list of {get_args(key.type)[0].__name__}"
    return {str: "text", bool: "true or false", int: "whole number", float: "number"}[key.type]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main(is_check="--check" in sys.argv[1:]))
