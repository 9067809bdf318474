"""`modelscan chat`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelscan.cli.output import piped_text, print_json
from modelscan.errors import ModelScanError

if TYPE_CHECKING:
    from modelscan import ChatReply, Client, Image
    from modelscan.types.tools import JsonSchema


@click.command(
    epilog="\n".join(
        [
            "\b",
            "Examples:",
            '  modelscan chat "What is the capital of France?"',
            "  cat report.txt | modelscan chat -m openai/gpt-4o-mini 'Three sentences, please.'",
            "  modelscan chat -m openai/gpt-4o-mini --image cat.png 'What is this?'",
            "  modelscan chat --schema person.schema.json 'Who wrote Faust?'",
        ]
    )
)
@click.argument("prompt", nargs=-1)
@click.option("-m", "--model", help="provider/model, or a route. Default: `client.model` of the configuration.")
@click.option("-s", "--system", help="The system message.")
@click.option("--image", "images", multiple=True, metavar="FILE|URL", help="A picture to look at; may be repeated.")
@click.option("--schema", metavar="FILE|JSON", help="The JSON Schema that the answer must follow.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole reply as JSON.")
@click.option("--no-stream", is_flag=True, help="Wait for the whole answer.")
@click.option("--max-output-tokens", type=click.IntRange(min=1), help="The most tokens the answer may have.")
@click.option("--temperature", type=float, help="0 is the most predictable.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True), help="Seconds for the whole call.")
def chat(
    prompt: tuple[str, ...],
    model: str | None,
    images: tuple[str, ...],
    schema: str | None,
    as_json: bool,
    no_stream: bool,
    **options: Any,
) -> None:
    """Ask a model. The prompt is the arguments, standard input, or both."""
    text = prompt_of(prompt)
    if not text and not images:
        raise click.UsageError("There is no prompt: give one as an argument or on standard input.")
    from modelscan import Client, image

    options = {name: value for name, value in options.items() if value is not None}
    if schema:
        options["response_format"] = schema_of(schema)
    parts: list[str | Image] = [*([text] if text else []), *[image(source) for source in images]]
    with Client() as client:
        name = model or client.settings["client.model"]
        if as_json:
            print_json(described(client.chat(parts, model=name, **options)))
        elif no_stream:
            click.echo(client.chat(parts, model=name, **options).text)
        else:
            _stream(client, parts, name, options)


def _stream(client: Client, parts: list[str | Image], model: str, options: dict[str, Any]) -> None:
    ending = ""
    with client.stream(parts, model=model, **options) as stream:
        try:
            for chunk in stream:
                piece = chunk.text or chunk.refusal
                if piece:
                    ending = piece[-1]
                    click.echo(piece, nl=False)
            reply = stream.reply()
        except ModelScanError:
            if ending not in ("", "\n"):
                click.echo()  # the error begins a line of its own
            raise
    for call in reply.tool_calls:
        click.echo(f"{call.name}({call.arguments})")
        ending = "\n"
    if ending != "\n":
        click.echo()


def prompt_of(arguments: tuple[str, ...]) -> str:
    """The prompt: what came on standard input, then the arguments."""
    return "\n\n".join(filter(None, (piped_text().strip(), " ".join(arguments).strip())))


def schema_of(source: str) -> JsonSchema:
    """The JSON Schema in a file or in the text itself."""
    import msgspec

    from modelscan.types.tools import JsonSchema

    text = source if source.lstrip().startswith("{") else _file_text(source)
    try:
        schema = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise click.BadParameter(f"no JSON object: {error}", param_hint="--schema") from None
    return JsonSchema(schema, strict=None)


def _file_text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--schema") from None


def described(reply: ChatReply[Any]) -> dict[str, Any]:
    """A reply as plain data for `--json`."""
    return {
        "text": reply.text,
        "reasoning": reply.reasoning or None,
        "refusal": reply.refusal or None,
        "tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in reply.tool_calls],
        "finish_reason": reply.finish_reason,
        "provider": reply.provider,
        "model": reply.model,
        "id": reply.id or None,
        "request_id": reply.request_id or None,
        "usage": reply.usage,
        "cost": reply.cost,
    }
