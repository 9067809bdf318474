"""The tutorial is followed word for word: its commands are typed, its files saved, its changes made."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from rendered import installed
from workspace import ROOT

TUTORIAL = ROOT / "docs" / "tutorials" / "your-first-provider.md"
BLOCK = re.compile(r'(?ms)^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$')


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.here = folder
        commands = folder / "bin"
        commands.mkdir()
        for name, line in {"python": f'"{sys.executable}"', "modelscan": f'"{sys.executable}" -m modelscan'}.items():
            script = commands / name
            script.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.environment = {**os.environ, "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "200"}

    def types(self, text: str) -> None:
        """Each command of a console block; what the page shows after it must be said."""
        for part in re.split(r"(?m)^\$ ", text)[1:]:
            command, _, shown = part.partition("\n")
            said = self.runs(command)
            for line in shown.splitlines():
                pattern = re.sub(r"^\d+(?= passed$)", r"\\d+", re.escape(line).replace("\\ ", " "))  # the suite grows
                assert re.search(pattern, said), f"{command}\n{said}"

    def runs(self, command: str) -> str:
        """What a command says; `cd` and `pip` are played, for they would need a shell that stays, and a network."""
        if command.startswith("cd "):
            self.here /= command[3:]
            return ""
        if command == "pip install -e .":
            self.environment["PYTHONPATH"] = installed(self.here)
        if command.startswith("pip "):
            return ""
        done = subprocess.run(
            command, shell=True, cwd=self.here, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def changes(self, name: str, text: str) -> None:
        """A file's lines, as a block of differences says."""
        path = self.here / name
        lines = text.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] != "+")
        after = "".join(line[1:] for line in lines if line[0] != "-")
        old = path.read_text()
        assert old.count(before) == 1, f"{name} has these lines {old.count(before)} times:\n{before}"
        path.write_text(old.replace(before, after))


@pytest.mark.skipif(os.name != "posix", reason="the page's commands are those of a POSIX shell")
def test_the_first_provider_is_made_as_the_tutorial_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    seen: dict[str, int] = {}
    for language, title, text in BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        seen[language] = seen.get(language, 0) + 1
        if language == "console":
            reader.types(text)
        elif language == "diff":
            reader.changes(title, text)
        elif title:
            (reader.here / title).write_text(text)
    assert seen["console"] >= 7
    assert seen["diff"] >= 4
    assert seen["py"] == 1
