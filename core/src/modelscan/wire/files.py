"""Uploads by one request: a form with the file in it, and an answer that names the file by `id`."""

from __future__ import annotations

import mimetypes

import msgspec

from modelscan.contracts.http import Field, HttpResponse
from modelscan.errors import DecodeError
from modelscan.types.content import Media
from modelscan.wire.unreadable import UNREADABLE


class _File(msgspec.Struct):
    id: str


def file_field(part: Media) -> Field:
    """The form's field `file` with a part's bytes. Vendors tell types by names, so that one without gets a name."""
    media_type = part.media_type or "application/octet-stream"
    name = part.name or "upload" + (mimetypes.guess_extension(part.media_type or "") or "")
    return Field("file", part.data or b"", filename=name, media_type=media_type)


def named_by_id(part: Media, response: HttpResponse) -> Media:
    """The part with the file's id in place of its bytes. Raises `DecodeError` for an answer that names no file."""
    try:
        file = msgspec.json.decode(response.body, type=_File)
    except UNREADABLE as error:
        raise DecodeError(f"the answer names no file: {error}") from error
    return msgspec.structs.replace(part, data=None, file_id=file.id)
