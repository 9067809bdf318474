"""The list of models that a key may use."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target
from modelscan.errors import DecodeError
from modelscan.wire.unreadable import UNREADABLE


class _Model(msgspec.Struct):
    id: str | None = None


class _Page(msgspec.Struct):
    data: list[_Model]


@attrs.frozen(kw_only=True)
class Models:
    """The names of the models, by GET /models; some servers answer with a bare list."""

    path: str = "/models"

    def headers(self, target: Target) -> Headers:
        """Every header but the credential's."""
        return ()

    def encode(self, request: None, target: Target) -> HttpRequest:
        """The request."""
        return HttpRequest(method="GET", url=target.base_url + self.path, headers=self.headers(target), repeat="safe")

    def decode(self, response: HttpResponse, request: None, target: Target) -> tuple[str, ...]:
        """The names, in the server's order. Raises `DecodeError` for a body without a list."""
        try:
            body: Any = msgspec.json.decode(response.body, type=_Page | list[_Model])
        except UNREADABLE as error:
            raise DecodeError(f"the body is no list of models: {error}") from error
        models: list[_Model] = body if isinstance(body, list) else body.data
        return tuple([model.id for model in models if model.id])
