"""A fake server speaks its family's format, and misbehaves as it was told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from modelscan import AsyncClient
from modelscan.contracts.servers import ServerCodec
from modelscan.errors import BadRequestError, DecodeError, ModelScanError, RateLimitError, ServerError, StreamCutError
from modelscan.testing.fake_server import FakeServer, Faulty
from modelscan.types.chat import ChatReply
from modelscan.types.messages import assistant
from modelscan.types.usage import Usage
from modelscan.wire.anthropic import MessagesServer
from modelscan.wire.gemini import GeminiServer
from modelscan.wire.openai_compatible.server import OpenAIServer

REPLY = ChatReply[None](
    message=assistant("Grüße, 世界 and all that."),
    finish_reason="stop",
    usage=Usage(input_tokens=3, output_tokens=9),
    id="r1",
    model="m",
)
FAMILIES: dict[str, tuple[Any, str]] = {
    "openai": (OpenAIServer, "/v1"),
    "anthropic": (MessagesServer, ""),
    "gemini": (GeminiServer, "/v1beta"),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def server(family: str, *answers: Any) -> FakeServer:
    codec: ServerCodec = FAMILIES[family][0]()
    return FakeServer(codec, *answers)


def client(family: str, server: FakeServer) -> AsyncClient:
    return AsyncClient(
        base_urls={family: server.url + FAMILIES[family][1]},
        api_keys={family: "sk-none"},
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def whole(family: str, *answers: Any) -> ChatReply[None]:
    async with server(family, *answers) as fake, client(family, fake) as subject:
        return await subject.chat("hi", model=f"{family}/m")


async def streamed(family: str, *answers: Any) -> tuple[list[str], ChatReply[None]]:
    async with server(family, *answers) as fake, client(family, fake) as subject:
        async with subject.stream("hi", model=f"{family}/m") as stream:
            pieces = [chunk.text async for chunk in stream if chunk.text]
            return pieces, await stream.reply()


async def test_an_answer_arrives_whole_and_streamed(family: str) -> None:
    reply = await whole(family, REPLY)
    pieces, folded = await streamed(family, REPLY)
    assert reply.text == folded.text == "".join(pieces) == REPLY.text
    assert len(pieces) > 2
    assert (reply.usage.output_tokens, folded.usage.output_tokens) == (9, 9)
    assert reply.finish_reason == folded.finish_reason == "stop"


async def test_answers_come_in_turn_and_the_calls_are_kept(family: str) -> None:
    async with server(family, ServerError("first", status=500), REPLY) as fake, client(family, fake) as subject:
        with pytest.raises(ServerError, match="first"):
            await subject.chat("hi", model=f"{family}/m")
        assert (await subject.chat("again", model=f"{family}/m")).text == REPLY.text
        assert [call.request.messages[0].text for call in fake.calls] == ["hi", "again"]
        assert len(fake.requests) == 2


async def test_an_error_asks_to_wait(family: str) -> None:
    with pytest.raises(RateLimitError, match="slow down") as caught:
        await whole(family, RateLimitError("slow down", status=429, retry_after_s=3))
    assert caught.value.retry_after_s == 3


@pytest.mark.parametrize("cut_after", [0, 1, 2])
async def test_a_cut_stream_is_noticed(family: str, cut_after: int) -> None:
    with pytest.raises((StreamCutError, ModelScanError)) as caught:
        await streamed(family, Faulty(REPLY, cut_after=cut_after))
    assert "cut" in str(caught.value) or "end" in str(caught.value)


async def test_a_cut_body_is_noticed(family: str) -> None:
    with pytest.raises(ModelScanError):
        await whole(family, Faulty(REPLY, cut_after=0))


async def test_an_error_in_mid_stream_comes_with_its_words(family: str) -> None:
    error = ServerError("the model fell over", status=500)
    with pytest.raises(ServerError, match="the model fell over"):
        await streamed(family, Faulty(REPLY, error_after=2, error=error))


async def test_a_malformed_body_is_a_decode_error(family: str) -> None:
    with pytest.raises(DecodeError):
        await whole(family, Faulty(REPLY, is_malformed=True))


async def test_a_stream_whose_end_is_malformed_is_no_answer(family: str) -> None:
    with pytest.raises(ModelScanError):
        await streamed(family, Faulty(REPLY, is_malformed=True))


async def test_a_connection_that_closes_in_the_head_is_a_transport_s_error(family: str) -> None:
    with pytest.raises(ModelScanError):
        await whole(family, Faulty(REPLY, is_head_cut=True))


async def test_another_status_and_content_type_are_sent(family: str) -> None:
    fault = Faulty(REPLY, status=503, content_type="text/html", headers=(("x-proxy", "yes"),))
    async with server(family, fault) as fake, client(family, fake) as subject:
        with pytest.raises(ServerError):
            await subject.chat("hi", model=f"{family}/m")


async def test_latency_and_a_slow_drip_hold_an_answer_back(family: str) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await streamed(family, Faulty(REPLY, latency_s=0.05, gap_s=0.01))
    assert loop.time() - start > 0.09


async def test_what_is_no_request_gets_the_format_s_own_error() -> None:
    async with server("openai", REPLY) as fake:
        with pytest.raises(BadRequestError, match="messages"):
            async with client("openai", fake) as subject:
                await subject.chat("hi", model="openai/m", extra={"messages": None})
        assert fake.calls == []
