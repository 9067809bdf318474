"""Files that a request names: uploaded by one request, and gone by themselves some time later.

Source: developers.openai.com, API reference of `POST /files`, and the official OpenAPI document 2.3.0, read 2026-11.
"""

from __future__ import annotations

from typing import Final

from modelscan.contracts.http import Field, HttpRequest, HttpResponse, Multipart, Target
from modelscan.types.content import Media
from modelscan.wire.files import file_field, named_by_id
from modelscan_provider_openai.account import account_headers

LIFETIME_S: Final = 48 * 3600
"""Without a time of its own a file stays, and counts as the account's storage, until somebody deletes it."""


class FileUpload:
    """Uploads a part's bytes as `user_data`; a second copy, after an answer that was lost, goes by itself too."""

    __slots__ = ()

    def encode(self, request: Media, target: Target) -> HttpRequest:
        """The form with the file."""
        fields = (
            Field("purpose", "user_data"),
            Field("expires_after[anchor]", "created_at"),
            Field("expires_after[seconds]", str(LIFETIME_S)),
            file_field(request),
        )
        return HttpRequest(
            url=f"{target.base_url}/files", headers=account_headers(target), body=Multipart(fields), repeat="safe"
        )

    def decode(self, response: HttpResponse, request: Media, target: Target) -> Media:
        """The part with the file's id. Raises `DecodeError` for an answer that names no file."""
        return named_by_id(request, response)
