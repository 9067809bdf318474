"""Files that a request names: uploaded by one request of the Files API, a beta, and kept until somebody deletes them.

Source: platform.claude.com, API reference of `POST /v1/files` and the guide to files, read 2026-11.
"""

from __future__ import annotations

import attrs

from modelscan.contracts.http import HttpRequest, HttpResponse, Multipart, Target
from modelscan.types.content import Media
from modelscan.wire.anthropic.encode import FILES_BETA
from modelscan.wire.anthropic.operations import VERSION
from modelscan.wire.files import file_field, named_by_id


@attrs.frozen
class FileUpload:
    """Uploads a part's bytes. After a lost answer nothing is sent again: the first file may be there, and it stays."""

    def encode(self, request: Media, target: Target) -> HttpRequest:
        """The form with the file."""
        return HttpRequest(
            url=f"{target.base_url}/v1/files",
            headers=(("anthropic-version", VERSION), ("anthropic-beta", FILES_BETA)),
            body=Multipart((file_field(request),)),
        )

    def decode(self, response: HttpResponse, request: Media, target: Target) -> Media:
        """The part with the file's id. Raises `DecodeError` for an answer that names no file."""
        return named_by_id(request, response)
