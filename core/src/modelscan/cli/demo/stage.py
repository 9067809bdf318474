"""How the demo speaks: what it does, the line of code behind it, and what happened."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import click

_PAUSE_S: Final = 1.2


class Stage:
    """Prints, and leaves time to read unless it is fast. `pace` is how long a limit's window is, in seconds."""

    def __init__(self, *, is_fast: bool) -> None:
        self.is_fast = is_fast
        self.pace_s = 0.3 if is_fast else 2.0
        self._number = 0
        self._begun = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._begun

    async def scene(self, title: str, about: str, code: str) -> None:
        """Begin a step: its title, what it does, and the code that does it."""
        self._number += 1
        click.echo(f"\n{click.style(f'{self._number}. {title}', bold=True)}")
        click.echo(about)
        click.echo()
        for line in code.splitlines():
            click.echo(f"    {click.style(line, fg='cyan')}")
        click.echo()
        await self.pause()

    def tell(self, text: str) -> None:
        """Something that happened."""
        click.echo(f"  {text}")

    def type(self, text: str) -> None:
        """A piece of an answer, as it comes."""
        click.echo(text, nl=False)

    async def pause(self) -> None:
        """Time to read."""
        if not self.is_fast:
            await asyncio.sleep(_PAUSE_S)
