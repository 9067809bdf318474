"""`modelscan embed`."""

from __future__ import annotations

import click

from modelscan.cli.output import piped_text, print_json


@click.command(
    epilog="\n".join(
        [
            "\b",
            "Examples:",
            "  modelscan embed -m openai/text-embedding-3-small 'a text' 'another'",
            "  modelscan embed -m openai/text-embedding-3-small --lines < texts.txt",
        ]
    )
)
@click.argument("texts", nargs=-1)
@click.option("-m", "--model", required=True, help="provider/model.")
@click.option("--dimensions", type=click.IntRange(min=1), help="The length of the vectors.")
@click.option("--lines", is_flag=True, help="Each line of standard input is a text.")
@click.option("--json", "as_json", is_flag=True, help="Print vectors, usage and cost as one JSON object.")
def embed(texts: tuple[str, ...], model: str, dimensions: int | None, lines: bool, as_json: bool) -> None:
    """Turn texts into vectors: one line of JSON a text, or one object with --json."""
    inputs = list(texts)
    if lines or not inputs:
        piped = piped_text()
        inputs += [line for line in piped.splitlines() if line.strip()] if lines else [piped.strip()]
    inputs = [text for text in inputs if text]
    if not inputs:
        raise click.UsageError("There is nothing to embed: give texts as arguments or on standard input.")
    from modelscan import Client

    with Client() as client:
        reply = client.embed(inputs, model=model, dimensions=dimensions)
    if as_json:
        fields = ("vectors", "provider", "model", "usage", "cost")
        print_json({name: getattr(reply, name) for name in fields})
        return
    import msgspec

    for vector in reply.vectors:
        click.echo(msgspec.json.encode(vector).decode())
