"""Importing a provider does nothing but define it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import Any, Final

import pytest

from modelscan.plugins.discovery import installed
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject, variables_of
from modelscan.testing.conformance.suite import counts_for

_LONGEST_CPU_S: Final = 0.5
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DONE_BY: Final = "done by an import: "

# What every provider may import is imported before the watch begins, and isn't counted.
_WATCH: Final = """
import json, os, sys, threading, time
import attrs, msgspec, pluggy, re
import modelscan.hookspecs, modelscan.contracts.provider, modelscan.wire.schemes, modelscan.wire.failures
found, read = [], set()
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn")
def watch(event, args):
    if event == "socket.__new__" or event == "socket.getaddrinfo":
        found.append("it opens a socket")
    elif event == "open" and isinstance(args[2], int) and args[2] & WRITES:
        found.append(f"it writes the file {args[0]}")
    elif event in ("os.mkdir", "os.remove", "os.rename"):
        found.append(f"it changes the file {args[0]}")
    elif event in STARTS:
        found.append("it starts a process")
kind = type(os.environ)
original = kind.__getitem__
def getitem(self, key):
    read.add(str(key))
    return original(self, key)
threads, before = threading.active_count(), set(sys.modules)
sys.addaudithook(watch)
kind.__getitem__ = getitem
start = time.process_time()
__import__(sys.argv[1])
used = time.process_time() - start
kind.__getitem__ = original
if threading.active_count() > threads:
    found.append("it starts a thread")
network = {"httpx", "requests", "aiohttp", "urllib3", "httpcore", "openai", "anthropic", "boto3", "botocore"}
loaded = sorted(network & (set(sys.modules) - before))
print("\\n" + json.dumps({"found": sorted(set(found)), "read": sorted(read), "cpu_s": used, "loaded": loaded}))
"""


class ImportTests(Fixtures):
    """Importing."""

    @counts_for("bronze")
    def test_its_import_has_no_side_effects(self, subject: Subject) -> None:
        """No socket, no file, no process, no thread, and no key is read."""
        told = self._watched()
        keys = sorted(set(told["read"]) & set(variables_of(subject.provider.connection)))
        effects = [*told["found"], *(f"it reads the key {name}" for name in keys)]
        assert not effects, f"{_DONE_BY}{', '.join(effects)}: a plugin's import must define things and do nothing"

    @counts_for("silver")
    def test_its_import_is_quick_and_brings_no_network_library(self) -> None:
        """Half a second of CPU at most; codecs need no HTTP client."""
        told = self._watched()
        assert not told["loaded"], f"its import brings {', '.join(told['loaded'])}: a codec needs no network library"
        took = told["cpu_s"]
        assert took < _LONGEST_CPU_S, f"its import takes {took:.2f} s of CPU: import late what is slow"

    @counts_for("bronze")
    def test_its_name_is_its_entry_point_s(self, subject: Subject) -> None:
        """One name everywhere: model prefix, entry point, distribution."""
        name, given = subject.provider.name, type(self).provider
        assert _NAME.fullmatch(name), f"{name!r} is no name: small letters, digits and single hyphens"
        if isinstance(given, str):
            assert name == given, f"the entry point is named {given!r}, and the provider says that it is {name!r}"

    @counts_for("bronze")
    def test_it_can_do_something(self, subject: Subject) -> None:
        """A provider without any capability is none."""
        assert subject.provider.capabilities(), "it declares no capability: set `chat`, `embed`, ... of Provider"

    def _watched(self) -> dict[str, Any]:
        module = _module_of(type(self))
        run = subprocess.run(
            [sys.executable, "-c", _WATCH, module],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )
        assert run.returncode == 0, f"importing {module} by itself fails:\n{run.stderr}"
        told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
        return told


def _module_of(suite: type[Fixtures]) -> str:
    if suite.module:
        return suite.module
    if isinstance(suite.provider, str):
        for found in installed():
            if found.kind == "provider" and found.name == suite.provider and found.entry_point is not None:
                return str(found.entry_point.module)
    pytest.skip("nobody said which module holds this provider: give the suite `module`")
