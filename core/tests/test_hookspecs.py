"""The manual is complete: every hook has a spec, a row in the table, a docstring and its place in the reference."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys

import pytest

from modelscan import hookspecs
from modelscan.hookspecs import HOOKS, Hook
from modelscan.plugins.reference import hook_reference, signature_of

SPECS = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "modelscan_spec")}


def test_the_table_holds_every_spec_in_the_order_of_the_module() -> None:
    assert [hook.name for hook in HOOKS] == list(SPECS)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_a_docstring_says_when_and_whether_it_is_awaited(hook: Hook) -> None:
    documentation = inspect.getdoc(SPECS[hook.name]) or ""
    assert "\nWhen: " in documentation
    assert ("Async" if hook.is_async else "Sync") in documentation
    assert hook.is_async == inspect.iscoroutinefunction(SPECS[hook.name])


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_every_cell_of_the_table_is_filled(hook: Hook) -> None:
    assert all((hook.name, hook.group, hook.kind, hook.object, hook.when, hook.how_often, hook.who_wins))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_a_signature_is_typed_and_a_component_takes_nothing(hook: Hook) -> None:
    signature = inspect.signature(SPECS[hook.name])
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(parameter.annotation is not parameter.empty for parameter in signature.parameters.values())
    assert not (hook.kind == "component" and signature.parameters)


def test_what_starts_has_a_finish_that_mentions_it() -> None:
    for name, spec in SPECS.items():
        if name.endswith("_started"):
            finish = name.replace("_started", "_finished")
            assert f"Pairs with `{finish}`" in (inspect.getdoc(spec) or "")
            assert f"Pairs with `{name}`" in (inspect.getdoc(SPECS[finish]) or "")


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.name)
def test_the_reference_shows_the_signature_as_it_stands_in_the_source(hook: Hook) -> None:
    source = inspect.getsource(SPECS[hook.name])
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    assert function.returns is not None
    written = f"def {hook.name}({ast.unparse(function.args)}) -> {ast.unparse(function.returns)}"
    assert signature_of(hook).removeprefix("async ") == written
    reference = hook_reference()
    assert f"{signature_of(hook)}: ..." in reference
    assert (inspect.getdoc(SPECS[hook.name]) or "nothing") in reference
    assert f"| `{hook.name}` | `{hook.group}` |" in reference


def modules_after(statement: str) -> set[str]:
    """What a fresh interpreter has imported."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_modelscan_imports_no_pluggy() -> None:
    assert not {"pluggy", "modelscan.hookspecs", "modelscan.plugins"} & modules_after("import modelscan")


def test_importing_the_hookspecs_is_cheap() -> None:
    imported = modules_after("from modelscan import hookimpl")
    assert "pluggy" in imported
    assert not {"msgspec", "click", "httpx", "asyncio", "importlib_metadata", "modelscan.contracts"} & imported


def test_importing_the_plugins_is_cheap() -> None:
    imported = modules_after("import modelscan.plugins")
    assert not {"click", "httpx", "asyncio", "importlib_metadata", "logging"} & imported
