"""`modelscan new`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

KINDS = ("provider", "limiter", "strategy", "cache", "filter", "transport", "store", "hooks")
FAMILIES = ("openai-compatible", "anthropic", "gemini", "rest", "flow", "websocket")
SCHEMES = ("bearer", "header", "query", "basic", "none")

_EPILOG = "\n".join(
    [
        "\b",
        "Examples:",
        "  modelscan new provider acme --base-url https://api.acme.example/v1",
        "  modelscan new provider acme --from acme.yaml",
        "  modelscan new strategy greenest --output-dir ~/plugins --no-input",
    ]
)


@click.command(epilog=_EPILOG)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name")
@click.option("--output-dir", type=click.Path(file_okay=False, path_type=Path), help="Where its folder is made.")
@click.option("--no-input", is_flag=True, help="Ask nothing: what isn't given has its default.")
@click.option(
    "--from",
    "definition",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE.yaml",
    help="A provider's definition: connection, capabilities, plans, limits, models, prices.",
)
@click.option("--title", help="The name as people write it.")
@click.option("--about", help="What it is, in at most 60 letters.")
@click.option("--author", help="Who is named in its metadata.")
@click.option("--family", type=click.Choice(FAMILIES), help="Which wire format a provider speaks.")
@click.option("--base-url", help="A provider's address.")
@click.option("--auth", type=click.Choice(SCHEMES), help="How a provider's key travels.")
@click.option("--auth-name", help="The header or the parameter that holds the key.")
@click.option("--env", multiple=True, help="A variable that may hold the key; first found wins.")
@click.option("--capability", "capabilities", multiple=True, help="What a provider can do: chat, embed, ...")
def new(kind: str, name: str, output_dir: Path | None, no_input: bool, definition: Path | None, **given: Any) -> int:
    """Make a new plugin that passes its own tests: KIND is what it is, NAME what it is called by."""
    from modelscan.authoring import check_tools

    check_tools()
    from modelscan.authoring.answering import answers_from, answers_of
    from modelscan.authoring.rendering import render, usual_folder

    kind = kind.removesuffix("s")
    said = {key: value for key, value in given.items() if value not in (None, ())}
    if definition is not None:
        if kind != "provider":
            raise click.UsageError("--from reads the definition of a provider")
        answers = answers_from(definition, name, said)
    else:
        is_asked = not no_input and _is_terminal()
        answers = answers_of(kind, name, _asked(kind, name, said) if is_asked else said)
    made = render(answers, usual_folder(Path(), kind) if output_dir is None else output_dir)
    click.echo(str(made))
    click.echo(f"Next: cd {made} && uv run pytest", err=True)
    return 0


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _asked(kind: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, and what a person answers to the rest."""
    from modelscan.authoring.answering import AUTH_NAMES, base_url_of, title_of, usual, variable_of

    result = dict(said)

    def ask(key: str, question: str, default: str, choices: tuple[str, ...] = ()) -> None:
        if key not in result:
            result[key] = click.prompt(
                question, default=default, type=click.Choice(choices) if choices else str, err=True
            )

    ask("title", "Its name as people write it", title_of(name))
    ask("about", "What it is, in a few words", f"{result['title']} for ModelScan")
    if kind == "provider":
        ask("family", "Which wire format it speaks", FAMILIES[0], FAMILIES)
        ask("base_url", "Its address", base_url_of(name, result["family"]))
        ask("auth", "How its key travels", SCHEMES[0], SCHEMES)
        if result["auth"] in AUTH_NAMES:
            ask("auth_name", f"The {result['auth']} that holds the key", AUTH_NAMES[result["auth"]])
        if result["auth"] != "none" and "env" not in result:
            ask("env", "The environment variable that holds the key", variable_of(name))
            result["env"] = (result["env"],)
        if "capabilities" not in result:
            ask("capabilities", "What it can do, separated by commas", ",".join(usual(result["family"])))
            result["capabilities"] = tuple(word.strip() for word in result["capabilities"].split(","))
    return result
