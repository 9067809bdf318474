"""The pytest plugin: `-p modelscan.testing.pytest_plugin`, or that name in a conftest's `pytest_plugins`.

`--conformance-report` writes `conformance.json` beside each file of tests that holds a suite: the level that its plugin
reached, and what each test showed. `--record` lets cassettes be recorded. The fixture `test_budget` bounds what a test
with real keys may spend: see `modelscan.testing.spending`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:  # pytest imports its plugins before coverage begins: what they need is imported with its first use
    from modelscan.contracts.transport import Transport
    from modelscan.testing.levels import Outcome, Shown
    from modelscan.testing.spending import RunBudget, Spending

_NOT_DECLARED: Final = "not declared: "
_WORST: Final[tuple[Outcome, ...]] = ("not declared", "passed", "skipped", "xfailed", "failed")
"""Where several suites try one plugin, the last of these is what counts."""

_REPORTS: pytest.StashKey[dict[tuple[Path, str, str], dict[str, Shown]]] = pytest.StashKey()
_BUDGET: pytest.StashKey[RunBudget] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("modelscan")
    group.addoption("--conformance-report", action="store_true", help="write conformance.json beside the suites' files")
    group.addoption("--record", action="store_true", help="record cassettes anew: real requests are sent")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    suite = getattr(item, "cls", None)
    test: Any = getattr(item, "function", None)
    if not hasattr(test, "conformance_level") or suite is None or (report.when != "call" and report.passed):
        return
    from modelscan.testing.levels import Shown

    key = (item.path.parent, suite.kind, _name(suite))
    tests = item.config.stash.setdefault(_REPORTS, {}).setdefault(key, {})
    shown = Shown(outcome=_outcome(report), level=test.conformance_level, is_evidence=test.is_evidence)
    tests[item.name] = max(tests.get(item.name, shown), shown, key=lambda one: _WORST.index(one.outcome))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("conformance_report"):
        from modelscan.testing.levels import report_of

        for (folder, kind, name), tests in session.config.stash.get(_REPORTS, {}).items():
            (folder / "conformance.json").write_bytes(report_of(kind, name, tests))


@pytest.fixture
def test_budget(request: pytest.FixtureRequest) -> Iterator[Spending]:
    """What this test may spend ($0.01), out of what the run may (`E2E_BUDGET`); more fails it, none left skips it."""
    from modelscan.testing.spending import RunBudget, Spending

    run = request.config.stash.setdefault(_BUDGET, RunBudget.from_environment())
    if run.is_used_up:
        pytest.skip(f"the run has spent its {run.limit} (E2E_BUDGET)")
    spending = Spending(run=run)
    yield spending
    spending.check()


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Callable[..., Transport]:
    """A function that gives the transport of a cassette beside the test: `cassette("name", origin="api.x.com")`.

    Replays, unless pytest was started with `--record`. `secrets` are the values that must not be on it.
    """
    from modelscan.testing.cassettes import transport_of

    folder = request.path.parent / "cassettes"
    is_recording = request.config.getoption("record")

    def transport(name: str, *, origin: str = "", secrets: Iterable[str] = ()) -> Transport:
        return transport_of(folder / f"{name}.yaml", origin if is_recording else None, secrets)

    return transport


def _name(suite: Any) -> str:  # a Suite of any kind
    given = getattr(suite, suite.kind, suite.__name__)
    return given if isinstance(given, str) else str(getattr(given, "name", suite.__name__))


def _outcome(report: pytest.TestReport) -> Outcome:
    if report.skipped and hasattr(report, "wasxfail"):
        return "xfailed"
    if report.skipped:
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        return "not declared" if _NOT_DECLARED in reason else "skipped"
    return "passed" if report.passed else "failed"
