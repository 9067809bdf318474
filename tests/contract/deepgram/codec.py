"""Deepgram's live transcription (`/v1/listen`): sound out, results in.

Source: the message types of deepgram-sdk 7.17.0 and developers.deepgram.com's pages on live audio, read 2026-11. After
ten seconds without sound or a KeepAlive the server hangs up (1011, NET-0001). Finalize asks for what is still in its
buffer, CloseStream for that and the end; it then sends Metadata, whose duration is what is billed, and closes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

import attrs
import msgspec

from modelscan.contracts.duplex import Close, Emit, Reconnect, SendFrame
from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.contracts.provider import Connection, Provider
from modelscan.errors import (
    BadRequestError,
    DecodeError,
    ProviderError,
    QuotaExceededError,
    RequestTimeoutError,
    ServerError,
    TransportError,
    UnsupportedError,
)
from modelscan.hookspecs import hookimpl
from modelscan.types.realtime import LiveInput, LiveOutput, RealtimeConfig
from modelscan.types.usage import Usage
from modelscan.wire.failures import provider_error
from modelscan.wire.schemes import HeaderKey
from modelscan.wire.unreadable import UNREADABLE

_KEEP_ALIVE_S: Final = 4.0
_NORMAL: Final = 1000
_KEEP_ALIVE: Final = SendFrame('{"type":"KeepAlive"}')
_FINALIZE: Final = SendFrame('{"type":"Finalize"}')
_CLOSE_STREAM: Final = SendFrame('{"type":"CloseStream"}')
_ENCODINGS: Final[Mapping[str, str]] = {
    "audio/pcm": "linear16",
    "audio/pcmu": "mulaw",
    "audio/pcma": "alaw",
    "audio/opus": "opus",
    "audio/flac": "flac",
}
_NO_WORD: Final = ("instructions", "voice", "tools", "modalities")
_BY_CODE: Final[Mapping[str, type[ProviderError]]] = {
    "DATA-0000": BadRequestError,  # the bytes are no sound in the encoding that was named
    "NET-0000": ServerError,
    "NET-0001": RequestTimeoutError,  # neither sound nor KeepAlive for ten seconds
    "ASR_PAYMENT_REQUIRED": QuotaExceededError,
}

Effects = Sequence[Emit[LiveOutput] | SendFrame | Close | Reconnect]


class _Word(msgspec.Struct):
    speaker: int | None = None


class _Alternative(msgspec.Struct):
    transcript: str = ""
    words: list[_Word] = []


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative] = []


class _Message(msgspec.Struct):
    """Every kind of message; UtteranceEnd and SpeechStarted have a list in `channel`, which nobody needs."""

    type: str
    channel: Any = None  # read as a `_Channel` where the type is Results
    start: float | None = None
    duration: Decimal = Decimal(0)
    is_final: bool | None = None
    speech_final: bool | None = None
    from_finalize: bool | None = None
    timestamp: float | None = None
    last_word_end: float | None = None
    code: str | None = None
    variant: str | None = None
    description: str | None = None


class DeepgramErrors:
    """Errors of the handshake: `{"err_code", "err_msg", "request_id"}`, or `{"category", "message"}`."""

    def error(self, response: HttpResponse) -> ProviderError | None:
        """The error in a response."""
        if response.status < 400:
            return None
        try:
            found = msgspec.json.decode(response.body, type=dict[str, Any])
        except UNREADABLE:
            return provider_error(response)
        code = str(found.get("err_code") or found.get("category") or "")
        message = str(found.get("err_msg") or found.get("message") or "")
        return provider_error(response, message=message, code=code, kind=_BY_CODE.get(code))


@attrs.define
class LiveListening:
    """One live transcription. It is ready as soon as it is open: the options stand in the address."""

    keep_alive_s: float = _KEEP_ALIVE_S
    _is_open: bool = attrs.field(default=False, init=False)
    _is_ending: bool = attrs.field(default=False, init=False)
    _sent_at_s: float = attrs.field(default=0.0, init=False)
    _billed_s: Decimal = attrs.field(default=Decimal(0), init=False)

    def opened(self, now_s: float) -> Effects:
        """Nothing is to be said first."""
        self._is_open = True
        self._sent_at_s = now_s
        return []

    def ready(self) -> bool:
        """Whether it is open."""
        return self._is_open

    def send(self, event: LiveInput, now_s: float) -> Effects:
        """Sound, the end of a turn, the end of all. Raises `UnsupportedError` for text and tools."""
        if event.text or event.tool_call_id:
            raise UnsupportedError("Deepgram's live transcription takes sound only")
        effects: list[SendFrame] = []
        if event.audio:  # a message without bytes would end the stream
            effects.append(SendFrame(event.audio))
        if event.is_end_of_turn:
            effects.append(_FINALIZE)
        if effects:
            self._sent_at_s = now_s
        return [*effects, *(self.closing() if event.is_end else ())]

    def receive(self, frame: str | bytes, now_s: float) -> Effects:
        """What the server says. Raises a `ProviderError` for its errors, `DecodeError` for nonsense."""
        try:
            found = msgspec.json.decode(frame, type=_Message, strict=False)
        except UNREADABLE as error:
            raise DecodeError(f"Deepgram sent something that is no message: {error}") from error
        raw = frame.encode() if isinstance(frame, str) else frame
        if found.type == "Results":
            return [Emit(_result(found, raw))]
        if found.type == "Metadata":
            return [Emit(LiveOutput(kind="metadata", usage=self._usage(found.duration), raw=raw))]
        if found.type == "Error":
            raise _error(found.code or found.variant or "", found.description or "the server reports an error")
        end_s = found.last_word_end if found.type == "UtteranceEnd" else None
        is_turn = found.type == "UtteranceEnd"
        return [
            Emit(LiveOutput(kind=found.type, start_s=found.timestamp, end_s=end_s, is_end_of_turn=is_turn, raw=raw))
        ]

    def tick(self, now_s: float) -> Effects:
        """A KeepAlive where nothing was said for a while."""
        if self._is_ending or now_s - self._sent_at_s < self.keep_alive_s:
            return []
        self._sent_at_s = now_s
        return [_KEEP_ALIVE]

    def closing(self) -> Effects:
        """Ask for what is left, and for the end."""
        if self._is_ending:
            return []
        self._is_ending = True
        return [_CLOSE_STREAM]

    def closed(self, code: int, reason: str) -> Effects:
        """The end. Raises the error that a code stands for where nobody asked for it."""
        self._is_open = False
        if code == _NORMAL:
            return []
        named = next((known for known in _BY_CODE if known in reason), "")
        if named:
            raise _error(named, reason)
        raise TransportError(f"the connection to Deepgram ended ({code} {reason})", phase="read")

    def _usage(self, duration_s: Decimal) -> Usage:
        """The seconds that weren't reported yet: each Metadata counts from the beginning."""
        seconds = duration_s - self._billed_s
        self._billed_s = duration_s
        return Usage(seconds=seconds, requests=1)


@attrs.frozen
class Listen:
    """Live transcription over `/v1/listen`."""

    keep_alive_s: float = _KEEP_ALIVE_S

    def open(self, config: RealtimeConfig, target: Target) -> tuple[HttpRequest, LiveListening]:
        """The handshake's request and a session. Raises `UnsupportedError` for what isn't transcription."""
        if config.purpose != "transcription":
            raise UnsupportedError("this is Deepgram's live transcription: set purpose='transcription'")
        for name in _NO_WORD:
            if getattr(config, name):
                raise UnsupportedError(f"Deepgram's live transcription has no word for {name!r}")
        if config.input_format not in _ENCODINGS:
            raise UnsupportedError(f"Deepgram takes {', '.join(_ENCODINGS)}, not {config.input_format}")
        fields: dict[str, Any] = {
            "model": target.model,
            "encoding": _ENCODINGS[config.input_format],
            "sample_rate": config.input_rate_hz,
            "channels": config.input_channels,
            "interim_results": config.interim_results,
            "language": config.language,
        }
        given = {name: _text(value) for name, value in (fields | config.extra).items() if value is not None}
        url = f"{target.base_url}/v1/listen?{urlencode(given, doseq=True)}"
        return HttpRequest(method="GET", url=url, repeat="safe"), LiveListening(self.keep_alive_s)


def _result(found: _Message, raw: bytes) -> LiveOutput:
    try:
        alternatives = msgspec.convert(found.channel, _Channel).alternatives
    except msgspec.ValidationError as error:
        raise DecodeError(f"Deepgram's results hold no channel: {error}") from error
    best = alternatives[0] if alternatives else _Alternative()
    speaker = best.words[0].speaker if best.words else None
    return LiveOutput(
        kind="results",
        transcript=best.transcript,
        is_final=bool(found.is_final),
        is_end_of_turn=bool(found.speech_final or found.from_finalize),
        start_s=found.start,
        end_s=None if found.start is None else found.start + float(found.duration),
        speaker=None if speaker is None else str(speaker),
        raw=raw,
    )


def _error(code: str, message: str) -> ProviderError:
    return _BY_CODE.get(code, ServerError)(message, code=code)


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(item) for item in value] if isinstance(value, (list, tuple)) else value


@hookimpl
def modelscan_provider() -> Provider:
    """The provider `deepgram`."""
    return Provider(
        name="deepgram",
        connection=Connection(
            base_urls={"default": "https://api.deepgram.com"},
            schemes={"default": HeaderKey("authorization", prefix="Token ")},
            env=("DEEPGRAM_API_KEY",),
        ),
        errors=DeepgramErrors(),
        realtime=Listen(),
        request_id_headers=("dg-request-id",),
    )
