"""`modelscan demo`."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import click

from modelscan.folders import HOME_VARIABLE


@click.command(epilog="\n".join(["\b", "Examples:", "  modelscan demo", "  modelscan demo --fast"]))
@click.option("--fast", is_flag=True, help="Without pauses, and with shorter limits: for tests.")
def demo(fast: bool) -> None:
    """Walk through limits, costs, budgets, streaming and plugins, in about 20 seconds; without a network or a key.

    The limiter, the budgets and the ledger are real, in a folder that is deleted at the end. `embedded/smollm2` answers
    where it is installed; a mock answers where a price or a limit is to be seen, and it says so.
    """
    from modelscan.cli.demo.stage import Stage
    from modelscan.cli.demo.steps import walk

    with _folder_of_its_own():
        asyncio.run(walk(Stage(is_fast=fast)))


@contextmanager
def _folder_of_its_own() -> Iterator[None]:
    """A home for ledger and catalog that is gone afterwards."""
    before = os.environ.get(HOME_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="modelscan-demo-", ignore_cleanup_errors=True) as folder:
        os.environ[HOME_VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[HOME_VARIABLE]
            else:
                os.environ[HOME_VARIABLE] = before
