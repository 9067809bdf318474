"""Loading a plugin in a process of its own, which tells what went wrong: an exit or an endless import stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

_LONGEST_S: Final = 60.0
_KEPT: Final = ("PATH", "PYTHONPATH", "SYSTEMROOT", "TEMP", "TMP", "LANG")

# What an import must not do, by the interpreter's own audit events.
_FORBIDDEN: Final = {
    "socket.connect": "it opens a connection when it is imported",
    "socket.getaddrinfo": "it looks up an address when it is imported",
    "subprocess.Popen": "it starts a process when it is imported",
    "os.system": "it starts a process when it is imported",
}

_PROGRAM: Final = """
import json, sys
folder, group, name, value, forbidden = json.loads(sys.argv[1])
seen = []
sys.path.insert(0, folder)
from importlib_metadata import EntryPoint
from modelscan.plugins.discovery import Found
from modelscan.plugins.entries import Entry
from modelscan.plugins.kinds import KIND_OF
from modelscan.plugins.loading import USUAL_PATIENCE, load
sys.addaudithook(lambda event, _: event in forbidden and seen.append(forbidden[event]))
entry = Entry(Found(KIND_OF[group], name, EntryPoint(name, value, group)))
load(entry, USUAL_PATIENCE)
faults = list(dict.fromkeys(seen))
if entry.state != "loaded":
    faults.append(f"it can't be loaded ({entry.state}): {entry.error}")
sys.__stdout__.write("\\n" + json.dumps(faults) + "\\n")
sys.__stdout__.flush()
"""


def faults_of_loading(folder: Path, group: str, name: str, value: str) -> list[str]:
    """What is wrong with a plugin when it is loaded as a client would: its import, its hook's signature, its name.

    `folder` holds its package, `value` is its entry point's. The process has no keys in its environment.
    """
    arguments = json.dumps([str(folder.resolve()), group, name, value, _FORBIDDEN])
    environment = {key: value for key, value in os.environ.items() if key in _KEPT}
    with tempfile.TemporaryDirectory() as empty:
        command = [sys.executable, "-c", _PROGRAM, arguments]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter, with the program above
                command, cwd=empty, env=environment, capture_output=True, text=True, timeout=_LONGEST_S, check=False
            )
        except subprocess.TimeoutExpired:
            return [f"its import hasn't ended after {_LONGEST_S:g} s"]
    told = done.stdout.strip().rpartition("\n")[2]
    try:
        faults: list[str] = json.loads(told)
    except ValueError:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        return [f"the process that loaded it ended with code {done.returncode}: {said}"]
    return faults
