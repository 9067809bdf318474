"""Models in this process: the one exception to "a provider is a codec", held to the same promises."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modelscan.errors import ModelScanError
from modelscan.testing.conformance.decoding import differences, folded
from modelscan.testing.conformance.provider_tests.subject import Fixtures, Subject
from modelscan.testing.conformance.suite import counts_for
from modelscan.types import versioned
from modelscan.types.chat import ChatChunk, ChatRequest
from modelscan.types.messages import system, user

QUESTION = ChatRequest(
    messages=(system("You are a helpful assistant."), user("What is the capital of France?")),
    max_output_tokens=12,
    temperature=0.0,
    seed=1,
)


class NativeTests(Fixtures):
    """Running."""

    @counts_for("silver", is_evidence=True)
    async def test_the_model_s_streamed_answer_is_its_whole_answer(self, subject: Subject) -> None:
        """The real model answers, twice the same."""
        chat = subject.native()
        whole: Any = await chat.run(QUESTION, subject.target)
        chunks = [chunk async for chunk in chat.stream(QUESTION, subject.target)]
        assert whole.text, "the model says nothing"
        wrong = differences(whole, folded(chunks))
        assert not wrong, f"the streamed answer isn't the whole one: {'; '.join(wrong)}"
        assert versioned.load(versioned.dump(whole), type(whole)) == whole, "the reply can't be stored"
        assert all(versioned.load(versioned.dump(chunk), ChatChunk) == chunk for chunk in chunks)
        usage = whole.usage
        assert usage.is_reported, "nothing is told of what was used"
        assert 0 < usage.output_tokens <= 12, f"{usage.output_tokens} tokens of 12 that were allowed"
        assert usage.input_tokens > 0, "no token of the prompt was counted"

    @counts_for("gold")
    async def test_a_cancelled_run_stops_the_model(self, subject: Subject) -> None:
        """And the next call is answered."""
        chat = subject.native()
        stream: Any = chat.stream(QUESTION, subject.target)
        await stream.__anext__()
        await stream.aclose()
        run = asyncio.ensure_future(chat.run(QUESTION, subject.target))
        await asyncio.sleep(0)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        assert (await chat.run(QUESTION, subject.target)).text

    @counts_for("silver")
    async def test_what_it_can_t_do_is_refused(self, subject: Subject) -> None:
        """An unknown model is an error that says so."""
        chat = subject.native()
        import msgspec

        with pytest.raises(ModelScanError):
            await chat.run(QUESTION, msgspec.structs.replace(subject.target, model="no-such-model"))
