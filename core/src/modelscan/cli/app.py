"""The command group: names and help without importing a command, a plugin or anything heavy."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

import modelscan
from modelscan.cli.exits import FAILED, INTERRUPTED, MEANINGS, code_of
from modelscan.errors import ModelScanError

COMMANDS = {
    "cassettes": "Compare recorded exchanges with older ones: has the vendor changed its answers?",
    "catalog": "What every provider offers, costs and allows: limits, prices, plans and models.",
    "chat": "Ask a model, and print its answer while it comes.",
    "cost": "Show what was spent, by model, provider, account, tag or day.",
    "demo": "Walk through limits, costs, budgets, streaming and plugins in 20 seconds, without a key.",
    "doctor": "Check this installation: keys, configuration, plugins, network settings.",
    "embed": "Turn texts into vectors.",
    "limits": "Show how the limits and budgets of your accounts stand.",
    "lint-plugin": "Check a whole plugin, before its users do.",
    "models": "List the models that the providers offer.",
    "new": "Make a new plugin that passes its own tests.",
    "plugins": "List the plugins, and what is wrong with the broken ones.",
}

_EPILOG = "\n".join(
    [
        "\b",
        "Examples:",
        '  modelscan chat "What is the capital of France?"',
        "  git diff | modelscan chat -m openai/gpt-4o-mini -s 'Write the commit message.'",
        "  modelscan plugins --json",
        "",
        "\b",
        "Exit codes:",
        *[f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items()],
    ]
)


class LazyGroup(click.Group):
    """Imports a command's module when the command is run or its own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *self._plugin_commands()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            name = cmd_name.replace("-", "_")
            command: click.Command = getattr(importlib.import_module(f"modelscan.cli.{name}"), name)
            return command
        if cmd_name in self._plugin_commands():
            loaded: Any = _plugins().command(cmd_name)
            return loaded if isinstance(loaded, click.Command) else None
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [*COMMANDS.items(), *((name, "From a plugin.") for name in self._plugin_commands())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None

    def _plugin_commands(self) -> list[str]:
        return [name for name in _installed_commands() if name not in COMMANDS]


def _installed_commands() -> list[str]:
    """The names alone, read off the entry points: for a help text the plugin system would take longer than all else."""
    import importlib_metadata

    try:
        points = importlib_metadata.entry_points(group="modelscan.commands")
    except Exception:  # noqa: BLE001 - a distribution that can't be read: the plugin system reads the others
        return list(_plugins().names("command"))
    return sorted({point.name for point in points})


def _plugins() -> Any:
    from modelscan.plugins import Plugins

    return Plugins()


@click.group(cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(modelscan.__version__, prog_name="modelscan")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def app(ctx: click.Context, debug: bool) -> None:
    """One API for AI providers that respects rate limits, budgets and your time."""
    ctx.obj = {"debug": debug}


def run(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code. Nothing but `--debug` ever shows a traceback."""
    try:
        result = app.main(args=list(arguments), prog_name="modelscan", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):  # click has ended the line
        sys.stderr.write("Interrupted.\n")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is left to say, also not at the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except ModelScanError as error:
        return _explain(error, arguments, code_of(error))
    except Exception as error:  # noqa: BLE001 - the last resort: a line for the person instead of a traceback
        return _explain(error, arguments, FAILED)
    return result if isinstance(result, int) else 0


def _explain(error: Exception, arguments: Sequence[str], code: int) -> int:
    if "--debug" in arguments:
        import traceback

        traceback.print_exception(error)
        return code
    text = str(error) if isinstance(error, ModelScanError) else f"{type(error).__name__}: {error}"
    click.secho(f"Error: {text}", fg="red", err=True, color=False if os.environ.get("NO_COLOR") else None)
    for note in getattr(error, "__notes__", ()):
        click.echo(f"  {note}", err=True)
    return code
