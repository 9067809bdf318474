"""Who may import whom."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workspace import CORE, MEMBERS, PLUGINS, ROOT, Member, imported

# What a plugin may build on beside `modelscan` itself. Policies (client, routing, limits ...) it reaches through hooks.
PUBLIC = ("types", "errors", "contracts", "hookspecs", "wire", "plugins", "auth", "transport", "streams", "testing")
# What a limiter shares with the one that is built in: when a period ends, and the words of a refusal.
PUBLIC_MODULES = ("modelscan.limits.calendar", "modelscan.limits.refusals")

# What `import modelscan` and `modelscan --help` must not cost.
EXPENSIVE = ("aiohttp", "apsw", "asyncio", "httpx", "msgspec", "pluggy", "rich", "ssl", "tomllib", "yaml")


def test_imports_inside_the_core_point_down_the_chain() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize("member", PLUGINS, ids=lambda member: member.name)
def test_a_plugin_imports_only_what_is_public(member: Member) -> None:
    private = [
        f"{module.relative_to(ROOT)} imports {name}"
        for module in member.modules()
        for name in imported(module)
        if name.startswith("modelscan.") and not is_public(name)
    ]
    assert private == []


def is_public(name: str) -> bool:
    """Whether a plugin may import `modelscan.a.b`: one of the public packages, or a name of the front door itself."""
    import modelscan

    first, *rest = name.split(".")[1:]
    if any(part.startswith("_") and part != "__version__" for part in (first, *rest)):
        return False
    if name.startswith(tuple(f"{module}." for module in PUBLIC_MODULES)):
        return True
    return first in PUBLIC or (not rest and first in {*modelscan.__all__, "__version__"})


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("modelscan.Client", True),
        ("modelscan.wire.sse.SseFraming", True),
        ("modelscan.wire._numbers.parse", False),
        ("modelscan.client.pipeline.Pipeline", False),
        ("modelscan.limits.calendar.period_of", True),
        ("modelscan.limits.engine.Engine", False),
        ("modelscan._MODULES", False),
    ],
)
def test_public_means_a_public_package_or_a_name_of_the_front_door(name: str, verdict: bool) -> None:
    assert is_public(name) is verdict


def test_the_core_imports_no_plugin() -> None:
    names = {member.package.name for member in PLUGINS}
    assert [name for module in CORE.modules() for name in imported(module) if name.split(".")[0] in names] == []


@pytest.mark.parametrize("member", PLUGINS, ids=lambda member: member.name)
def test_a_plugin_imports_the_testing_tools_in_its_tests_only(member: Member) -> None:
    found = [name for module in member.modules() for name in imported(module) if name.startswith("modelscan.testing")]
    assert found == []


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_nobody_imports_the_standard_librarys_sqlite(member: Member) -> None:
    modules = [*member.modules(), *sorted((member.folder / "tests").rglob("*.py"))]
    found = [
        f"{module.relative_to(ROOT)} imports {name}"
        for module in modules
        for name in imported(module)
        if name.split(".")[0] == "sqlite3"
    ]
    assert found == []


@pytest.mark.parametrize("code", ["import modelscan", "import modelscan; modelscan.Message, modelscan.Limit"])
def test_importing_the_package_imports_nothing_expensive(code: str, tmp_path: Path) -> None:
    allowed = {"msgspec"} if ";" in code else set()
    assert loaded_by(["-c", f"{code}\n{TELL}"], tmp_path) <= allowed


def test_help_imports_nothing_expensive(tmp_path: Path) -> None:
    ask = "import sys; sys.argv[1:] = ['--help']; from modelscan.__main__ import main; main()"
    assert loaded_by(["-c", f"{ask}\n{TELL}"], tmp_path) == set()


TELL = f"import sys; print('\\n' + ' '.join(set({EXPENSIVE!r}) & set(sys.modules)))"


def loaded_by(arguments: list[str], folder: Path) -> set[str]:
    """Which expensive modules a fresh interpreter has imported when it is done."""
    command = [sys.executable, *arguments]
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return set(found.stdout.splitlines()[-1].split())
