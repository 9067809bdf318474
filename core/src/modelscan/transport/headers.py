"""The headers that really go out, the same whichever transport sends them."""

from __future__ import annotations

from typing import Final

import msgspec

from modelscan.contracts.http import Headers, HttpRequest
from modelscan.contracts.transport import TransportOptions
from modelscan.errors import InvalidRequestError
from modelscan.transport.bodies import OpenedBody, open_body
from modelscan.transport.defaults import ACCEPT_ENCODING

_SUBPROTOCOL: Final = "sec-websocket-protocol"
_SCHEMES: Final = frozenset({"http", "https", "ws", "wss"})
_DECIDED_HERE: Final = frozenset({"content-length", "transfer-encoding", "connection"})
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


def wire_headers(request: HttpRequest, body: OpenedBody, options: TransportOptions, host: str) -> list[tuple[str, str]]:
    """The request's headers in order, with what HTTP needs and the request doesn't name.

    Added where absent: `host`, `user-agent` (the options'), `accept-encoding` (what can be undone), a file's content
    type. A form's content type replaces the request's, since only the body knows its boundary. `content-length` is
    always the body's. Raises `InvalidRequestError` for a value that HTTP can't carry.
    """
    _check(request.headers)
    given = {name.lower() for name, _ in request.headers}
    dropped = _DECIDED_HERE
    own = [
        (name, value) for name, value in body.headers if name not in given or value.startswith("multipart/form-data")
    ]
    if own:
        dropped = dropped | {name for name, _ in own}
    headers: list[tuple[str, str]] = [] if "host" in given else [("host", host)]
    headers += [pair for pair in request.headers if pair[0].lower() not in dropped]
    headers += own
    if "user-agent" not in given:
        headers.append(("user-agent", options.user_agent))
    if "accept-encoding" not in given:
        headers.append(("accept-encoding", ACCEPT_ENCODING))
    if body.length or request.method not in _WITHOUT_BODY:
        headers.append(("content-length", str(body.length)))
    return headers


def _check(headers: Headers) -> None:
    """Refuse what no header may hold, here, since the libraries' own errors would show the value: it may be a key."""
    for name, value in headers:
        if not (name.isascii() and name.isprintable() and value.isascii() and value.replace("\t", " ").isprintable()):
            what = "a line break or another character that HTTP doesn't allow"
        elif value != value.strip():
            what = "a space at its beginning or its end"
        else:
            continue
        raise InvalidRequestError(
            f"the header {name!r} holds {what}",
            advice="Check the key or setting it comes from: a stray newline or space is easily copied along.",
        )


def check_url(scheme: str, host: str, *, has_userinfo: bool) -> None:
    """Refuse a URL that no transport sends to. Raises `InvalidRequestError`, which doesn't show the URL."""
    if scheme not in _SCHEMES or not host:
        raise InvalidRequestError(
            "the request's URL has no host, or doesn't begin with http:// or https://", advice="Check the base URL."
        )
    if has_userinfo:
        raise InvalidRequestError(
            f"the URL for {host} holds a user name or a password", advice="Give the credential to the account instead."
        )


def socket_headers(
    request: HttpRequest, options: TransportOptions, host: str
) -> tuple[list[str], list[tuple[str, str]]]:
    """A websocket request's subprotocols and its other headers: libraries take the two apart."""
    bare = msgspec.structs.replace(request, method="GET", body=None)
    headers = wire_headers(bare, open_body(None), options, host)
    named = [part.strip() for name, value in headers if name.lower() == _SUBPROTOCOL for part in value.split(",")]
    return named, [pair for pair in headers if pair[0].lower() not in (_SUBPROTOCOL, "accept-encoding")]


def head_headers(raw: list[tuple[bytes, bytes]] | tuple[tuple[bytes, bytes], ...]) -> Headers:
    """A response's headers as `ResponseHead` holds them: names in lower case, in order, repeated ones kept apart."""
    return tuple((name.lower().decode("ascii", "replace"), value.decode("latin-1")) for name, value in raw)
