"""HTTP as a codec sees it: described, never carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

import msgspec

Headers = tuple[tuple[str, str], ...]
"""Names and values in order; names compare without case."""

Repeat = Literal["safe", "keyed", "unsafe"]


class FileRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file the core reads (as a request's body) or has written (a reply's body that went to a sink)."""

    path: str
    media_type: str = "application/octet-stream"
    size: int | None = None


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a multipart form: text, bytes or a file; with a file name it is sent as a file."""

    name: str
    value: str | bytes | FileRef
    filename: str | None = None
    media_type: str | None = None


class Multipart(msgspec.Struct, frozen=True):
    """A `multipart/form-data` body. The core chooses the boundary, and can send it again."""

    fields: tuple[Field, ...]


Body = bytes | FileRef | Multipart | None


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to be sent.

    `auth` names the scheme of the connection that signs it; None means that the URL carries its own right (presigned).
    The core signs only for hosts that the connection declares, so a URL in a reply can't steal a key.
    `repeat` says whether an attempt that may have arrived may be sent again: `safe` always, `keyed` with an idempotency
    key, `unsafe` never. `sink` sends the reply's body to a file.
    """

    method: str = "POST"
    url: str
    headers: Headers = ()
    body: Body = None
    auth: str | None = "default"
    repeat: Repeat = "unsafe"
    sink: bool = False

    def __repr__(self) -> str:
        # Once signed, its headers and perhaps its query hold the credential.
        return f"HttpRequest({self.method} {self.url.partition('?')[0]}, {len(self.headers)} headers)"


class ResponseHead(msgspec.Struct, frozen=True):
    """What arrives first: the status and the headers (names in lower case)."""

    status: int
    headers: Headers = ()

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header, by its lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return default

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()


class HttpResponse(msgspec.Struct, frozen=True):
    """A whole reply. `file` is set instead of `body` where the request asked for a sink."""

    head: ResponseHead
    body: bytes = b""
    file: FileRef | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.head.status

    def header(self, name: str, default: str = "") -> str:
        """The first value of a header, by its lower-case name."""
        return self.head.header(name, default)


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of a stream, as its framing cut it out: an event's data, a line, a binary message, some audio."""

    data: bytes
    event: str = ""
    id: str = ""
    headers: Headers = ()


@runtime_checkable
class Framing(Protocol):
    """Cuts a stream of bytes into frames; any split of the bytes gives the same frames."""

    def feed(self, data: bytes) -> Sequence[Frame]:
        """The frames that these bytes complete. Raises `DecodeError` for bytes that break the format or a size cap."""
        ...

    def finish(self) -> Sequence[Frame]:
        """What is left when the stream ends. Raises `StreamCutError` where the format has an end that didn't come."""
        ...


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call goes; it never holds a secret.

    `base_urls` are the connection's (`default`, and others such as `queue` or `upload`), without a slash at the end;
    `account` is the account's name; `params` are the connection's declared parameters (account id, region, ...).
    `idempotency_key` names one flow at the vendor's, or the caller's own call; a `keyed` request carries it.
    """

    base_urls: Mapping[str, str]
    model: str
    account: str = "default"
    params: Mapping[str, str] = {}
    idempotency_key: str = ""

    @property
    def base_url(self) -> str:
        """The default base URL."""
        return self.base_urls["default"]


class Webhook(msgspec.Struct, frozen=True):
    """A call from the vendor that has been verified."""

    headers: Headers
    body: bytes
    received_at: datetime
