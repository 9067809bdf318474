"""The check of a whole plugin, as it lies in its folder: names, metadata, files, catalog, and whether it loads."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from modelscan.authoring.isolation import faults_of_loading
from modelscan.catalog.format import Catalog
from modelscan.catalog.marked import load
from modelscan.catalog.reading import problems, read
from modelscan.plugins.discovery import canonical, distribution_of
from modelscan.plugins.kinds import COMPONENTS, GROUP_OF, HOOK, KIND_OF

PUBLIC: Final = (
    *("auth", "contracts", "errors", "hookspecs", "plugins", "streams", "testing", "transport", "types", "wire"),
)
"""The packages of `modelscan` that a plugin may import from."""

PUBLIC_MODULES: Final = ("modelscan.limits.calendar", "modelscan.limits.refusals")
"""What a limiter shares with the one that is built in: when a period ends, and the words of a refusal."""

KIT: Final = "kit"
"""The kind of a library on the public interface: it may have entry points of any kind, or none."""

DATA: Final = "data"
"""The level of a plugin without a codec: it holds a catalog, and nothing that could be loaded or tested."""

_KINDS: Final = (*COMPONENTS, HOOK, KIT)
_FILES: Final = ("README.md", "LICENSE", "tests")
_MODULE: Final = re.compile(r"modelscan\.(\w+)")


Points = Mapping[str, Mapping[str, str]]
"""Entry points: by group and name, the modules that they name."""


@attrs.frozen(order=True)
class Finding:
    """Something wrong: in which file, at which line and column (0 for the file as a whole)."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


def lint(folder: Path) -> list[Finding]:
    """Everything that is wrong with the plugin in a folder; empty for a right one. Imports it in another process."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return [Finding("pyproject.toml", 0, 0, "there is none: a plugin is a package of its own")]
    text = path.read_text(encoding="utf-8")
    try:
        project = tomllib.loads(text).get("project", {})
    except tomllib.TOMLDecodeError as error:
        return [Finding("pyproject.toml", 0, 0, str(error))]
    named = _kind_and_name(str(project.get("name", "")))
    found = [Finding("pyproject.toml", _line(text, key), 1, message) for key, message in _metadata(project, named)]
    is_data = f"modelscan-level-{DATA}" in project.get("keywords", ())
    needed = [name for name in _FILES if not (is_data and name == "tests")]
    found += [Finding(name, 0, 0, "it isn't there") for name in needed if not (folder / name).exists()]
    if named is not None:
        found += _package(folder, *named, {} if is_data else project.get("entry-points", {}), is_data=is_data)
    return sorted(found)


def _kind_and_name(distribution: str) -> tuple[str, str] | None:
    """What a distribution's name says that it is."""
    plain = canonical(distribution)
    for kind in _KINDS:
        prefix = distribution_of(kind, "")
        if plain.startswith(prefix) and len(plain) > len(prefix):
            return kind, plain.removeprefix(prefix)
    return None


def _metadata(project: Mapping[str, Any], named: tuple[str, str] | None) -> Iterator[tuple[str, str]]:
    """What is wrong with the metadata, and the key that it stands at."""
    if named is None:
        yield "name", f"its name is modelscan-KIND-NAME, where the kind is one of {', '.join(_KINDS)}"
    elif named[0] != KIT:
        yield from _entry_points(project.get("entry-points", {}), *named)
    needs: list[str] = project.get("dependencies", [])
    if not any(re.match(r"modelscan-core\b.*>=", need) for need in needs):
        yield "dependencies", "it doesn't say which core it needs: modelscan-core>=..."
    if not str(project.get("requires-python", "")).startswith(">="):
        yield "requires-python", "it doesn't say from which Python on it runs: >=3.11"
    for key in ("version", "description", "license", "readme"):
        if key not in project and key not in project.get("dynamic", ()):
            yield key, f"its metadata have no {key}"


def _entry_points(points: Points, kind: str, name: str) -> Iterator[tuple[str, str]]:
    wanted, module = GROUP_OF[kind], _module_of(kind, name)
    if points.get(wanted, {}).get(name, "").partition(":")[0] != module:
        yield "entry-points", f'it has no entry point {name} = "{module}" in the group {wanted}'
    for group, entries in points.items():
        for other in entries:
            if group.startswith("modelscan.") and (group, other) != (wanted, name):
                yield "entry-points", f"the entry point {other} in {group} belongs into a package of its own"


def _package(folder: Path, kind: str, name: str, points: Points, *, is_data: bool) -> Iterator[Finding]:
    module = _module_of(kind, name)
    package = next((one for one in (folder / "src" / module, folder / module) if one.is_dir()), None)
    if package is None:
        yield Finding(f"src/{module}", 0, 0, "the package isn't there")
        return
    where = package.relative_to(folder).as_posix()
    if not (package / "py.typed").is_file():
        yield Finding(f"{where}/py.typed", 0, 0, "it isn't there, so nobody's type checker sees the types")
    catalog = package / "catalog.yaml"
    if catalog.is_file():
        yield from _catalog(catalog, f"{where}/catalog.yaml", name)
    elif is_data:
        yield Finding(f"{where}/catalog.yaml", 0, 0, "it isn't there, and a plugin of the level `data` is nothing else")
    for path in sorted(package.rglob("*.py")):
        yield from _imports(path, path.relative_to(folder).as_posix())
    for group in points.keys() & KIND_OF.keys():
        for entry, value in points[group].items():
            for fault in faults_of_loading(package.parent, group, entry, value):
                yield Finding(f"{where}/__init__.py", 0, 0, fault)


def _catalog(path: Path, shown: str, name: str) -> Iterator[Finding]:
    text = path.read_text(encoding="utf-8")
    found = problems(text, Catalog)
    yield from (Finding(shown, one.position.line, one.position.column, one.message) for one in found)
    if not found and (provider := read(text, Catalog, name=shown).provider) != name:
        place = load(text).position(("provider",))
        yield Finding(shown, place.line, place.column, f"the catalog is {provider}'s, and the plugin is {name}")


def _imports(path: Path, shown: str) -> Iterator[Finding]:
    """Imports of what isn't public, by a module that can be read."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        yield Finding(shown, error.lineno or 0, error.offset or 0, error.msg)
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            match = _MODULE.match(name)
            if match and name not in PUBLIC_MODULES and (match[1] not in PUBLIC or "._" in name):
                message = f"{name} isn't public: {', '.join(PUBLIC)} are, and what `modelscan` itself exports"
                yield Finding(shown, node.lineno, node.col_offset + 1, message)  # type: ignore[attr-defined]  # an import has


def _module_of(kind: str, name: str) -> str:
    return distribution_of(kind, name).replace("-", "_")


def _line(text: str, key: str) -> int:
    """The line of a key of pyproject.toml; 1 where it isn't there."""
    found = re.search(rf"(?m)^(\[project\.)?{re.escape(key)}\b", text)
    return 1 if found is None else text[: found.start()].count("\n") + 1
