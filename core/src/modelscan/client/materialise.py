"""Media in the form that the candidate accepts: the core's I/O, so that a codec needs none.

A path becomes bytes, a `data:` address becomes bytes, an address that the vendor can't fetch itself is fetched here
under host rules; size and type are checked against what the provider declares before anything is sent. Bytes that no
request holds are uploaded where the provider can do that, and named by the file's id.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from modelscan.contracts.provider import MediaRules, Provider
from modelscan.errors import MediaError
from modelscan.types.chat import ChatRequest
from modelscan.types.content import Audio, File, Image, Media, Text, ToolResult, Video
from modelscan.types.embed import EmbedRequest
from modelscan.types.media import ImageRequest, TranscriptionRequest, VideoRequest
from modelscan.types.messages import Message

M = TypeVar("M", bound=Media)

_KINDS: Mapping[type[Media], str] = {Image: "image", Audio: "audio", Video: "video", File: "file"}
_ANY = MediaRules(forms=("data", "url", "file_id"))
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}


class Fetch(Protocol):
    """Gets an address under host rules."""

    async def __call__(self, url: str, max_bytes: int | None) -> tuple[bytes, str]:
        """The bytes and their media type (empty where the server doesn't say). Raises `MediaError`."""
        ...


class Upload(Protocol):
    """Sends bytes ahead of the request."""

    async def __call__(self, part: M, rules: MediaRules) -> M:
        """The part with its `file_id` in place of its bytes. Raises what its sending raises."""
        ...


async def materialised(request: Any, provider: Provider, fetch: Fetch, upload: Upload | None = None) -> Any:
    """The request with all its media in a form that the provider takes; the same object where nothing is to be done.

    Raises `MediaError` for media that can't be read, or that the provider doesn't take.
    """
    if isinstance(request, ChatRequest):
        if not _any_has_media(request.messages):
            return request
        form = _Former(provider, fetch, upload)
        messages = [await form.message(message) for message in request.messages]
        return msgspec.structs.replace(request, messages=tuple(messages))
    form = _Former(provider, fetch, upload)
    if isinstance(request, EmbedRequest):
        if all(isinstance(item, str) for item in request.inputs):
            return request
        inputs = [item if isinstance(item, str) else await form.media(item) for item in request.inputs]
        return msgspec.structs.replace(request, inputs=tuple(inputs))
    if isinstance(request, TranscriptionRequest):
        return msgspec.structs.replace(request, audio=await form.media(request.audio))
    if isinstance(request, (ImageRequest, VideoRequest)) and request.images:
        images = [await form.media(item) for item in request.images]
        return msgspec.structs.replace(request, images=tuple(images))
    return request


def _any_has_media(messages: tuple[Message, ...]) -> bool:
    """Whether there is anything to do: asked with every call, hence loops and no generators."""
    for message in messages:
        for part in message.content:
            if type(part) is not Text and isinstance(part, (Media, ToolResult)):
                return True
    return False


class _Former:
    def __init__(self, provider: Provider, fetch: Fetch, upload: Upload | None) -> None:
        self._provider = provider
        self._fetch = fetch
        self._upload = upload

    async def message(self, message: Message) -> Message:
        if not _any_has_media((message,)):
            return message
        content = [await self._part(part) for part in message.content]
        return msgspec.structs.replace(message, content=tuple(content))

    async def _part(self, part: Any) -> Any:
        if isinstance(part, Media):
            return await self.media(part)
        if isinstance(part, ToolResult) and any(isinstance(item, Media) for item in part.content):
            return msgspec.structs.replace(part, content=tuple([await self._part(item) for item in part.content]))
        return part

    async def media(self, part: M) -> M:
        kind = _KINDS[type(part)]
        rules = self._provider.media.get(kind, _ANY)
        if part.file_id is not None:
            return part
        if part.url is not None and not part.url.startswith("data:"):
            scheme = part.url.partition(":")[0]
            if "url" in rules.forms and scheme in rules.url_schemes:
                return part
            # What a vendor takes as a file may be more than this process should load from an address: hence no limit
            # but the fetcher's own.
            most = rules.max_bytes if self._upload_of(rules) is None else None
            data, media_type = await self._fetch(part.url, most)
            return await self._formed(part, kind, rules, data, part.media_type or media_type)
        if part.url is not None:
            data, media_type = _from_data_url(part.url)
            return await self._formed(part, kind, rules, data, part.media_type or media_type)
        if part.path is not None:
            data = await asyncio.to_thread(_read, part.path, self._most_bytes(rules))
            return await self._formed(part, kind, rules, data, part.media_type or "")
        return await self._formed(part, kind, rules, part.data or b"", part.media_type or "")

    async def _formed(self, part: M, kind: str, rules: MediaRules, data: bytes, media_type: str) -> M:
        named = part.name or (Path(part.path).name if part.path else None)
        media_type = media_type.partition(";")[0].strip().lower() or guessed_type(data, named)
        upload = self._upload_of(rules)
        if "data" not in rules.forms and upload is None:
            self._refuse(f"takes a {kind} only as {' or '.join(rules.forms)}", "Upload it first and pass its file_id.")
        most = self._most_bytes(rules)
        if most is not None and len(data) > most:
            self._refuse(f"takes a {kind} of {most:,} bytes at most; this one has {len(data):,}", "")
        if rules.media_types and media_type and not _matches(media_type, rules.media_types):
            self._refuse(f"takes no {kind} of type {media_type}", f"It takes {', '.join(rules.media_types)}.")
        formed = msgspec.structs.replace(
            part, data=data, url=None, path=None, media_type=media_type or None, name=named
        )
        if upload is None or _fits(data, rules):
            return formed
        return await upload(formed, rules)

    def _upload_of(self, rules: MediaRules) -> Upload | None:
        return self._upload if "file_id" in rules.forms else None

    def _most_bytes(self, rules: MediaRules) -> int | None:
        """The most that can be sent, in the request or ahead of it."""
        return rules.max_bytes if self._upload_of(rules) is None else rules.max_file_bytes

    def _refuse(self, what: str, advice: str) -> None:
        raise MediaError(f"this provider {what}", provider=self._provider.name, advice=advice)


def guessed_type(data: bytes, name: str | None) -> str:
    """The media type that the first bytes or the file's name tell; empty where neither does."""
    for magic, media_type in _MAGIC:
        if data.startswith(magic):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] in _RIFF:
        return _RIFF[data[8:12]]
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] == b"avif" else "image/heic" if data[8:12] == b"heic" else "video/mp4"
    return (mimetypes.guess_type(name)[0] if name else None) or ""


def _matches(media_type: str, accepted: tuple[str, ...]) -> bool:
    main = media_type.partition("/")[0]
    return any(item in (media_type, f"{main}/*") for item in accepted)


def _fits(data: bytes, rules: MediaRules) -> bool:
    return "data" in rules.forms and (rules.max_bytes is None or len(data) <= rules.max_bytes)


def _from_data_url(url: str) -> tuple[bytes, str]:
    head, comma, body = url[len("data:") :].partition(",")
    if not comma:
        raise MediaError("a data: address needs a comma before its data")
    media_type = head.removesuffix(";base64")
    if not head.endswith(";base64"):
        return unquote_to_bytes(body), media_type
    try:
        return base64.b64decode(body, validate=True), media_type
    except binascii.Error as error:
        raise MediaError(f"a data: address holds no base64: {error}") from None


def _read(path: str, max_bytes: int | None) -> bytes:
    file = Path(path).expanduser()
    try:
        size = file.stat().st_size
        if max_bytes is not None and size > max_bytes:
            raise MediaError(f"{path} has {size:,} bytes; this provider takes {max_bytes:,} at most")
        return file.read_bytes()
    except OSError as error:
        raise MediaError(f"{path} can't be read: {error.strerror}", advice="Check the path.") from None
