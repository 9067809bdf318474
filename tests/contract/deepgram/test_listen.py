"""Deepgram's live transcription: the state machine by itself, and the whole of it over a loopback websocket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from deepgram.codec import Listen, LiveListening, modelscan_provider
from modelscan import AsyncClient
from modelscan.contracts.duplex import DuplexOperation, DuplexSession, Emit, SendFrame
from modelscan.contracts.http import Target
from modelscan.errors import (
    AuthenticationError,
    BadRequestError,
    DecodeError,
    ModelScanError,
    QuotaExceededError,
    RequestTimeoutError,
    ServerError,
    TransportError,
    UnsupportedError,
)
from modelscan.types.realtime import LiveInput, LiveOutput, RealtimeConfig
from recordings import RECORDINGS, needs_recordings

CONFIG = RealtimeConfig(purpose="transcription", input_rate_hz=16000, interim_results=True, language="en")
TARGET = Target(base_urls={"default": "https://api.deepgram.com"}, model="nova-3")
KEY = "dg-0123456789"
MODEL = "deepgram/nova-3"
KEEP_ALIVE = '{"type":"KeepAlive"}'
CLOSE = '{"type":"CloseStream"}'


def results(transcript: str, **fields: Any) -> str:
    words = [{"word": word, "start": 0.0, "end": 0.1, "confidence": 0.9, "speaker": 1} for word in transcript.split()]
    channel = {"alternatives": [{"transcript": transcript, "confidence": 0.9, "words": words}]}
    return json.dumps({"type": "Results", "channel": channel, "start": 1.0, "duration": 0.5} | fields)


# --- the state machine ---


def opened(keep_alive_s: float = 4.0) -> LiveListening:
    _, session = Listen(keep_alive_s).open(CONFIG, TARGET)
    assert not session.ready()
    assert session.opened(100.0) == []
    assert session.ready()
    return session


def events(session: LiveListening, frame: str | bytes) -> list[LiveOutput]:
    return [effect.event for effect in session.receive(frame, 100.0) if isinstance(effect, Emit)]


def test_it_follows_the_contract() -> None:
    assert isinstance(Listen(), DuplexOperation)
    assert isinstance(LiveListening(), DuplexSession)


def test_the_options_stand_in_the_address() -> None:
    config = RealtimeConfig(
        purpose="transcription",
        input_format="audio/pcmu",
        input_rate_hz=8000,
        interim_results=True,
        extra={"smart_format": True, "keyterm": ["ModelScan", "cassette"], "endpointing": 300},
    )
    request, _ = Listen().open(config, TARGET)
    url = urlsplit(request.url)
    assert (request.method, url.netloc, url.path) == ("GET", "api.deepgram.com", "/v1/listen")
    assert parse_qs(url.query) == {
        "model": ["nova-3"],
        "encoding": ["mulaw"],
        "sample_rate": ["8000"],
        "channels": ["1"],
        "interim_results": ["true"],
        "smart_format": ["true"],
        "keyterm": ["ModelScan", "cassette"],
        "endpointing": ["300"],
    }


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (RealtimeConfig(), "purpose='transcription'"),
        (RealtimeConfig(purpose="transcription", voice="x"), "no word for 'voice'"),
        (RealtimeConfig(purpose="transcription", input_format="audio/mp3"), "not audio/mp3"),
    ],
)
def test_what_it_has_no_word_for_is_refused(config: RealtimeConfig, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        Listen().open(config, TARGET)


@pytest.mark.parametrize("event", [LiveInput(text="hi"), LiveInput(tool_call_id="1", tool_result="x")])
def test_only_sound_can_be_sent(event: LiveInput) -> None:
    with pytest.raises(UnsupportedError, match="sound only"):
        opened().send(event, 100.0)


def test_sound_goes_out_as_it_is_and_an_empty_piece_not_at_all() -> None:
    session = opened()
    assert session.send(LiveInput(audio=b"\0\1"), 100.0) == [SendFrame(b"\0\1")]
    assert session.send(LiveInput(), 100.0) == []


def test_the_end_of_a_turn_asks_for_what_is_in_the_buffer() -> None:
    sent = opened().send(LiveInput(audio=b"\0", is_end_of_turn=True), 100.0)
    assert sent == [SendFrame(b"\0"), SendFrame('{"type":"Finalize"}')]


def test_the_end_is_said_once() -> None:
    session = opened()
    assert session.send(LiveInput(is_end=True), 100.0) == [SendFrame(CLOSE)]
    assert session.closing() == []


def test_silence_is_kept_alive_and_sound_needs_no_keeping() -> None:
    session = opened(keep_alive_s=4.0)
    assert session.tick(103.0) == []
    assert session.tick(104.0) == [SendFrame(KEEP_ALIVE)]
    assert session.tick(105.0) == []
    session.send(LiveInput(audio=b"\0"), 107.0)
    assert session.tick(110.0) == []
    assert session.tick(111.5) == [SendFrame(KEEP_ALIVE)]
    session.closing()
    assert session.tick(120.0) == []


def test_results_are_interim_until_they_are_final() -> None:
    session = opened()
    (interim,) = events(session, results("hello", is_final=False))
    assert (interim.transcript, interim.is_final, interim.is_end_of_turn) == ("hello", False, False)
    (final,) = events(session, results("hello world", is_final=True, speech_final=True))
    assert (final.transcript, final.is_final, final.is_end_of_turn) == ("hello world", True, True)
    assert (final.start_s, final.end_s, final.speaker) == (1.0, 1.5, "1")


def test_results_without_words_are_results() -> None:
    (empty,) = events(opened(), json.dumps({"type": "Results", "channel": {"alternatives": []}}))
    assert (empty.transcript, empty.start_s, empty.end_s, empty.speaker) == ("", None, None, None)


def test_each_metadata_reports_what_came_since_the_last() -> None:
    session = opened()
    used = [events(session, json.dumps({"type": "Metadata", "duration": duration}))[0] for duration in (2.5, 4.0)]
    assert [event.usage.seconds for event in used if event.usage] == [Decimal("2.5"), Decimal("1.5")]


def test_other_messages_are_given_with_their_kind() -> None:
    session = opened()
    (started,) = events(session, json.dumps({"type": "SpeechStarted", "channel": [0], "timestamp": 1.5}))
    assert (started.kind, started.start_s) == ("SpeechStarted", 1.5)
    (ended,) = events(session, b'{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": 3.25}')
    assert (ended.kind, ended.end_s, ended.is_end_of_turn) == ("UtteranceEnd", 3.25, True)


@pytest.mark.parametrize("frame", ["no json", '{"type": "Results", "channel": 1}', b"\xff"])
def test_nonsense_is_an_error(frame: str | bytes) -> None:
    with pytest.raises(DecodeError):
        opened().receive(frame, 100.0)


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (1008, "DATA-0000", BadRequestError),
        (1011, "NET-0001: no audio", RequestTimeoutError),
        (1011, "NET-0000", ServerError),
        (1006, "", TransportError),
    ],
)
def test_an_end_that_nobody_asked_for_is_an_error(code: int, reason: str, error: type[ModelScanError]) -> None:
    session = opened()
    with pytest.raises(error):
        session.closed(code, reason)
    assert not session.ready()


def test_an_error_in_a_message_is_raised() -> None:
    for body in ({"variant": "DATA-0000", "description": "bad sound"}, {"code": "DATA-0000"}):
        with pytest.raises(BadRequestError):
            opened().receive(json.dumps({"type": "Error"} | body), 100.0)


@needs_recordings
@pytest.mark.parametrize(
    "path",
    sorted((RECORDINGS / "deepgram/deepgram__deepgram-python-sdk/listen/websocket").glob("*-response.json")),
    ids=lambda path: path.name[:8] + path.name[-20:-14],
)
def test_recorded_results_are_read_to_the_last_word(path: Any) -> None:
    body = path.read_bytes()
    (event,) = events(opened(), body)
    recorded = json.loads(body)
    assert event.transcript == recorded["channel"]["alternatives"][0]["transcript"]
    assert (event.is_final, event.start_s) == (recorded["is_final"], recorded["start"])
    assert event.end_s == pytest.approx(recorded["start"] + recorded["duration"])


# --- over a websocket ---


@attrs.define
class Deepgram:
    """The service: what it was sent, and what it says to each message."""

    port: int = 0
    paths: list[str] = attrs.field(factory=list)
    keys: list[str | None] = attrs.field(factory=list)
    received: list[str | bytes] = attrs.field(factory=list)
    refuses: Response | None = None
    hangs_up: tuple[int, str] | None = None
    gate: asyncio.Event = attrs.field(factory=asyncio.Event)
    open: int = 0

    async def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        self.keys.append(request.headers.get("Authorization"))
        await self.gate.wait()
        return self.refuses

    async def talk(self, connection: ServerConnection) -> None:
        self.open += 1
        try:
            await self._talk(connection)
        except ConnectionClosed:
            pass
        finally:
            self.open -= 1

    async def _talk(self, connection: ServerConnection) -> None:
        seconds = 0.0
        async for message in connection:
            self.received.append(message)
            if self.hangs_up is not None:
                await connection.close(*self.hangs_up)
                return
            if isinstance(message, bytes):
                seconds += len(message) / 32000
                await connection.send(results("hello", is_final=False))
            elif message == CLOSE:
                await connection.send(results("hello world", is_final=True, speech_final=True))
                await connection.send(json.dumps({"type": "Metadata", "duration": seconds, "channels": 1}))
                return
            elif "Finalize" in message:
                await connection.send(results("hello", is_final=True, from_finalize=True))

    def client(self, keep_alive_s: float = 4.0) -> AsyncClient:
        provider = modelscan_provider()
        connection = attrs.evolve(provider.connection, base_urls={"default": f"http://127.0.0.1:{self.port}"})
        return AsyncClient(
            plugins=[attrs.evolve(provider, connection=connection, realtime=Listen(keep_alive_s))],
            api_keys={"deepgram": KEY},
            config=False,
            settings={"retries.max_attempts": 1},
        )


@pytest.fixture
async def deepgram() -> AsyncIterator[Deepgram]:
    service = Deepgram()
    service.gate.set()
    async with serve(service.talk, "127.0.0.1", 0, process_request=service.admit) as server:
        service.port = next(iter(server.sockets)).getsockname()[1]
        yield service


async def test_sound_becomes_interim_and_final_results(deepgram: Deepgram) -> None:
    async with deepgram.client() as client, client.live(CONFIG, model=MODEL) as session:
        await session.send(LiveInput(audio=bytes(16000)))
        assert (await anext(session)).transcript == "hello"
        await session.send(LiveInput(is_end_of_turn=True))
        turn = await anext(session)
        assert (turn.is_final, turn.is_end_of_turn) == (True, True)
        await session.close()
        rest = [event async for event in session]
    assert [(event.kind, event.transcript) for event in rest] == [("results", "hello world"), ("metadata", "")]
    assert rest[-1].usage is not None
    assert rest[-1].usage.seconds == Decimal("0.5")
    assert deepgram.received == [bytes(16000), '{"type":"Finalize"}', CLOSE]


async def test_the_key_and_the_options_are_in_the_handshake(deepgram: Deepgram) -> None:
    async with deepgram.client() as client, client.live(CONFIG, model=MODEL):
        pass
    assert deepgram.keys == [f"Token {KEY}"]
    assert "encoding=linear16&sample_rate=16000" in deepgram.paths[0]


async def test_nothing_is_sent_before_the_socket_is_open(deepgram: Deepgram) -> None:
    deepgram.gate.clear()
    async with deepgram.client() as client:

        async def talk() -> list[str]:
            async with client.live(CONFIG, model=MODEL) as session:
                await session.send(LiveInput(audio=b"\0\0"))
                await session.send(LiveInput(is_end=True))
                return [event.transcript async for event in session]

        talking = asyncio.ensure_future(talk())
        async with asyncio.timeout(5):
            while not deepgram.paths:  # noqa: ASYNC110 - the handshake is under way elsewhere
                await asyncio.sleep(0.001)
        assert deepgram.received == []
        deepgram.gate.set()
        assert await talking == ["hello", "hello world", ""]


async def test_a_silent_session_is_kept_alive(deepgram: Deepgram) -> None:
    async with deepgram.client(keep_alive_s=0.0) as client, client.live(CONFIG, model=MODEL):
        async with asyncio.timeout(5):
            while KEEP_ALIVE not in deepgram.received:  # noqa: ASYNC110 - the clock runs inside the client
                await asyncio.sleep(0.01)


async def test_leaving_the_block_drains_and_closes(deepgram: Deepgram) -> None:
    async with deepgram.client() as client:
        async with client.live(CONFIG, model=MODEL) as session:
            await session.send(LiveInput(audio=bytes(100)))
        assert deepgram.received[-1] == CLOSE
        async with asyncio.timeout(5):
            while deepgram.open:  # noqa: ASYNC110 - the server's side ends by itself
                await asyncio.sleep(0.001)


async def test_what_came_before_a_break_is_read_before_its_error(deepgram: Deepgram) -> None:
    async with deepgram.client() as client, client.live(CONFIG, model=MODEL) as session:
        await session.send(LiveInput(audio=bytes(100)))
        assert (await anext(session)).transcript == "hello"
        deepgram.hangs_up = (1011, "NET-0001")
        await session.send(LiveInput(audio=bytes(100)))
        with pytest.raises(RequestTimeoutError, match="deepgram/nova-3: NET-0001"):
            await anext(session)
        with pytest.raises(RequestTimeoutError):
            await session.send(LiveInput(audio=bytes(100)))


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (401, b'{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials."}', AuthenticationError, "Invalid cred"),
        (402, b'{"category":"ASR_PAYMENT_REQUIRED","message":"no credit"}', QuotaExceededError, "no credit"),
        (503, b"<html>", ServerError, "503"),
    ],
)
async def test_a_refused_handshake_is_an_error(
    deepgram: Deepgram, status: int, body: bytes, error: type[ModelScanError], message: str
) -> None:
    deepgram.refuses = Response(status, "Refused", Headers({"Content-Length": str(len(body))}), body)
    async with deepgram.client() as client:
        with pytest.raises(error, match=message):
            async with client.live(CONFIG, model=MODEL):
                pass
