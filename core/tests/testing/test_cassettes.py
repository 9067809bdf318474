"""Cassettes: what was recorded is replayed as it came, by us and by plain vcrpy, and holds no secret."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import vcr  # type: ignore[import-untyped]  # it has no types
import yaml

from modelscan import AsyncClient
from modelscan.contracts.http import HttpRequest, ResponseHead
from modelscan.contracts.transport import Timeouts, TransportOptions
from modelscan.errors import ConfigurationError, InvalidRequestError, ModelScanError, StreamCutError, UnsupportedError
from modelscan.testing.cassettes import CassetteTransport, Origin, Piece, RecordingTransport, Tape, Taped
from modelscan.testing.cassettes.scrubbing import SCRUBBED, Scrubber
from modelscan.testing.clock import FakeClock
from modelscan.testing.fake_server import FakeServer, Faulty
from modelscan.testing.loopback import LoopbackServer, answer, stream
from modelscan.testing.scripted import Answer, ScriptedTransport
from modelscan.transport.httpx_transport import HttpxTransport
from modelscan.types.chat import ChatReply
from modelscan.types.messages import assistant
from modelscan.types.usage import Usage
from modelscan.wire.openai_compatible.server import OpenAIServer

KEY = "sk-canary-0123456789abcdef"
ORIGIN = Origin(how="recorded", source="a fake server of this machine", date="2026-11-24")
REPLY = ChatReply[None](
    message=assistant("Grüße, 世界 and all."),
    finish_reason="stop",
    usage=Usage(input_tokens=3, output_tokens=9),
    id="r1",
    model="m",
)


def recorder(path: Path, **options: Any) -> RecordingTransport:
    return RecordingTransport(HttpxTransport(TransportOptions()), path, ORIGIN, secrets=[KEY], **options)


def client(url: str, transport: Any) -> AsyncClient:
    return AsyncClient(
        base_urls={"openai": f"{url}/v1"},
        api_keys={"openai": KEY},
        transport=transport,
        settings={"retries.max_attempts": 1},
        config=False,
    )


async def recorded(path: Path, *answers: Any) -> tuple[str, ChatReply[None]]:
    async with FakeServer(OpenAIServer(), *answers) as server:
        async with client(server.url, recorder(path)) as subject:
            async with subject.stream("hi", model="openai/m") as found:
                return server.url, await found.reply()


async def replayed(url: str, path: Path) -> ChatReply[None]:
    async with client(url, CassetteTransport(path)) as subject:
        async with subject.stream("hi", model="openai/m") as found:
            return await found.reply()


async def test_a_recorded_stream_is_replayed_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "hello.yaml"
    url, live = await recorded(path, Faulty(REPLY, gap_s=0.005))
    assert await replayed(url, path) == live
    tape = Tape.read(path)
    assert tape.origin == ORIGIN
    assert len(tape.exchanges[0].pieces) > 3
    assert max(piece.delay_s for piece in tape.exchanges[0].pieces) >= 0.004


async def test_no_secret_is_on_a_cassette(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    await recorded(path, REPLY)
    content = path.read_text()
    assert "canary" not in content
    assert SCRUBBED in content


async def test_a_connection_that_broke_breaks_again(tmp_path: Path) -> None:
    path = tmp_path / "cut.yaml"
    async with FakeServer(OpenAIServer(), Faulty(REPLY, cut_after=2)) as server:
        url = server.url
        async with client(url, recorder(path)) as subject:
            with pytest.raises(StreamCutError):
                await subject.stream("hi", model="openai/m").reply()
    assert Tape.read(path).exchanges[0].is_cut
    with pytest.raises(StreamCutError):
        await replayed(url, path)


async def test_what_was_not_recorded_is_refused_and_says_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    url, _ = await recorded(path, REPLY)
    async with client(url, CassetteTransport(path)) as subject:
        with pytest.raises(InvalidRequestError, match="differs in"):
            await subject.chat("something else", model="openai/m")


async def test_pieces_come_as_slowly_as_they_did_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "slow.yaml"
    pieces = (Piece(b"one", 0.5), Piece(b"two", 2.0))
    request = HttpRequest(url="https://a.test/x", body=b"{}")
    Tape(origin=ORIGIN, exchanges=(Taped(request=request, head=ResponseHead(200), pieces=pieces),)).write(path)
    clock = FakeClock()
    transport = CassetteTransport(path, sleep=clock.sleep)
    exchange = await transport.send(request, timeouts=Timeouts())
    assert await exchange.read() == b"onetwo"
    assert clock.slept_s == [0.5, 2.0]
    await exchange.close()
    assert transport.remaining == 0
    with pytest.raises(UnsupportedError):
        await transport.connect(request, timeouts=Timeouts())


async def test_a_secret_that_is_left_keeps_the_cassette_from_being_written(tmp_path: Path) -> None:
    path = tmp_path / "leak.yaml"
    torn = [KEY[:9].encode(), KEY[9:].encode()]  # a key that no single piece holds
    async with LoopbackServer(stream(torn, gap_s=0.01)) as server:
        transport = recorder(path)
        exchange = await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        async for _ in exchange.chunks():
            pass
        with pytest.raises(ModelScanError, match="a secret is left in it"):
            await transport.close()
    assert os.listdir(tmp_path) == []


async def test_a_recording_that_runs_wild_is_stopped(tmp_path: Path) -> None:
    async with LoopbackServer(answer(b"{}")) as server:
        transport = recorder(tmp_path / "wild.yaml", most_requests=1)
        await (await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())).read()
        with pytest.raises(ModelScanError, match="the most that it may"):
            await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())
        await transport.close()


async def test_bodies_of_files_and_websockets_are_not_recorded(tmp_path: Path) -> None:
    from modelscan.contracts.http import FileRef

    transport = RecordingTransport(ScriptedTransport(Answer()), tmp_path / "x.yaml", ORIGIN)
    exchange = await transport.send(HttpRequest(url="https://a.test", body=FileRef("a")), timeouts=Timeouts())
    with pytest.raises(UnsupportedError, match="files and forms"):
        await exchange.read()
    with pytest.raises(UnsupportedError, match="websockets"):
        await transport.connect(HttpRequest(url="wss://a.test"), timeouts=Timeouts())


def test_a_cassette_that_isn_t_there_says_how_to_record_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="pytest --record"):
        CassetteTransport(tmp_path / "none.yaml")


def test_a_file_that_is_no_cassette_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("a: 1\n")
    with pytest.raises(ValueError, match="is no cassette"):
        Tape.read(tmp_path / "other.yaml")


def test_bytes_that_are_no_text_survive(tmp_path: Path) -> None:
    taped = Taped(
        request=HttpRequest(method="GET", url="https://a.test/x"),
        head=ResponseHead(299, (("set-cookie", "a"), ("set-cookie", "b"))),
        pieces=(Piece(b"\xff\x00"), Piece(b"\xfe")),
    )
    tape = Tape(origin=ORIGIN, exchanges=(taped,))
    tape.write(tmp_path / "bytes.yaml")
    assert Tape.read(tmp_path / "bytes.yaml") == tape


async def test_plain_vcrpy_plays_our_cassette_with_httpx_and_with_aiohttp(tmp_path: Path) -> None:
    path = tmp_path / "hello.yaml"
    async with LoopbackServer(answer(b'{"a": 1}', headers=[("Content-Type", "application/json")])) as server:
        url = f"{server.url}/x"
        transport = recorder(path)
        await (await transport.send(HttpRequest(method="GET", url=url), timeouts=Timeouts())).read()
        await transport.close()
    with vcr.use_cassette(str(path), record_mode="none"):
        async with httpx.AsyncClient(trust_env=False) as plain:
            assert (await plain.get(url)).json() == {"a": 1}
    with vcr.use_cassette(str(path), record_mode="none"):
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert await response.json() == {"a": 1}


async def test_a_cassette_that_plain_vcrpy_recorded_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "theirs.yaml"
    async with LoopbackServer(answer(b'{"a": 1}')) as server:
        url = f"{server.url}/x"
        with vcr.use_cassette(str(path)):
            async with httpx.AsyncClient(trust_env=False) as plain:
                await plain.post(url, json={"b": 2})
    transport = CassetteTransport(path)
    exchange = await transport.send(HttpRequest(url=url, body=b'{"b":2}'), timeouts=Timeouts())
    assert await exchange.read() == b'{"a": 1}'
    assert transport.tape.origin.source == "unknown"


def test_secrets_are_taken_out_by_place_by_looks_and_by_value() -> None:
    scrub = Scrubber(("hidden-value",))
    assert scrub.headers((("Authorization", "Bearer x"), ("x-api-key", "k"), ("set-cookie", "c"), ("accept", "a"))) == (
        ("Authorization", SCRUBBED),
        ("x-api-key", SCRUBBED),
        ("set-cookie", SCRUBBED),
        ("accept", "a"),
    )
    assert scrub.url("https://u:p@a.test/v1?key=k&alt=sse&X-Amz-Signature=s") == (
        f"https://a.test/v1?key={SCRUBBED}&alt=sse&X-Amz-Signature={SCRUBBED}"
    )
    body = b'{"access_token":"t","max_tokens":5,"token":"Hi","nested":[{"client_secret":"s","text":"hidden-value"}]}'
    assert yaml.safe_load(scrub.body(body)) == {
        "access_token": SCRUBBED,
        "max_tokens": 5,
        "token": "Hi",
        "nested": [{"client_secret": SCRUBBED, "text": SCRUBBED}],
    }
    assert scrub.body(b"key sk-abcdefghijklmnop in a text") == f"key {SCRUBBED} in a text".encode()
    assert scrub.body(b"\xffhidden-value") == b"\xff" + SCRUBBED.encode()
    assert scrub.body(b'{"untouched":  1}') == b'{"untouched":  1}'
    assert "hidden" not in repr(scrub)


async def test_a_secret_field_of_a_body_in_pieces_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "token.yaml"
    async with LoopbackServer(stream([b'{"access_token":', b'"t-1"}'], gap_s=0.01)) as server:
        transport = recorder(path)
        await (await transport.send(HttpRequest(url=server.url), timeouts=Timeouts())).read()
        await transport.close()
    assert b"t-1" not in path.read_bytes()
