"""What a program waits for before its first answer: imports, the first call, finding the plugins.

Every figure is a fresh interpreter's, in an environment that holds the core and one provider and no more. The runs of
all programs alternate, and a ratio is the median of the rounds' ratios. The server stands in a process of its own, on
loopback and without TLS: httpx's client reads its certificates all the same, and ours doesn't before an https address;
so there is a row in which it does too.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from own_time import MODEL, PROMPT, REPLY
from plain_install import plain_install
from raw_aiohttp import AnsweringServer

ROUNDS = 15
DISTRIBUTIONS = 71
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""Without what would keep an interpreter from using or writing bytecode."""

_RAW = """
import asyncio, sys, time
import httpx, msgspec
async def main():
    async with httpx.AsyncClient() as client:
        request = {{"model": {model!r}, "messages": [{{"role": "user", "content": {prompt!r}}}]}}
        headers = {{"authorization": "Bearer sk-x", "content-type": "application/json"}}
        data = msgspec.json.encode(request)
        answer = await client.post(sys.argv[1] + "/chat/completions", content=data, headers=headers)
        assert msgspec.json.decode(answer.content)["choices"][0]["message"]["content"]
        print(time.process_time(), flush=True)
asyncio.run(main())
"""
_OURS = """
import asyncio, sys, time
from modelscan import AsyncClient
async def main():
    async with AsyncClient(base_urls={{"openai": sys.argv[1]}}, api_keys={{"openai": "sk-x"}}) as client:
        assert (await client.chat({prompt!r}, model="openai/{model}")).text
        {more}
        print(time.process_time(), flush=True)
asyncio.run(main())
"""
_CERTIFICATES = (
    "from modelscan.contracts.transport import TransportOptions as Options; "
    "from modelscan.transport.tls import ssl_context; ssl_context(Options())"
)
_IMPORT = """
import time
started = time.process_time()
import {module}
print(time.process_time() - started, flush=True)
"""
_DISCOVERY = """
import sys, time
from modelscan.plugins import Plugins
sys.path.append(sys.argv[1])
before = set(sys.modules)
started = time.process_time()
names = Plugins().names("provider")
taken = time.process_time() - started
assert len(names) > {count}, names
assert not [name for name in set(sys.modules) - before if name.startswith(("plugin_", "modelscan"))]
print(taken, flush=True)
"""


class Run(NamedTuple):
    """Seconds: CPU as the program itself tells it, and wall from its start until it does."""

    cpu_s: float
    wall_s: float


def run(python: Path, code: str, *arguments: str) -> Run:
    """Run a program until it prints its figure."""
    started = time.perf_counter()
    command = [str(python), "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tempfile.gettempdir(), env=ENVIRONMENT) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        wall_s = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"a program failed:\n{code}")
    return Run(float(told), wall_s)


def write_distributions(folder: Path) -> None:
    """Installed plugins, as far as discovery sees them."""
    for number in range(DISTRIBUTIONS):
        home = folder / f"modelscan_provider_plugin{number}-1.0.dist-info"
        home.mkdir(parents=True)
        name = f"modelscan-provider-plugin{number}"
        (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
        points = f"[modelscan.providers]\nplugin{number} = plugin_{number}\n"
        (home / "entry_points.txt").write_text(points, encoding="utf-8")


def measured(python: Path, url: str, plugins: Path) -> dict[str, list[Run]]:
    """The runs of every program, round by round."""
    words = {"model": MODEL, "prompt": PROMPT}
    programs: dict[str, Callable[[], Run]] = {
        "import httpx": lambda: run(python, _IMPORT.format(module="httpx")),
        "import modelscan": lambda: run(python, _IMPORT.format(module="modelscan")),
        "raw httpx": lambda: run(python, _RAW.format(**words), url),
        "first answer": lambda: run(python, _OURS.format(more="", **words), url),
        "first answer, certificates": lambda: run(python, _OURS.format(more=_CERTIFICATES, **words), url),
        "discovery": lambda: run(python, _DISCOVERY.format(count=DISTRIBUTIONS), str(plugins)),
    }
    for program in programs.values():
        program()  # what it reads is in the disk's cache then
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            runs[name].append(program())
    return runs


ROWS = (
    ("import modelscan", "import httpx", "x 0.8"),
    ("first answer", "raw httpx", "x 1.4"),
    ("first answer, certificates", "raw httpx", "x 1.4"),
)


def table(runs: dict[str, list[Run]]) -> list[str]:
    """One line per figure: median milliseconds of both, and the ratio in CPU and in wall."""
    lines = [f"{'':26} {'ms CPU':>7} {'ms wall':>8}   {'beside':13} {'ms CPU':>7} {'ms wall':>8}   x CPU  x wall  gate"]
    for name, beside, gate in ROWS:
        pairs = list(zip(runs[name], runs[beside], strict=True))
        cpu = statistics.median(ours.cpu_s / theirs.cpu_s for ours, theirs in pairs)
        wall = statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in pairs)
        times = f"{_ms(runs[name])}   {beside:13} {_ms(runs[beside])}"
        lines.append(f"{name:26} {times}  {cpu:6.2f} {wall:7.2f}  {gate}")
    lines.append(f"{'discovery':26} {_ms(runs['discovery'])}   {f'{DISTRIBUTIONS} distributions':47} 20 ms of CPU")
    return lines


def _ms(runs: list[Run]) -> str:
    cpu, wall = (statistics.median(values) * 1e3 for values in zip(*runs, strict=True))
    return f"{cpu:7.1f} {wall:8.1f}"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        python = plain_install(Path(temporary), has_bytecode=True)
        plugins = Path(temporary, "plugins")
        write_distributions(plugins)
        server = AnsweringServer(REPLY)
        try:
            runs = measured(python, server.url, plugins)
        finally:
            server.close()
    sys.stdout.write("\n".join(table(runs)) + "\n")


if __name__ == "__main__":
    main()
