"""Work that cleans up to its end."""

from __future__ import annotations

import asyncio

import pytest

from modelscan.transport.carrying import carried, finished


async def _undo(result: str) -> None:
    raise AssertionError(f"nothing to undo, and {result} came")


async def test_the_result_is_handed_over() -> None:
    assert await carried(asyncio.sleep(0, "done"), _undo) == "done"
    assert await finished(asyncio.sleep(0, "done")) == "done"


async def test_an_error_is_handed_over() -> None:
    async def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await carried(fail(), _undo)


async def test_a_clean_up_runs_to_its_end_though_its_caller_is_cancelled_twice() -> None:
    log: list[str] = []

    async def work() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            for step in ("one", "two", "three"):
                await asyncio.sleep(0)
                log.append(step)
        return "never"

    caller = asyncio.create_task(carried(work(), _undo))
    await asyncio.sleep(0)
    for _ in range(2):
        await asyncio.sleep(0)
        caller.cancel()
    await asyncio.wait([caller])
    assert caller.cancelled()
    for _ in range(10):
        await asyncio.sleep(0)
    assert log == ["one", "two", "three"]


async def test_a_result_that_comes_too_late_is_undone() -> None:
    undone: list[str] = []

    async def stubborn() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "late"
        return "never"

    async def undo(result: str) -> None:
        undone.append(result)

    caller = asyncio.create_task(carried(stubborn(), undo))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert (caller.cancelled(), undone) == (True, ["late"])
