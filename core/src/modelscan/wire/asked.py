"""What every server's side does with a request before and after it reads the words of its format."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from modelscan.contracts.http import HttpRequest
from modelscan.errors import BadRequestError
from modelscan.wire.unreadable import UNREADABLE

R = TypeVar("R", bound=msgspec.Struct)

_AS_THEY_ARE: Final = (bytes, Decimal)


def json_object(request: HttpRequest, code: str = "") -> dict[str, Any]:
    """The JSON object in a request's body. Raises `BadRequestError`, with the vendor's `code`, for anything else."""
    try:
        return msgspec.json.decode(request.body if isinstance(request.body, bytes) else b"", type=dict[str, Any])
    except UNREADABLE as error:
        raise BadRequestError(f"the body is no JSON object: {error}", status=400, code=code) from error


def checked(request: R, code: str = "") -> R:
    """The request again, where every value in it is of the type that it declares. Raises `BadRequestError`."""
    try:
        plain = msgspec.to_builtins(request, builtin_types=_AS_THEY_ARE)
        return msgspec.convert(plain, type(request), builtin_types=_AS_THEY_ARE)
    except (*UNREADABLE, OverflowError) as error:
        raise BadRequestError(f"the body is no request of this API: {error}", status=400, code=code) from error
