"""Media in a request: as an address, as bytes in a `data:` URL, or as the id of an uploaded file."""

from __future__ import annotations

import base64
import mimetypes

from modelscan.errors import MediaError, UnsupportedError
from modelscan.types.content import Audio, File, Image, Media


def image_url(image: Image) -> str:
    """The address of a picture, or its bytes as one. Raises `MediaError` where it is neither, or not read yet."""
    if image.url is not None:
        return _address(image.url)
    return data_url(image, image.media_type or "", "image")


def data_url(media: Media, media_type: str, what: str) -> str:
    """The bytes as a `data:` URL. Raises `MediaError` for media that isn't bytes, or is of no known type."""
    data = bytes_of(media, what)
    if not media_type:
        raise MediaError(f"{_article(what)} of unknown type", advice="Give its media_type (image/png, ...).")
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def bytes_of(media: Media, what: str) -> bytes:
    """The bytes of media that must be sent so. Raises `MediaError` for a path, `UnsupportedError` for a reference."""
    if media.data is not None:
        return media.data
    if media.path is not None:
        raise MediaError(f"{media.path} isn't read yet: this format takes bytes, not paths")
    form = "file_id" if media.file_id is not None else "url"
    raise UnsupportedError(f"this format takes {_article(what)} as bytes, not by its {form}")


def audio_format(audio: Audio) -> str:
    """The word for the sound's format: `wav`, `mp3`, or what its media type says."""
    kind = (audio.media_type or "").partition(";")[0].strip().lower().removeprefix("audio/").removeprefix("x-")
    if not kind:
        raise MediaError("sound of unknown type", advice="Give its media_type (audio/wav, audio/mpeg, ...).")
    return {"mpeg": "mp3", "wave": "wav", "vnd.wave": "wav"}.get(kind, kind)


def file_name(file: File) -> str:
    """The document's name, or one that its type gives it: the vendor tells types by names."""
    return file.name or "document" + (mimetypes.guess_extension(file.media_type or "") or "")


def file_type(file: File) -> str:
    """The document's media type, by its name where it isn't given."""
    return file.media_type or mimetypes.guess_type(file.name or "")[0] or "application/octet-stream"


def _address(url: str) -> str:
    if url.startswith(("https://", "http://", "data:")):
        return url
    raise UnsupportedError(
        f"this vendor fetches no address like {url[:100]}", advice="Send the bytes, or an https URL."
    )


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
