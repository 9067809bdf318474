"""A process that begins a batch and waits for it: `python -m openai_batch.process URL FOLDER`.

It prints the job's id as soon as it has one. A test ends it by its process id, at the worst of moments.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import attrs

from modelscan import AsyncClient, user
from modelscan.types.batch import BatchRequest
from modelscan.types.chat import ChatRequest
from openai_batch.codec import Batches, modelscan_provider

MODEL = "openai/gpt-4o-mini"
ASKED = BatchRequest(requests=tuple(ChatRequest(messages=(user(text),)) for text in ("one", "two", "three")))


def client_of(url: str, jobs: Path) -> AsyncClient:
    """A client of the server at the address, with its jobs in the folder."""
    provider = attrs.evolve(modelscan_provider(), batch=Batches(poll_s=0.02, settle_s=0.05))
    return AsyncClient(
        plugins=[provider],
        base_urls={"openai": url},
        api_keys={"openai": "sk-0123456789"},
        jobs=jobs,
        config=False,
        settings={"retries.base_s": 0.0, "retries.max_attempts": 2},
    )


async def main(url: str, jobs: Path) -> None:
    """Begin, tell the id, wait."""
    async with client_of(url, jobs) as client:
        job = await client.start(ASKED, model=MODEL)
        print(job.id, flush=True)  # noqa: T201 - this is how the test hears of it
        await job.result()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
