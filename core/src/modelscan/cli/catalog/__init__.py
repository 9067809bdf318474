"""`modelscan catalog`: what every provider offers, costs and allows."""

from __future__ import annotations

import importlib
from typing import Final

import click

_COMMANDS: Final = {
    "seed": ("keeping", "Bring in what the installed packages know, and say how much that is."),
    "show": ("asking", "Show all that is known of a provider or a model."),
    "limits": ("asking", "Show the limits of a provider's plans."),
    "prices": ("asking", "Show what a model costs, now or on a day."),
    "models": ("asking", "List the models that are known."),
    "plans": ("asking", "List a provider's plans."),
    "history": ("asking", "Show the prices that a model has and had."),
    "diff": ("keeping", "Show what an import would change, or what has changed since a day."),
    "export": ("moving", "Write everything to a file or a folder."),
    "import": ("moving", "Take in what was exported."),
    "verify": ("keeping", "Look for contradictions and for what is old."),
}


class _LateGroup(click.Group):
    """Imports a command's module when the command is run or its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{module}"), f"{cmd_name}_")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


_EPILOG: Final = "\n".join(
    [
        *(
            "\b",
            "Examples:",
            "  modelscan catalog seed",
            "  modelscan catalog limits openai --plan tier-1 --model gpt-5",
        ),
        *("  modelscan catalog prices openai/gpt-5 --at 2026-06-01", "  modelscan catalog show groq --json"),
    ]
)


@click.group(cls=_LateGroup, epilog=_EPILOG)
def catalog() -> None:
    """What every provider offers, costs and allows: limits, prices, plans and models, each with its source and date.

    What begins with "!" nobody has verified, or not for more than 7 days. `modelscan models` asks the providers.
    """
