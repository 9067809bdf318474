"""The reference page of all hooks, written from `modelscan.hookspecs`: what is documented is what is checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from modelscan import hookspecs
from modelscan.hookspecs import HOOKS, PLUGIN_API, Hook


def hook_reference() -> str:
    """Markdown: what holds for all hooks, a table of them, and one section each with its exact signature."""
    return "\n".join(_lines()).rstrip() + "\n"


def signature_of(hook: Hook) -> str:
    """A hook as its implementation is written, with its types."""
    signature = inspect.signature(getattr(hookspecs, hook.name))
    prefix = "async " if hook.is_async else ""
    parameters = ", ".join(f"{parameter.name}: {parameter.annotation}" for parameter in signature.parameters.values())
    return f"{prefix}def {hook.name}({parameters}) -> {signature.return_annotation}"


def _lines() -> Iterator[str]:
    yield from ("# Hooks", "", inspect.getdoc(hookspecs) or "", "", f"`PLUGIN_API` is {PLUGIN_API}.", "")
    yield from ("| hook | group | kind | about | when | how often | who wins |", "|---|---|---|---|---|---|---|")
    for hook in HOOKS:
        cells = (f"`{hook.name}`", f"`{hook.group}`", hook.kind, hook.object, hook.when, hook.how_often, hook.who_wins)
        yield "| " + " | ".join(cell.replace("<", "&lt;") for cell in cells) + " |"
    for hook in HOOKS:
        yield from ("", f"## {hook.name}", "", "```python", "@hookimpl", f"{signature_of(hook)}: ...", "```", "")
        yield inspect.getdoc(getattr(hookspecs, hook.name)) or ""
